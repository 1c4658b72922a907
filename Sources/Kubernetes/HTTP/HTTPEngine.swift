import CCurl
import Foundation
import Synchronization

/// Sends HTTP requests by libcurl, all of them on one thread of its own with one connection cache: HTTP/2 streams share connections.
///
/// Any number of tasks may use it at once. A cancelled task takes its transfer with it. When the last reference goes, transfers under
/// way end with `HTTPError.Kind.stopped` and the thread ends.
public final class HTTPEngine: HTTPTransport {
    private let loop: EngineLoop

    /// Starts the thread.
    public init() throws {
        loop = try EngineLoop()
        loop.start()
    }

    deinit { loop.post(.stop) }

    /// Sends a request and collects the response, up to the request's `responseLimit`.
    ///
    /// - Throws: `HTTPError`, or `CancellationError`. A response with an error status is not an error here.
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await ActiveTransfer(request, loop: loop, highWater: request.responseLimit, collects: true).response(to: request)
    }

    /// Sends a request and returns when the response's header is there. The body is received only as fast as it is read.
    ///
    /// - Throws: `HTTPError`, or `CancellationError`.
    public func stream(_ request: HTTPRequest) async throws -> HTTPStream {
        let transfer = ActiveTransfer(request, loop: loop, highWater: 256 << 10)
        let head = try await transfer.head()
        return HTTPStream(status: head.status, headers: head.headers, chunks: HTTPBody { try await transfer.next() })
    }
}

/// A transfer under way, as its reader holds it: letting go of it cancels it.
private final class ActiveTransfer: Sendable {
    private let loop: EngineLoop
    private let channel: TransferChannel
    private let id: UInt64

    init(_ request: HTTPRequest, loop: EngineLoop, highWater: Int, collects: Bool = false) {
        self.loop = loop
        channel = TransferChannel(highWater: highWater, collects: collects)
        id = loop.makeID()
        if !loop.post(.add(id, request, channel)) {
            channel.finish(.failure(HTTPError(.stopped, request: request.label, detail: "no more requests are taken")))
        }
    }

    // Harmless when the transfer has ended: the id is not used again.
    deinit { loop.post(.cancel(id)) }

    func head() async throws -> TransferChannel.Head {
        try await cancellable { try await channel.head() }
    }

    func next() async throws -> Data? {
        try await cancellable { try await channel.next(resume: { loop.post(.resume(id)) }) }
    }

    /// The whole response, in one step: each step in between would wake a thread.
    func response(to request: HTTPRequest) async throws -> HTTPResponse {
        let (head, body) = try await cancellable { try await channel.response() }
        guard let body else {
            throw HTTPError(.responseTooLarge, request: request.label, detail: "more than \(request.responseLimit) bytes")
        }
        return HTTPResponse(status: head.status, headers: head.headers, body: body)
    }

    private func cancellable<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        try await withTaskCancellationHandler {
            try await body()
        } onCancel: {
            channel.finish(.failure(CancellationError()))
            loop.post(.cancel(id))
        }
    }
}
