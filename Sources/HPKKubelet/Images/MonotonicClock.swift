/// The passing of time, as the image store sees it; a test lets it pass as it likes.
struct MonotonicClock: Sendable {
    /// Time since a moment that never changes, never running backwards.
    var now: @Sendable () -> Duration
    /// Waits; throws when the task is cancelled.
    var sleep: @Sendable (Duration) async throws -> Void

    static let system: MonotonicClock = {
        let start = ContinuousClock.now
        return MonotonicClock(now: { start.duration(to: .now) }, sleep: { try await Task.sleep(for: $0) })
    }()
}
