import Foundation
import Kubernetes

/// Points in a pod's life that a watcher of the API sees.
public enum PodMilestone: Int, Sendable, CaseIterable {
    /// It has a node.
    case bound
    /// A container's state is running.
    case running
    /// Its phase is Succeeded or Failed.
    case ended
    /// The object is gone.
    case gone
}

/// When a watcher saw what of a pod.
public struct PodSightings: Sendable, Equatable {
    /// The pod's UID.
    public var uid = ""
    /// Its phase is Succeeded.
    public var hasSucceeded = false
    /// What its status last said of a container or pod that failed.
    public var message = ""
    /// First sight of each milestone, nanoseconds since the Unix epoch.
    public var times: [PodMilestone: Int64] = [:]

    /// Takes in an object; gives the milestones that are new.
    mutating func see(_ pod: Pod, isGone: Bool, at time: Int64) -> [PodMilestone] {
        uid = pod.metadata.uid
        hasSucceeded = hasSucceeded || pod.status.phase == .succeeded
        if pod.status.phase == .failed {
            let end = pod.status.containerStatuses.first?.state.terminated
            message = [pod.status.reason, pod.status.message, end?.reason, end?.message].compactMap(\.self).joined(separator: " ")
        }
        var reached: [PodMilestone] = []
        if !pod.spec.nodeName.isEmpty { reached.append(.bound) }
        if pod.status.containerStatuses.contains(where: { $0.state.running != nil }) { reached.append(.running) }
        if pod.status.phase == .succeeded || pod.status.phase == .failed { reached.append(.ended) }
        if isGone { reached.append(.gone) }
        let new = reached.filter { times[$0] == nil }
        for milestone in new { times[milestone] = time }
        return new
    }
}

/// Watches the pods of one namespace and remembers when it saw what.
public actor PodWatch {
    /// A wait that took too long, or a watch that broke.
    public struct Failure: Error, CustomStringConvertible {
        /// For people.
        public let description: String
    }

    private struct Waiter {
        var milestone: PodMilestone
        var prefix: String
        var missing: Int
        var continuation: CheckedContinuation<Void, any Error>
    }

    private var sightings: [String: PodSightings] = [:]
    private var waiters: [Int: Waiter] = [:]
    private var lastWaiter = 0
    private var broken: Failure?

    /// Watches while the body runs.
    public static func watching<T: Sendable>(
        _ namespace: String, client: KubernetesClient, _ body: @Sendable (PodWatch) async throws -> T
    ) async throws -> T {
        let watch = PodWatch()
        let version = try await client.list(Pod.self, Selection(namespace: namespace)).resourceVersion
        let reading = Task { await watch.read(client, namespace, from: version) }
        defer { reading.cancel() }
        return try await body(watch)
    }

    /// What was seen of the pods whose names begin so.
    public func seen(_ prefix: String) -> [String: PodSightings] { sightings.filter { $0.key.hasPrefix(prefix) } }

    /// What was seen of a pod.
    public func seen(pod: String) -> PodSightings? { sightings[pod] }

    /// Waits until so many pods whose names begin with `prefix` have reached a milestone.
    ///
    /// - Throws: `Failure` after `seconds`, or when the watch broke.
    public func wait(_ milestone: PodMilestone, prefix: String, count: Int, seconds: Double) async throws {
        let present = sightings.count { $0.key.hasPrefix(prefix) && $0.value.times[milestone] != nil }
        guard present < count else { return }
        if let broken { throw broken }
        lastWaiter += 1
        let id = lastWaiter
        let timeout = Task {
            try await Task.sleep(for: .seconds(seconds))
            self.fail(id, "\(count) pods \(prefix)… were not \(milestone) within \(Int(seconds)) s")
        }
        defer { timeout.cancel() }
        try await withCheckedThrowingContinuation {
            waiters[id] = Waiter(milestone: milestone, prefix: prefix, missing: count - present, continuation: $0)
        }
    }

    private func fail(_ id: Int, _ text: String) {
        guard let waiter = waiters.removeValue(forKey: id) else { return }
        let missing = sightings.filter { $0.key.hasPrefix(waiter.prefix) && $0.value.times[waiter.milestone] == nil }.keys.sorted()
        waiter.continuation.resume(throwing: Failure(description: "\(text); missing of those seen: \(missing.prefix(5))"))
    }

    private func read(_ client: KubernetesClient, _ namespace: String, from version: String) async {
        do {
            let events = try await client.watch(Pod.self, Selection(namespace: namespace), from: version, timeout: .seconds(3000))
            for try await event in events {
                let time = WallClock.now
                switch event {
                case .added(let pod), .modified(let pod): take(pod.value, isGone: false, at: time)
                case .deleted(let pod): take(pod.value, isGone: true, at: time)
                case .bookmark: break
                case .error(let status): return breakOff("the watch ended: \(status.message ?? "")")
                case .undecodable(let object, _): return breakOff("\(object)")
                }
            }
            breakOff("the server ended the watch")
        } catch is CancellationError {
            breakOff("the watch was cancelled")
        } catch {
            breakOff("\(error)")
        }
    }

    private func take(_ pod: Pod, isGone: Bool, at time: Int64) {
        let name = pod.metadata.name
        for milestone in sightings[name, default: PodSightings()].see(pod, isGone: isGone, at: time) {
            for (id, waiter) in waiters where waiter.milestone == milestone && name.hasPrefix(waiter.prefix) {
                waiters[id]?.missing -= 1
                if waiter.missing <= 1 { waiters.removeValue(forKey: id)?.continuation.resume() }
            }
        }
    }

    private func breakOff(_ text: String) {
        let failure = Failure(description: text)
        broken = failure
        for waiter in waiters.values { waiter.continuation.resume(throwing: failure) }
        waiters = [:]
    }
}
