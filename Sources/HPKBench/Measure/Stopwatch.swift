import Glibc

/// Monotonic time, in seconds.
public struct Stopwatch: Sendable {
    private let begin = Self.now

    /// Starts now.
    public init() {}

    /// Seconds since it was started.
    public var seconds: Double { Self.now - begin }

    /// Seconds of the machine's monotonic clock, the same for all processes of it.
    public static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
