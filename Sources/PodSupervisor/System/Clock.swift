import Glibc

/// Where the supervisor's time comes from; tests put their own in.
struct Clock: Sendable {
    /// Nanoseconds since the Unix epoch.
    var wall: @Sendable () -> Int64
    /// Nanoseconds that never go back, for pauses and deadlines.
    var monotonic: @Sendable () -> Int64

    /// The machine's clocks.
    static let system = Clock(wall: { read(CLOCK_REALTIME) }, monotonic: { read(CLOCK_BOOTTIME) })

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Nanoseconds of a number of seconds, kept within what is representable.
    static func nanoseconds(_ seconds: Double) -> Int64 {
        Int64(min(max(seconds, 0), 4_000_000_000) * 1e9)
    }
}
