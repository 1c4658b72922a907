import Foundation
import Synchronization
import Testing

/// A TCP relay on a loopback port, which passes bytes on, refuses everybody, or falls silent; one thread and one `poll`.
final class Relay: Sendable {
    /// What happens to connections.
    enum Mode: Sendable {
        case open
        /// Nobody listens, and the connections there were are reset.
        case refusing
        /// Connections that stand are never read or written again, as when a firewall has forgotten them; new ones pass.
        case forgetful
    }

    private struct Pair {
        var ends: [Int32]
        var isForgotten = false
    }

    let port: Int
    private let target: @Sendable () -> Int?
    private let mode = Mutex((mode: Mode.open, isStopped: false, relayed: 0))
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameter target: port of this machine that new connections go on to.
    init(target: @escaping @Sendable () -> Int?) throws {
        self.target = target
        let listener = try #require(Self.listen(on: 0), "no port for the relay")
        port = try #require(Self.port(of: listener))
        Thread.detachNewThread { [self] in
            run(listener)
            ended.signal()
        }
    }

    /// Connections that were relayed so far.
    var relayed: Int { mode.withLock { $0.relayed } }

    func set(_ new: Mode) { mode.withLock { $0.mode = new } }

    /// Closes everything and waits for the thread's end.
    func stop() {
        mode.withLock { $0.isStopped = true }
        ended.wait()
    }

    private func run(_ first: Int32) {
        var listener: Int32? = first
        var pairs: [Pair] = []
        var acted = Mode.open
        while true {
            let now = mode.withLock { $0 }
            if now.isStopped { break }
            if now.mode != acted {
                acted = now.mode
                switch acted {
                case .open: if listener == nil { listener = Self.listen(on: port) }
                case .refusing:
                    if let listener { close(listener) }
                    listener = nil
                    for pair in pairs { Self.reset(pair) }
                    pairs = []
                case .forgetful: for index in pairs.indices { pairs[index].isForgotten = true }
                }
            }
            let live = pairs.indices.filter { !pairs[$0].isForgotten }
            var watched = live.flatMap { index in pairs[index].ends.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) } }
            watched.append(pollfd(fd: listener ?? -1, events: Int16(POLLIN), revents: 0))
            guard poll(&watched, nfds_t(watched.count), 20) > 0 else { continue }
            var closed: [Int] = []
            for (place, index) in live.enumerated() {
                for end in 0..<2 where watched[2 * place + end].revents != 0 && closed.last != index {
                    if !Self.pass(from: pairs[index].ends[end], to: pairs[index].ends[1 - end]) { closed.append(index) }
                }
            }
            for index in closed.reversed() { Self.reset(pairs.remove(at: index)) }
            if let listener, watched.last?.revents != 0 {
                let incoming = accept(listener, nil, nil)
                if incoming >= 0, let outgoing = target().flatMap(Self.connect) {
                    pairs.append(Pair(ends: [incoming, outgoing]))
                    mode.withLock { $0.relayed += 1 }
                } else if incoming >= 0 {
                    close(incoming)
                }
            }
        }
        if let listener { close(listener) }
        for pair in pairs { Self.reset(pair) }
    }

    /// False at the connection's end.
    private static func pass(from source: Int32, to sink: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(source, &bytes, bytes.count)
        guard count > 0 else { return false }
        var sent = 0
        while sent < count {
            let result = bytes[sent..<count].withUnsafeBytes { send(sink, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard result > 0 else { return false }
            sent += result
        }
        return true
    }

    private static func reset(_ pair: Pair) {
        for end in pair.ends {
            var lingers = linger(l_onoff: 1, l_linger: 0)
            setsockopt(end, SOL_SOCKET, SO_LINGER, &lingers, socklen_t(MemoryLayout<linger>.size))
            close(end)
        }
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return address
    }

    private static func listen(on port: Int) -> Int32? {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        if result == 0, Glibc.listen(number, 64) == 0 { return number }
        close(number)
        return nil
    }

    private static func port(of number: Int32) -> Int? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
        }
        return result == 0 ? Int(in_port_t(bigEndian: address.sin_port)) : nil
    }

    private static func connect(_ port: Int) -> Int32? {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return number }
        close(number)
        return nil
    }
}
