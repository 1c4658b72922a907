import PodProtocol

/// The growing pause before a container is started again, by the kubelet's rules.
///
/// The first restart is at once; after it the pause is `initialSeconds`, doubled each time up to `maximumSeconds`, and counted from
/// the container's end. A run of at least `resetAfterSeconds` forgets it. See `k8s.io/client-go/util/flowcontrol/backoff.go` and the
/// kubelet's `doBackOff`.
struct RestartPause: Equatable {
    private let rules: RestartBackoff
    /// Seconds of the next pause; nil before the first restart.
    private(set) var nextSeconds: Double?
    private var lastRestart: Int64 = 0

    init(_ rules: RestartBackoff) {
        self.rules = rules
    }

    /// Seconds to wait from now, when the container has just ended.
    ///
    /// - Parameter now: monotonic nanoseconds.
    mutating func pause(endedAt now: Int64) -> Double {
        guard let seconds = nextSeconds, now - lastRestart < Clock.nanoseconds(rules.resetAfterSeconds) else {
            nextSeconds = nil
            return 0
        }
        return seconds
    }

    /// The container is started again now.
    mutating func restarted(at now: Int64) {
        lastRestart = now
        nextSeconds = nextSeconds.map { min($0 * 2, rules.maximumSeconds) } ?? min(rules.initialSeconds, rules.maximumSeconds)
    }

    /// Seconds as Go prints a duration: `10s`, `1m20s`, `5m0s`; events and status texts of Kubernetes show it so.
    static func describe(_ seconds: Double) -> String {
        guard seconds >= 1 || seconds == 0 else { return "\(Int((seconds * 1000).rounded()))ms" }
        let whole = Int(seconds)
        let tenths = seconds - Double(whole)
        let last = tenths == 0 ? "\(whole % 60)" : "\(Double(whole % 60) + (tenths * 1000).rounded() / 1000)"
        if whole >= 3600 { return "\(whole / 3600)h\(whole / 60 % 60)m\(last)s" }
        return whole >= 60 ? "\(whole / 60)m\(last)s" : "\(last)s"
    }
}
