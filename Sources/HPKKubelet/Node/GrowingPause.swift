/// Pauses between tries of something that fails: each about twice the one before, up to a limit, spread by chance so that many agents
/// do not come back at the same instant.
public struct GrowingPause: Sendable {
    private let first: Duration
    private let limit: Duration
    private var next: Duration

    /// From `first` up to `limit`.
    public init(first: Duration, limit: Duration) {
        self.first = first
        self.limit = limit
        next = first
    }

    /// The pause before the next try.
    ///
    /// - Parameter random: a number from 0 up to, not including, 1.
    public mutating func grow(random: Double) -> Duration {
        let pause = next * (0.8 + 0.4 * random)
        next = min(next * 2, limit)
        return pause
    }

    /// The last try succeeded.
    public mutating func reset() {
        next = first
    }
}
