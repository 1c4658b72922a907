/// When a failed request is tried again, and after how long.
public struct RetryPolicy: Sendable, Equatable {
    /// Most attempts in all, at least 1.
    public var attempts: Int
    /// Wait after the first failure; doubles with each further one.
    public var base: Duration
    /// Longest wait, also when the server asks for more.
    public var cap: Duration

    /// Sets the limits.
    public init(attempts: Int, base: Duration, cap: Duration) {
        self.attempts = max(1, attempts)
        self.base = base
        self.cap = cap
    }

    /// Five attempts within some seconds.
    public static let standard = RetryPolicy(attempts: 5, base: .milliseconds(250), cap: .seconds(10))

    /// One attempt.
    public static let none = RetryPolicy(attempts: 1, base: .zero, cap: .zero)

    /// The wait before the next attempt; nil when there must not be one.
    ///
    /// - Parameters:
    ///   - attempt: How many attempts were made, from 1.
    ///   - error: How the last one failed.
    ///   - isIdempotent: Whether the request may be handled twice.
    ///   - random: From 0 up to 1: spreads the clients of a server that came back.
    public func delay(afterAttempt attempt: Int, error: KubernetesError, isIdempotent: Bool, random: Double) -> Duration? {
        guard attempt < attempts, error.isRetryable, isIdempotent || error.wasNotHandled else { return nil }
        let backoff = Backoff.delay(afterFailures: attempt, base: base, cap: cap, random: random)
        guard let wanted = error.retryAfter else { return backoff }
        return max(min(wanted, cap), backoff)
    }
}

/// Exponential back-off with jitter.
enum Backoff {
    /// `base × 2^(failures - 1)`, at most `cap`, of which the upper half is random.
    static func delay(afterFailures failures: Int, base: Duration, cap: Duration, random: Double) -> Duration {
        var delay = base
        for _ in 1..<max(failures, 1) where delay < cap { delay *= 2 }
        return min(delay, cap) * (0.5 + 0.5 * min(max(random, 0), 1))
    }
}
