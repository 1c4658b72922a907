import Foundation
import Synchronization

@testable import Kubernetes

/// Answers requests from a list and notes them.
final class ScriptedTransport: HTTPTransport {
    enum Answer: Sendable {
        case response(Int, String, HTTPHeaders = [:])
        case failure(HTTPError.Kind)
        /// A stream of chunks with an end.
        case stream([String], end: HTTPError.Kind? = nil)
        /// Never ends.
        case hang
    }

    private struct State {
        var answers: [Answer]
        var requests: [HTTPRequest] = []
    }

    private let state: Mutex<State>

    init(_ answers: [Answer]) { state = Mutex(State(answers: answers)) }

    var requests: [HTTPRequest] { state.withLock { $0.requests } }

    /// Paths with their queries, without the part that is random.
    var targets: [String] {
        requests.map { request in
            "\(request.method) \(request.url.replacingOccurrences(of: "https://h", with: ""))"
                .replacingOccurrences(of: "&timeoutSeconds=360", with: "")
        }
    }

    private func next(_ request: HTTPRequest) -> Answer {
        state.withLock { state in
            state.requests.append(request)
            return state.answers.isEmpty ? .hang : state.answers.removeFirst()
        }
    }

    private func hang() async throws -> Never {
        while true { try await Task.sleep(for: .seconds(3600)) }
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        switch next(request) {
        case .response(let status, let body, let headers): return HTTPResponse(status: status, headers: headers, body: Data(body.utf8))
        case .failure(let kind): throw HTTPError(kind, request: "test", detail: "scripted")
        case .stream, .hang: try await hang()
        }
    }

    func stream(_ request: HTTPRequest) async throws -> HTTPStream {
        let chunks: [String]
        let end: HTTPError.Kind?
        let status: Int
        switch next(request) {
        case .response(let code, let body, _): (status, chunks, end) = (code, [body], nil)
        case .failure(let kind): throw HTTPError(kind, request: "test", detail: "scripted")
        case .stream(let list, let kind): (status, chunks, end) = (200, list, kind)
        case .hang: try await hang()
        }
        let rest = Mutex(chunks[...])
        let chunk: @Sendable () -> String? = { rest.withLock { $0.popFirst() } }
        return HTTPStream(
            status: status,
            chunks: HTTPBody {
                if let chunk = chunk() { return Data(chunk.utf8) }
                if let end { throw HTTPError(end, request: "test", detail: "scripted") }
                return nil
            })
    }

    func client(time: TestTime = TestTime(), retry: RetryPolicy = .standard, authentication: Authentication = .none) -> KubernetesClient {
        KubernetesClient(
            connection: ClusterConnection(server: "https://h", authentication: authentication), transport: self, retry: retry,
            time: time.source)
    }
}
