import Foundation

/// Time and randomness, so that tests need neither to wait nor to be lucky.
public struct TimeSource: Sendable {
    /// The wall clock, for what is written into objects.
    public var now: @Sendable () -> Date
    /// Time since some instant, never set back, for measuring.
    public var uptime: @Sendable () -> Duration
    /// Waits; throws `CancellationError` when the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void
    /// A number from 0 up to, not including, 1.
    public var random: @Sendable () -> Double

    /// Takes the four functions.
    public init(
        now: @escaping @Sendable () -> Date, uptime: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void, random: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.uptime = uptime
        self.sleep = sleep
        self.random = random
    }

    /// The machine's.
    public static let system: TimeSource = {
        let start = ContinuousClock.now
        return TimeSource(
            now: { Date() }, uptime: { ContinuousClock.now - start }, sleep: { try await Task.sleep(for: $0) },
            random: { Double.random(in: 0..<1) })
    }()
}
