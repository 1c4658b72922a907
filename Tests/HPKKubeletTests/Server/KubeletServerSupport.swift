import Foundation
import NIOCore
import PodProtocol
import Synchronization

@testable import HPKKubelet

/// One parsed HTTP response.
struct Response: Equatable, Sendable {
    var status: Int
    var headers: [String: String]
    var body: String
    /// Whether a chunked body had its last chunk.
    var isComplete = true
}

/// An HTTP client of few words, so that the test sees the server's own bytes.
struct HTTPClient: Sendable {
    let client: RawClient

    func get(_ path: String, method: String = "GET", headers: [String] = []) async throws -> Response? {
        try await client.send(([method + " " + path + " HTTP/1.1", "Host: localhost"] + headers).joined(separator: "\r\n") + "\r\n\r\n")
        return try await response(withBody: method != "HEAD")
    }

    func response(withBody: Bool = true) async throws -> Response? {
        guard var response = try await head() else { return nil }
        if !withBody { return response }
        if let length = response.headers["content-length"].flatMap(Int.init) {
            response.body =
                try await client.receive { buffer in
                    guard buffer.count >= length else { return nil }
                    defer { buffer.removeFirst(length) }
                    return String(decoding: buffer[..<length], as: UTF8.self)
                } ?? ""
        } else {
            while let chunk = try await chunk() {
                if chunk.isEmpty { return response }
                response.body += chunk
            }
            response.isComplete = false
        }
        return response
    }

    func head() async throws -> Response? {
        try await client.receive { buffer in
            guard let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
            let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
            buffer.removeSubrange(..<end.upperBound)
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
            }
            return Response(status: Int(lines[0].split(separator: " ")[1]) ?? 0, headers: headers, body: "")
        }
    }

    /// The next chunk of a body; empty for the last one, nil at the connection's end.
    func chunk() async throws -> String? {
        try await client.receive { buffer in
            guard let end = buffer.firstRange(of: Array("\r\n".utf8)),
                let size = Int(String(decoding: buffer[..<end.lowerBound], as: UTF8.self), radix: 16),
                buffer.count >= end.upperBound + size + 2
            else { return nil }
            let body = String(decoding: buffer[end.upperBound..<(end.upperBound + size)], as: UTF8.self)
            buffer.removeFirst(end.upperBound + size + 2)
            return body
        }
    }
}

/// A node agent with one pod `default/web`.
final class FixedState: KubeletState {
    let log: LogFixture
    let previous: LogFixture?
    let failure: LogTargetError?

    init(log: LogFixture, previous: LogFixture? = nil, failure: LogTargetError? = nil) {
        self.log = log
        self.previous = previous
        self.failure = failure
    }

    func podList() async throws -> [UInt8] { Array(#"{"kind":"PodList","items":[]}"#.utf8) }

    func logTarget(namespace: String, pod: String, container: String, previous: Bool) async -> Result<LogTarget, LogTargetError> {
        if let failure { return .failure(failure) }
        guard namespace == "default", pod == "web" else { return .failure(.podNotFound) }
        guard container == "c" else { return .failure(.containerNotFound) }
        guard previous else { return .success(log.target) }
        guard let earlier = self.previous else { return .failure(.previousNotFound) }
        return .success(earlier.target)
    }
}

/// A clock that a test sets forward.
final class ShiftedClock: Sendable {
    private let offset = Mutex<Int64>(0)

    func shift(_ seconds: Int64) { offset.withLock { $0 += seconds } }

    var now: LogTime {
        var time = LogTime.now()
        time.seconds += offset.withLock { $0 }
        return time
    }
}
