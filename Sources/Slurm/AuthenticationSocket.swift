import Glibc

/// Whether the service that signs Slurm's messages is there.
enum AuthenticationSocket {
    /// Connects to the service's Unix socket and hangs up.
    ///
    /// - Throws: `SlurmSetupError.authenticationUnreachable`.
    static func connect(service: String, socket path: String) throws {
        func unreachable(_ reason: String) -> SlurmSetupError {
            .authenticationUnreachable(service: service, socket: path, reason: reason)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.contains(0) else {
            throw unreachable("the path is empty or too long for a socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw unreachable(FileText.errnoText()) }
        defer { close(descriptor) }
        let failed = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) != 0
            }
        }
        if failed { throw unreachable(FileText.errnoText()) }
    }
}
