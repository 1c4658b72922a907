import Foundation
import Testing

@testable import Kubernetes

/// These stop components of the cluster and start them again. `make test-live` runs the suite alone, so that no other test meets an outage.
@Suite("the real API server in trouble", .tags(.cluster), .enabled(if: LiveCluster.isThere), .serialized, .timeLimit(.minutes(5)))
struct LiveFaultTests {
    private func run(_ command: String, _ arguments: String...) async throws -> String {
        let environment = try #require(LiveCluster.environment).filter { $0.key.hasPrefix("ETCDCTL_") }
        let result = try await ChildProcess.run(command, arguments, environment: environment, timeout: .seconds(90))
        try #require(result.status == 0, "\(command) \(arguments): \(String(decoding: result.errorOutput, as: UTF8.self))")
        return String(decoding: result.output, as: UTF8.self)
    }

    private func component(_ action: String, _ name: String) async throws {
        _ = try await run(try #require(LiveCluster.environment?["HPK_COMPONENT"]), action, name)
    }

    /// Kills the API server, and starts it again whatever the body says meanwhile.
    private func withoutServer(_ body: () async throws -> Void) async throws {
        try await component("kill", "kube-apiserver")
        do { try await body() } catch {
            try await component("start", "kube-apiserver")
            throw error
        }
        try await component("start", "kube-apiserver")
    }

    @Test("a reflector outlives kill -9 of the API server, loses no change and tells none twice")
    func restart() async throws {
        try await LiveCluster.withNamespace { client, namespace in
            let reflector = Reflector<ConfigMap>(client: client, Selection(namespace: namespace, labels: "run=fault"))
            let task = Task { await reflector.run() }
            defer { task.cancel() }
            var events = reflector.events.makeAsyncIterator()
            #expect(await events.next()?.text == "synced")
            for round in 0..<2 {
                let names = (0..<5).map { "fault-\(round)-\($0)" }
                try await withoutServer {
                    guard case .failed = await events.next() else { throw NotNoticed() }
                }
                for name in names {
                    try await client.create(ConfigMap(metadata: ObjectMeta(name: name, namespace: namespace, labels: ["run": "fault"])))
                }
                var added: [String] = []
                while added.count < names.count, let event = await events.next() {
                    switch event {
                    case .added(let snapshot): added.append(snapshot.value.metadata.name)
                    case .synced, .failed: break
                    case .modified, .deleted, .undecodable: Issue.record("told \(event.text)")
                    }
                }
                #expect(added.sorted() == names)
            }
        }
    }

    private struct NotNoticed: Error, CustomStringConvertible {
        var description: String { "the broken connection was not noticed" }
    }

    @Test("a page's token that was compacted away is 410, and so is its status")
    func compaction() async throws {
        let etcdctl = "\(try #require(LiveCluster.environment?["HPK_PROGRAMS"]))/etcdctl"
        try await LiveCluster.withNamespace { client, namespace in
            for number in 0..<3 { try await client.create(ConfigMap(metadata: ObjectMeta(name: "page-\(number)", namespace: namespace))) }
            let path = ConfigMap.descriptor.path(namespace: namespace)
            let page = try await client.send(APIRequest("GET", path, query: [("limit", "1")]))
            let token = try #require(try JSONDecoder().decode(JSONValue.self, from: page.body)["metadata"]?["continue"]?.string)
            try await client.patch(ConfigMap.self, "page-0", namespace: namespace, .labels(["a": "b"]))
            let status = try JSONDecoder().decode(
                JSONValue.self, from: Data(try await run(etcdctl, "endpoint", "status", "-w", "json").utf8))
            guard case .int(let revision) = status.array?.first?["Status"]?["header"]?["revision"] else {
                Issue.record("no revision")
                return
            }
            _ = try await run(etcdctl, "compact", "\(revision)")
            let error = await #expect(throws: KubernetesError.self) {
                try await client.send(APIRequest("GET", path, query: [("limit", "1"), ("continue", token)]))
            }
            #expect(error?.isGone == true)
            #expect(error?.reason == "Expired")
        }
    }
}
