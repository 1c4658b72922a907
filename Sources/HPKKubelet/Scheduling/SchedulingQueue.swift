import DequeModule
import Kubernetes

/// The pods that wait for a node, and what is next: a value without effects, so that every order of events can be tried.
///
/// A pod is in one of four states: ready to be tried, being tried, waiting for a change of pod or node, or pausing after a failed try.
struct SchedulingQueue {
    /// How a try ended.
    enum Outcome: Sendable, Equatable {
        /// It is bound, by us or somebody else, or it is gone.
        case done
        /// It waits for a change of pod or node.
        case waits
        /// The API server could not be asked or refused for now.
        case failed
    }

    private enum Phase: Equatable {
        case ready
        /// Its event or a node's event came in meanwhile: try again afterwards.
        case trying(isStale: Bool)
        case waiting
        case pausing(until: Duration)
    }

    private struct Entry {
        var pod: Pod
        var phase: Phase
        var failures = 0
    }

    private var entries: [String: Entry] = [:]
    /// UIDs in the order of arrival; may hold some that are no longer ready.
    private var order: Deque<String> = []

    /// Number of pods that are not bound yet.
    var count: Int { entries.count }

    /// The pod is there, or has changed.
    mutating func upsert(_ pod: Pod) {
        let uid = pod.metadata.uid
        guard var entry = entries[uid] else {
            entries[uid] = Entry(pod: pod, phase: .ready)
            order.append(uid)
            return
        }
        entry.pod = pod
        switch entry.phase {
        case .ready: break
        case .trying: entry.phase = .trying(isStale: true)
        case .waiting:
            entry.phase = .ready
            order.append(uid)
        // The pause is about the API server, not about the pod.
        case .pausing: break
        }
        entries[uid] = entry
    }

    /// The pod is gone, or no longer without a node.
    mutating func remove(uid: String) {
        entries[uid] = nil
    }

    /// The node has changed: everything that waits is tried again.
    mutating func nodeChanged() {
        for (uid, entry) in entries.sorted(by: { $0.key < $1.key }) {
            switch entry.phase {
            case .waiting:
                entries[uid]?.phase = .ready
                order.append(uid)
            case .trying: entries[uid]?.phase = .trying(isStale: true)
            case .ready, .pausing: break
            }
        }
    }

    /// The next pod to try, which is then being tried; nil when there is none.
    mutating func next() -> Pod? {
        while let uid = order.popFirst() {
            guard let entry = entries[uid], entry.phase == .ready else { continue }
            entries[uid]?.phase = .trying(isStale: false)
            return entry.pod
        }
        return nil
    }

    /// A try ended.
    ///
    /// - Parameters:
    ///   - pause: how long to pause after this many failures in a row.
    mutating func finished(uid: String, _ outcome: Outcome, now: Duration, pause: (Int) -> Duration) {
        guard var entry = entries[uid], case .trying(let isStale) = entry.phase else { return }
        switch outcome {
        case .done:
            entries[uid] = nil
            return
        case .waits:
            entry.failures = 0
            entry.phase = isStale ? .ready : .waiting
        case .failed:
            entry.failures += 1
            entry.phase = .pausing(until: now + pause(entry.failures))
        }
        if entry.phase == .ready { order.append(uid) }
        entries[uid] = entry
    }

    /// Makes the pods ready whose pause is over, and tells when the next pause ends; nil when none pauses.
    mutating func resume(now: Duration) -> Duration? {
        var earliest: Duration?
        for (uid, entry) in entries {
            guard case .pausing(let until) = entry.phase else { continue }
            if until <= now {
                entries[uid]?.phase = .ready
                order.append(uid)
            } else {
                earliest = min(earliest ?? until, until)
            }
        }
        return earliest
    }
}
