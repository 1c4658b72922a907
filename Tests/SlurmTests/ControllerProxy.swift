import Foundation
import Glibc
import Synchronization

@testable import Slurm

/// Stands between libslurm and slurmctld, to make slurmctld seem gone without touching it.
///
/// Unchecked, and safe: `port` and `upstream` do not change, the rest is behind the mutex.
final class ControllerProxy: @unchecked Sendable {
    enum Mode: Sendable {
        /// Requests and answers pass.
        case open
        /// Nobody listens: connections are refused.
        case closed
        /// Requests reach slurmctld, answers are thrown away.
        case loseAnswers
    }

    struct Failed: Error {}

    private struct State {
        var mode = Mode.open
        var listener: Int32 = -1
    }

    let port: UInt16
    private let upstream: sockaddr_in
    private let state = Mutex(State())

    /// - Parameter upstream: the IPv4 address and the port of the controller that it stands before.
    init(upstream: (address: String, port: UInt16)) throws {
        self.upstream = Self.address(upstream.port, inet_addr(upstream.address))
        let listener = try Self.listen(0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let named = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) }
        }
        guard named == 0 else { throw Failed() }
        port = UInt16(bigEndian: address.sin_port)
        start(listener)
    }

    func set(_ mode: Mode) throws {
        let old = state.withLock { state in
            state.mode = mode
            defer { if mode == .closed { state.listener = -1 } }
            return state.listener
        }
        if mode == .closed, old >= 0 {
            // Wakes the accepting thread, which closes the socket.
            shutdown(old, Int32(SHUT_RDWR))
        } else if mode != .closed, old < 0 {
            start(try Self.listen(port))
        }
    }

    private func start(_ listener: Int32) {
        state.withLock { $0.listener = listener }
        Thread.detachNewThread {
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 { break }
                Thread.detachNewThread { self.serve(client) }
            }
            close(listener)
        }
    }

    private func serve(_ client: Int32) {
        defer { close(client) }
        guard let server = try? Self.connect(upstream) else { return }
        defer { close(server) }
        var ends = [pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: server, events: Int16(POLLIN), revents: 0)]
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while poll(&ends, 2, 30_000) > 0 {
            for (index, end) in ends.enumerated() where end.revents != 0 {
                let count = recv(end.fd, &buffer, buffer.count, 0)
                if count <= 0 { return }
                if index == 1, state.withLock({ $0.mode }) == .loseAnswers { return }
                if send(ends[1 - index].fd, buffer, count, Int32(MSG_NOSIGNAL)) != count { return }
            }
        }
    }

    private static func address(_ port: UInt16, _ host: in_addr_t = in_addr_t(0x7f00_0001).bigEndian) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = in_addr(s_addr: host)
        return address
    }

    private static func listen(_ port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = address(port)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard bound == 0, Glibc.listen(descriptor, 64) == 0 else { throw Failed() }
        return descriptor
    }

    private static func connect(_ upstream: sockaddr_in) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = upstream
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            close(descriptor)
            throw Failed()
        }
        return descriptor
    }
}
