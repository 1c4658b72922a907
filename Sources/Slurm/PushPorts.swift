import Glibc

/// Chooses the listener's port, and makes libslurm take it.
///
/// libslurm listens on some free port of `SrunPortRange`, which must hold at least two. The copy of slurm.conf gives it the
/// chosen port and the next, and the next is kept busy while libslurm looks for one.
enum PushPorts {
    /// The first port of the range, and its successor, that nobody listens on.
    ///
    /// - Throws: `SlurmSetupError.listenerFailed`.
    static func choose(_ range: ClosedRange<UInt16>) throws -> UInt16 {
        guard range.lowerBound > 0, range.count >= 2 else {
            throw SlurmSetupError.listenerFailed(reason: "the port range \(range.lowerBound)-\(range.upperBound) does not hold two ports")
        }
        for port in range.dropLast() {
            if let socket = BusyPort(port) {
                socket.release()
                return port
            }
        }
        throw SlurmSetupError.listenerFailed(reason: "all ports from \(range.lowerBound) to \(range.upperBound) are taken")
    }
}

/// A port that is kept busy by listening on it.
struct BusyPort: ~Copyable {
    private let descriptor: Int32

    /// nil when somebody else listens on it.
    init?(_ port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard bound, listen(descriptor, 1) == 0 else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    /// Gives the port back.
    consuming func release() {}

    deinit {
        close(descriptor)
    }
}
