import Foundation
import Kubernetes

/// The newest state of all pods of a namespace, asked for by one kubectl at a time however many conditions are waited for.
actor PodBoard {
    private let kubectl: Kubectl
    private var pods: [String: Pod] = [:]
    private var look: Task<Void, Never>?

    init(_ kubectl: Kubectl) {
        self.kubectl = kubectl
    }

    /// Waits until a pod satisfies a condition, and gives it.
    @discardableResult
    func pod(_ name: String, _ what: String, seconds: Double = 60, until condition: (Pod) -> Bool) async throws -> Pod {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            await refresh()
            if let pod = pods[name], condition(pod) { return pod }
            guard ContinuousClock.now < deadline else {
                throw TimedOut(
                    what: "pod \(name): \(what); it is \(pods[name].map { Self.summary(of: $0) } ?? "unknown")", seconds: seconds)
            }
        }
    }

    func running(_ name: String, seconds: Double = 60) async throws -> Pod {
        try await pod(name, "running", seconds: seconds) { $0.status.containerStatuses.first?.state.running != nil }
    }

    func ended(_ name: String, seconds: Double = 60) async throws -> Pod {
        try await pod(name, "succeeded or failed", seconds: seconds) { [.succeeded, .failed].contains($0.status.phase) }
    }

    /// Waits until every pod that is there satisfies a condition, and there are that many.
    @discardableResult
    func all(_ count: Int, _ what: String, seconds: Double, until condition: (Pod) -> Bool) async throws -> [Pod] {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            await refresh()
            if pods.count == count, pods.values.allSatisfy(condition) { return Array(pods.values) }
            guard ContinuousClock.now < deadline else {
                let others = pods.values.filter { !condition($0) }.map { "\($0.metadata.name) is \(Self.summary(of: $0))" }
                throw TimedOut(
                    what: "\(count) pods \(what); \(pods.count) are there, of which \(others.sorted().prefix(5))", seconds: seconds)
            }
        }
    }

    /// Waits until one of the pods satisfies a condition.
    func any(_ what: String, seconds: Double, until condition: (Pod) -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            await refresh()
            if pods.values.contains(where: condition) { return }
            guard ContinuousClock.now < deadline else { throw TimedOut(what: "one of \(pods.count) pods \(what)", seconds: seconds) }
        }
    }

    func gone(_ name: String, seconds: Double = 30) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            await refresh()
            if pods[name] == nil { return }
            guard ContinuousClock.now < deadline else {
                throw TimedOut(what: "pod \(name) is gone; it is \(pods[name].map { Self.summary(of: $0) } ?? "gone")", seconds: seconds)
            }
        }
    }

    /// What a pod's status says, in a line.
    static func summary(of pod: Pod) -> String {
        let states = (pod.status.initContainerStatuses + pod.status.containerStatuses).map { status in
            if let waiting = status.state.waiting {
                "\(status.name) waiting \(waiting.reason ?? "") \(waiting.message ?? "")"
            } else if let end = status.state.terminated {
                "\(status.name) terminated \(end.exitCode) \(end.reason ?? "") \(end.message ?? "")"
            } else {
                "\(status.name) running"
            }
        }
        return "\(pod.status.phase?.rawValue ?? "") \(pod.status.reason ?? "") \(pod.status.message ?? "") \(states) "
            + "\(pod.metadata.annotations.filter { $0.key.hasPrefix("slurm.hpk.io/") })"
    }

    /// Joins the look under way, or begins one after a short pause.
    private func refresh() async {
        let task = look ?? Task { await self.lookNow() }
        look = task
        await task.value
    }

    private func lookNow() async {
        try? await Task.sleep(for: .milliseconds(250))
        // While the API server is down, what was known last stands.
        if let found = try? kubectl.pods() { pods = Dictionary(found.map { ($0.metadata.name, $0) }, uniquingKeysWith: { $1 }) }
        // Here, not where the result is awaited: who asks from now on wants a newer look.
        look = nil
    }
}

/// A Kubernetes event, as much of it as tests look at.
struct SeenEvent: Sendable, Decodable {
    struct Object: Decodable { var name: String }
    var reason: String
    var message: String
    var pod: String

    private enum Key: CodingKey { case reason, message, involvedObject }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        reason = try container.decodeIfPresent(String.self, forKey: .reason) ?? ""
        message = try container.decodeIfPresent(String.self, forKey: .message) ?? ""
        pod = try container.decode(Object.self, forKey: .involvedObject).name
    }
}

extension Kubectl {
    func events() throws -> [SeenEvent] {
        struct EventList: Decodable { var items: [SeenEvent] }
        return try JSONDecoder().decode(EventList.self, from: Data(must("get", "events", "-o", "json").utf8)).items
    }
}

extension Pod {
    /// The id of the pod's Slurm job.
    var jobID: String? { metadata.annotations["slurm.hpk.io/job-id"] }
    var jobState: String? { metadata.annotations["slurm.hpk.io/job-state"] }
    var pendingReason: String? { metadata.annotations["slurm.hpk.io/pending-reason"] }
    var mainState: ContainerState? { status.containerStatuses.first?.state }
}
