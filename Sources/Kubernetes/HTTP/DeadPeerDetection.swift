import Glibc

/// Lets the kernel find a peer that is gone without a word (cut cable, powered-off host), see tcp(7).
///
/// A watch may rightly be silent for minutes, so silence alone proves nothing; keep-alive probes without an answer do. A live peer's
/// kernel answers them even when its program is busy.
enum DeadPeerDetection {
    /// Three probes lost after 15 s of silence, or 20 s without an acknowledgement of what we sent: the connection breaks.
    static func configure(_ descriptor: Int32) {
        set(descriptor, TCP_KEEPCNT, 3)
        set(descriptor, TCP_USER_TIMEOUT, 20_000)
    }

    private static func set(_ descriptor: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        // Refused on sockets that are not TCP; then there is no network to lose either.
        _ = setsockopt(descriptor, Int32(IPPROTO_TCP), option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
