import Glibc

/// Nanoseconds since the Unix epoch: the clock that the pods' journals and files bear, too.
public enum WallClock {
    /// Now.
    public static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Seconds from one instant to another; nil where one is not known.
    public static func seconds(_ from: Int64?, _ to: Int64?) -> Double? {
        guard let from, let to else { return nil }
        return Double(to - from) / 1e9
    }
}
