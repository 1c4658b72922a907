import Foundation
import Glibc
import Synchronization
import Testing

/// A server on 127.0.0.1 that speaks just enough HTTP/1.1: one thread per connection, a closure answers each request.
final class LoopbackServer: Sendable {
    struct Request: Sendable {
        let line: String
        let head: String
        let body: Data

        var path: String { line.split(separator: " ").dropFirst().first.map(String.init) ?? "" }
    }

    /// One accepted connection.
    struct Connection: Sendable {
        let descriptor: Int32

        /// False when the peer is gone.
        @discardableResult
        func write(_ text: String) -> Bool { write(Data(text.utf8)) }

        @discardableResult
        func write(_ data: Data) -> Bool {
            data.withUnsafeBytes { bytes in
                var sent = 0
                while sent < bytes.count {
                    let count = send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
                    if count <= 0 { return false }
                    sent += count
                }
                return true
            }
        }

        func respond(_ status: String, _ body: String = "", headers: String = "") {
            write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
        }

        /// Waits until the peer closes.
        func waitForEnd() {
            var byte: UInt8 = 0
            while recv(descriptor, &byte, 1, 0) > 0 {}
        }
    }

    let port: UInt16
    private let listener: Int32
    private let connections = Mutex<(count: Int, open: Set<Int32>)>((0, []))

    var url: String { "http://127.0.0.1:\(port)" }
    /// How many connections were ever accepted.
    var connectionCount: Int { connections.withLock { $0.count } }

    /// - Parameter answer: Answers one request; false closes the connection.
    init(_ answer: @escaping @Sendable (Request, Connection) -> Bool) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 64) == 0 && getsockname(descriptor, pointer, &length) == 0
            }
        }
        try #require(bound)
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [weak self] in
            while true {
                let accepted = accept(descriptor, nil, nil)
                guard accepted >= 0, let self else {
                    if accepted >= 0 { close(accepted) }
                    return
                }
                self.connections.withLock { state in
                    state.count += 1
                    state.open.insert(accepted)
                }
                Thread.detachNewThread { [weak self] in
                    Self.serve(Connection(descriptor: accepted), answer)
                    if let self { self.connections.withLock { _ = $0.open.remove(accepted) } }
                    close(accepted)
                }
            }
        }
    }

    deinit {
        for descriptor in connections.withLock({ $0.open }) { shutdown(descriptor, Int32(SHUT_RDWR)) }
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func serve(_ connection: Connection, _ answer: (Request, Connection) -> Bool) {
        var buffer = Data()
        var chunk = [UInt8](repeating: 0, count: 65536)
        func more() -> Bool {
            let count = recv(connection.descriptor, &chunk, chunk.count, 0)
            if count > 0 { buffer.append(contentsOf: chunk.prefix(count)) }
            return count > 0
        }
        while true {
            var end = buffer.range(of: Data("\r\n\r\n".utf8))
            while end == nil {
                guard more() else { return }
                end = buffer.range(of: Data("\r\n\r\n".utf8))
            }
            guard let end else { return }
            let head = String(decoding: buffer[buffer.startIndex..<end.lowerBound], as: UTF8.self)
            let lines = head.components(separatedBy: "\r\n")
            let length = lines.first { $0.lowercased().hasPrefix("content-length:") }.flatMap {
                Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces))
            }
            buffer = Data(buffer[end.upperBound...])
            while buffer.count < length ?? 0 { guard more() else { return } }
            let body = Data(buffer.prefix(length ?? 0))
            buffer = Data(buffer.dropFirst(length ?? 0))
            guard answer(Request(line: lines[0], head: head, body: body), connection) else { return }
        }
    }
}
