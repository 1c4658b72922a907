import Kubernetes

/// Decides who serves the node, from what the lease says and how long it has said so.
///
/// Two agents for one node would submit every pod twice. Clocks of two hosts may differ, so a lease of somebody else counts as alive
/// when its renewal changes while it is watched, and as dead when it stays the same for its whole duration by our own clock.
public struct LeaseDecision: Sendable {
    /// What to do next.
    public enum Step: Sendable, Equatable {
        /// There is none: make it.
        case create
        /// It is ours, or dead: write ourselves into it, if it is still at this resource version.
        case take(resourceVersion: String, transitions: Int)
        /// Look again after these seconds.
        case watch(seconds: Double)
        /// Its holder lives.
        case refuse(holder: String)
    }

    /// Seconds of a lease whose duration is not written.
    public static let durationSeconds = 40

    private let identity: String
    /// What was seen first of a foreign lease, and when, in seconds of a clock that never goes back.
    private var firstSeen: (renewal: MicroTime?, holder: String, seconds: Double)?

    /// Decides for the agent of this identity.
    public init(identity: String) {
        self.identity = identity
    }

    /// Takes a look.
    ///
    /// - Parameters:
    ///   - lease: the lease now; nil when there is none.
    ///   - wallClock: the time of day.
    ///   - seconds: a clock that never goes back.
    public mutating func look(at lease: Lease?, wallClock: MicroTime, seconds: Double) -> Step {
        guard let lease else { return .create }
        let take = Step.take(resourceVersion: lease.metadata.resourceVersion, transitions: lease.spec.leaseTransitions ?? 0)
        guard let holder = lease.spec.holderIdentity, !holder.isEmpty, holder != identity, let renewal = lease.spec.renewTime else {
            return take
        }
        let duration = Double(min(max(lease.spec.leaseDurationSeconds ?? Self.durationSeconds, 1), 300))
        let age = Double(wallClock.microsecondsSince1970 - renewal.microsecondsSince1970) / 1_000_000
        // Ten minutes are more than any sane difference of two clocks.
        if age > 600 + duration { return take }
        guard let seen = firstSeen, seen.holder == holder else {
            firstSeen = (renewal, holder, seconds)
            return .watch(seconds: min(2, duration))
        }
        if seen.renewal != renewal { return .refuse(holder: holder) }
        let left = duration - (seconds - seen.seconds)
        return left <= 0 ? take : .watch(seconds: min(2, left))
    }
}
