import Foundation
import Kubernetes
import Testing

/// Pods that a test creates together, so that they run side by side.
struct PodBatch: Sendable {
    let kubectl: Kubectl
    let name: String
    let podNames: [String]

    /// Creates the pods at once.
    init(_ kubectl: Kubectl, _ manifests: [PodManifest]) throws {
        self.kubectl = kubectl
        let batch = "batch-\(UInt32.random(in: 0...UInt32.max))"
        name = batch
        podNames = manifests.map(\.name)
        let list: JSONValue = ["apiVersion": "v1", "kind": "List", "items": .array(manifests.map { $0.json(batch: batch) })]
        try kubectl.create(String(decoding: try JSONEncoder().encode(list), as: UTF8.self))
    }

    /// Creates the pods and waits for their ends.
    static func ended(_ kubectl: Kubectl, _ manifests: [PodManifest], seconds: Double = 120) async throws -> EndedPods {
        try await PodBatch(kubectl, manifests).end(seconds: seconds)
    }

    /// The pods by name, as they are now.
    func pods() throws -> [String: Pod] {
        Dictionary(try kubectl.pods("batch=\(name)").map { ($0.metadata.name, $0) }, uniquingKeysWith: { $1 })
    }

    /// Waits until each pod satisfies the condition.
    @discardableResult
    func wait(_ what: String, seconds: Double = 120, until condition: (Pod) throws -> Bool) async throws -> [String: Pod] {
        var last: [String: Pod] = [:]
        do {
            try await kubectl.eventually("every pod of the batch \(what)", seconds: seconds) {
                last = try pods()
                return try podNames.allSatisfy { try last[$0].map(condition) ?? false }
            }
        } catch let timeout as TimedOut {
            let late = try podNames.filter { try !(last[$0].map(condition) ?? false) }.map { name in
                "\(name): \(last[name].map { "\($0.status.phase?.rawValue ?? "") \($0.status.reason ?? "") \($0.waitingText)" } ?? "missing")"
            }
            throw TimedOut(what: "\(timeout.what); late are \(late.joined(separator: "; "))", seconds: timeout.seconds)
        }
        return last
    }

    /// Waits for the end of every pod and reads what they wrote.
    func end(seconds: Double = 120) async throws -> EndedPods {
        let pods = try await wait("has ended", seconds: seconds) { [.succeeded, .failed].contains($0.status.phase) }
        return EndedPods(pods: pods, logs: try logs())
    }

    /// Lines that the containers wrote, by `POD/CONTAINER`.
    ///
    /// One command for all pods; the API server refuses it where one container has not run, then each is asked for on its own.
    func logs() throws -> [String: [String]] {
        let options = ["--tail=-1", "--prefix"]
        let all = try kubectl.run(["logs", "-l", "batch=\(name)", "--all-containers"] + options)
        if all.status == 0 { return Self.lines(all.output) }
        var logs: [String: [String]] = [:]
        for (name, pod) in try pods() {
            let containers = pod.status.initContainerStatuses + pod.status.containerStatuses
            for container in containers where container.state.waiting == nil || container.restartCount > 0 {
                let one = try kubectl.run(["logs", name, "-c", container.name] + options)
                if one.status == 0 { logs.merge(Self.lines(one.output)) { $1 } }
            }
        }
        return logs
    }

    private static func lines(_ text: String) -> [String: [String]] {
        var logs: [String: [String]] = [:]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) where line.hasPrefix("[pod/") {
            guard let end = line.firstIndex(of: "]") else { continue }
            let key = line[line.index(line.startIndex, offsetBy: 5)..<end]
            logs[String(key), default: []].append(String(line[end...].dropFirst(2)))
        }
        return logs
    }

    /// Deletes the pods without waiting for their ends.
    func delete() throws {
        try kubectl.must("delete", "pods", "-l", "batch=\(name)", "--wait=false", "--grace-period=1")
    }
}

/// Pods that have ended, and their logs.
struct EndedPods: Sendable {
    var pods: [String: Pod]
    var logs: [String: [String]]

    func pod(_ name: String) throws -> Pod { try #require(pods[name]) }

    /// Lines of one container.
    func lines(_ pod: String, _ container: String = "main") -> [String] { logs["\(pod)/\(container)"] ?? [] }

    func text(_ pod: String, _ container: String = "main") -> String { lines(pod, container).joined(separator: "\n") }

    /// Records an issue for each pod that did not succeed, with its log.
    func expectSuccess(sourceLocation: SourceLocation = #_sourceLocation) {
        for (name, pod) in pods.sorted(by: { $0.key < $1.key }) {
            #expect(
                pod.status.phase == .succeeded,
                "\(name) \(pod.status.reason ?? "") \(pod.status.message ?? "") \(pod.endText)\n\(text(name))",
                sourceLocation: sourceLocation)
        }
    }
}

extension Pod {
    func container(_ name: String = "main") -> ContainerStatus? {
        (status.containerStatuses + status.initContainerStatuses).first { $0.name == name }
    }

    /// How a container ended.
    func end(_ name: String = "main") -> ContainerStateTerminated? { container(name)?.state.terminated }

    /// Why the containers wait, for messages.
    var waitingText: String {
        (status.initContainerStatuses + status.containerStatuses).compactMap { container in
            container.state.waiting.map { "\(container.name) waits: \($0.reason ?? "") \($0.message ?? "")" }
        }.joined(separator: ", ")
    }

    var endText: String {
        (status.initContainerStatuses + status.containerStatuses).compactMap { container in
            container.state.terminated.map { "\(container.name) ended: \($0.exitCode) \($0.reason ?? "") \($0.message ?? "")" }
        }.joined(separator: ", ")
    }

    func isWaiting(_ reason: String, _ name: String = "main") -> Bool { container(name)?.state.waiting?.reason == reason }
}
