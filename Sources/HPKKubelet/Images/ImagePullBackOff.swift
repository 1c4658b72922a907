/// How long a pod's failing image is left alone: 10 seconds after the first failure, twice as long after each further one, at most 300.
///
/// A value without a clock: the caller says what time it is, as a duration since any fixed moment. Counted for each pod and image, as the
/// kubelet does, so that one pod's missing secret does not hold up another's.
public struct ImagePullBackOff: Sendable, Equatable {
    struct Key: Sendable, Hashable {
        var pod: String
        var image: String
    }

    struct Delay: Sendable, Equatable {
        var length: Duration
        var since: Duration
    }

    private let initial: Duration
    private let maximum: Duration
    private var delays: [Key: Delay] = [:]

    public init(initial: Duration = .seconds(10), maximum: Duration = .seconds(300)) {
        self.initial = initial
        self.maximum = maximum
    }

    /// Counts a failed pull; gives the time to wait from now. A failure long after the last one counts as the first again.
    public mutating func failed(pod: String, image: String, at now: Duration) -> Duration {
        let key = Key(pod: pod, image: image)
        var length = initial
        if let last = delays[key], now - last.since <= maximum * 2 { length = min(last.length * 2, maximum) }
        delays[key] = Delay(length: length, since: now)
        return length
    }

    /// Time that is left to wait; zero where the image may be tried.
    public func remaining(pod: String, image: String, at now: Duration) -> Duration {
        guard let delay = delays[Key(pod: pod, image: image)] else { return .zero }
        return max(.zero, delay.since + delay.length - now)
    }

    /// Forgets the failures of one image of a pod.
    public mutating func succeeded(pod: String, image: String) { delays[Key(pod: pod, image: image)] = nil }

    /// Forgets a pod that is gone.
    public mutating func forget(pod: String) { delays = delays.filter { $0.key.pod != pod } }

    /// What a container's waiting state says during the wait.
    public static func message(image: String) -> String { "Back-off pulling image \(quoted(image))" }
}
