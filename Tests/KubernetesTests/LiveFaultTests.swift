import Foundation
import Testing

@testable import Kubernetes

/// These stop components that others may be using, so they ask for a cluster of their own: `HPK_CLUSTER_FAULTS=1`.
@Suite(
    "the real API server in trouble", .tags(.cluster),
    .enabled(if: LiveCluster.isThere && ProcessInfo.processInfo.environment["HPK_CLUSTER_FAULTS"] == "1"), .serialized,
    .timeLimit(.minutes(5)))
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

    @Test("a reflector outlives kill -9 of the API server, loses no change and tells none twice")
    func restart() async throws {
        let client = try LiveCluster.client()
        let namespace = "default"
        let prefix = "fault-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let reflector = Reflector<ConfigMap>(client: client, Selection(namespace: namespace, labels: "run=\(prefix)"))
        let task = Task { await reflector.run() }
        defer { task.cancel() }
        var events = reflector.events.makeAsyncIterator()
        #expect(await events.next()?.text == "synced")
        for round in 0..<3 {
            let names = (0..<5).map { "\(prefix)-\(round)-\($0)" }
            try await component("kill", "kube-apiserver")
            guard case .failed = await events.next() else {
                Issue.record("the broken connection was not noticed")
                return
            }
            try await component("start", "kube-apiserver")
            for name in names {
                try await client.create(ConfigMap(metadata: ObjectMeta(name: name, namespace: namespace, labels: ["run": prefix])))
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
        for snapshot in reflector.store.all {
            try await client.delete(ConfigMap.self, snapshot.value.metadata.name, namespace: namespace)
        }
    }

    @Test("a page's token that was compacted away is 410, and so is its status")
    func compaction() async throws {
        let client = try LiveCluster.client()
        let names = (0..<3).map { "page-\($0)-\(String(UInt64.random(in: .min ... .max), radix: 36))" }
        for name in names { try await client.create(ConfigMap(metadata: ObjectMeta(name: name, namespace: "default"))) }
        let path = ConfigMap.descriptor.path(namespace: "default")
        let page = try await client.send(APIRequest("GET", path, query: [("limit", "1")]))
        let token = try #require(try JSONDecoder().decode(JSONValue.self, from: page.body)["metadata"]?["continue"]?.string)
        try await client.patch(ConfigMap.self, names[0], namespace: "default", .labels(["a": "b"]))
        let status = try JSONDecoder().decode(JSONValue.self, from: Data(try await run("etcdctl", "endpoint", "status", "-w", "json").utf8))
        guard case .int(let revision) = status.array?.first?["Status"]?["header"]?["revision"] else {
            Issue.record("no revision")
            return
        }
        _ = try await run("etcdctl", "compact", "\(revision)")
        let error = await #expect(throws: KubernetesError.self) {
            try await client.send(APIRequest("GET", path, query: [("limit", "1"), ("continue", token)]))
        }
        #expect(error?.isGone == true)
        #expect(error?.reason == "Expired")
        for name in names { try await client.delete(ConfigMap.self, name, namespace: "default") }
    }
}
