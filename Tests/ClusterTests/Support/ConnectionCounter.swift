import Foundation
import Synchronization

/// Stands at a dead server's address, counts who comes, and hangs up.
///
/// Unchecked, and safe: the listener's number does not change, the count is behind the mutex.
final class ConnectionCounter: @unchecked Sendable {
    private let listener: Int32
    private let counted = Mutex(0)

    /// - Parameter address: an IPv4 address of this machine.
    init(address: String, port: UInt16) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = inet_addr(address)
        let bound = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard bound == 0, listen(listener, 64) == 0 else {
            let error = errno
            close(listener)
            throw POSIXError(POSIXErrorCode(rawValue: error) ?? .EIO)
        }
        Thread.detachNewThread { [self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { break }
                counted.withLock { $0 += 1 }
                close(client)
            }
            close(listener)
        }
    }

    /// Connections so far.
    var count: Int { counted.withLock { $0 } }

    /// Frees the port.
    func stop() {
        // Wakes the thread, which closes the socket.
        shutdown(listener, Int32(SHUT_RDWR))
    }
}
