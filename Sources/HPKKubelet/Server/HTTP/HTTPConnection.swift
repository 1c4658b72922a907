import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Joins HTTP's response parts, which may hold files, to the byte buffers that we send.
final class ResponsePartHandler: ChannelOutboundHandler {
    typealias OutboundIn = HTTPPart<HTTPResponseHead, ByteBuffer>
    typealias OutboundOut = HTTPServerResponsePart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part: HTTPServerResponsePart =
            switch unwrapOutboundIn(data) {
            case .head(let head): .head(head)
            case .body(let buffer): .body(.byteBuffer(buffer))
            case .end(let trailers): .end(trailers)
            }
        context.write(wrapOutboundOut(part), promise: promise)
    }
}

/// One client's connection to the kubelet port: requests one after the other, each authenticated, authorised, routed, answered.
struct HTTPConnection: Sendable {
    typealias Parts = NIOAsyncChannel<HTTPServerRequestPart, HTTPPart<HTTPResponseHead, ByteBuffer>>
    typealias Outbound = NIOAsyncChannelOutboundWriter<HTTPPart<HTTPResponseHead, ByteBuffer>>

    /// No request that we know has a body; a stranger one may have this many bytes, which are thrown away.
    static let longestBody = 64 << 10

    let parts: Parts
    let gate: ConnectionGate

    /// The handlers of a new connection; runs on its event loop.
    static func setUp(_ channel: any Channel, tls: NIOSSLContext, gate: ConnectionGate) throws -> HTTPConnection {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(NIOSSLServerHandler(context: tls))
        // Requests are taken one by one from the asynchronous sequence; its back-pressure does what pipelining assistance would.
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
        try pipeline.addHandler(ResponsePartHandler())
        return HTTPConnection(parts: try NIOAsyncChannel(wrappingChannelSynchronously: channel), gate: gate)
    }

    /// What all connections of a server share.
    struct Context: Sendable {
        var routes: RouteTable
        var authorizer: any RequestAuthorizer
        var now: @Sendable () -> LogTime
        var idleTime: TimeAmount
        var logger: Logger
    }

    func serve(_ context: Context) async {
        do {
            try await parts.executeThenClose { inbound, outbound in
                let running = RunningAnswer()
                // A client that goes away while its answer waits for new log lines: nothing would be written, so nothing would fail.
                parts.channel.closeFuture.whenComplete { _ in running.cancel() }
                var iterator = inbound.makeAsyncIterator()
                while let (head, excess) = try await nextRequest(&iterator, context) {
                    guard let client = try await client() else {
                        return try await refuse(HTTPFault(401, "Unauthorized"), head, outbound)
                    }
                    gate.admit()
                    if excess { return try await refuse(HTTPFault(413, "the request's body is too long"), head, outbound) }
                    try await answer(head, client, context, outbound, running)
                    if !head.isKeepAlive { return }
                }
            }
        } catch let error as LogFileError {
            context.logger.warning("a log could not be read to its end", metadata: ["error": "\(error)"])
        } catch {
            context.logger.debug("connection to the kubelet port ended", metadata: ["reason": "\(error)"])
        }
    }

    /// Waits for a whole request; nil at the connection's end.
    private func nextRequest(
        _ iterator: inout NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator, _ context: Context
    ) async throws -> (head: HTTPRequestHead, excess: Bool)? {
        let channel = parts.channel
        let idle = channel.eventLoop.scheduleTask(in: context.idleTime) { channel.close(promise: nil) }
        defer { idle.cancel() }
        guard case .head(let head) = try await iterator.next() else { return nil }
        var body = 0
        while let part = try await iterator.next() {
            switch part {
            case .head: return nil
            case .body(let bytes): body += bytes.readableBytes
            case .end: return (head, false)
            }
            if body > Self.longestBody { return (head, true) }
        }
        return nil
    }

    /// Who TLS has verified the client to be.
    private func client() async throws -> ClientIdentity? {
        let channel = parts.channel
        return try await channel.eventLoop.submit { () -> ClientIdentity? in
            try channel.pipeline.syncOperations.nioSSL_peerCertificate().flatMap { ClientIdentity($0) }
        }.get()
    }

    private func answer(
        _ head: HTTPRequestHead, _ client: ClientIdentity, _ context: Context, _ outbound: Outbound, _ running: RunningAnswer
    ) async throws {
        let answer: KubeletAnswer
        do {
            answer = try await decide(head, client, context)
        } catch let fault as HTTPFault {
            return try await send(fault, head, outbound)
        } catch {
            context.logger.error("request failed", metadata: ["path": "\(head.uri.prefix(256))", "error": "\(error)"])
            return try await send(HTTPFault(500, "internal error; the node agent's log has the reason"), head, outbound)
        }
        switch answer {
        case .whole(let contentType, let body):
            try await sendWhole(200, contentType, body, [:], head, outbound)
        case .stream(let contentType, let body):
            let headers: HTTPHeaders = ["Content-Type": contentType, "X-Content-Type-Options": "nosniff"]
            try await outbound.write(.head(HTTPResponseHead(version: head.version, status: .ok, headers: headers)))
            try await running.run {
                try await body { bytes in try await outbound.write(.body(ByteBuffer(bytes: bytes))) }
            }
            try await outbound.write(.end(nil))
        }
    }

    private func decide(_ head: HTTPRequestHead, _ client: ClientIdentity, _ context: Context) async throws -> KubeletAnswer {
        // The certificate was good at the handshake; a connection may live longer than it.
        guard client.notAfter >= context.now().seconds else { throw HTTPFault(401, "Unauthorized") }
        let target = try RequestTarget(head.uri)
        let attributes = RequestAttributes(verb: Self.verb(head.method), path: "/" + target.segments.joined(separator: "/"))
        guard await context.authorizer.authorize(client, attributes) else {
            context.logger.warning(
                "client may not use the kubelet port", metadata: ["user": "\(client.user)", "path": "\(attributes.path.prefix(256))"])
            throw HTTPFault(403, "Forbidden (user=\(client.user), verb=\(attributes.verb), resource=nodes, subresource=proxy)")
        }
        let (handler, parameters) = try context.routes.find(head.method, target.segments)
        return try await handler.answer(
            KubeletRequest(method: head.method, query: target.query, headers: head.headers, parameters: parameters, client: client))
    }

    private static func verb(_ method: HTTPMethod) -> String {
        switch method {
        case .POST: "create"
        case .PUT: "update"
        case .PATCH: "patch"
        case .DELETE: "delete"
        default: "get"
        }
    }

    private func refuse(_ fault: HTTPFault, _ head: HTTPRequestHead, _ outbound: Outbound) async throws {
        var head = head
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        try await send(fault, head, outbound)
    }

    private func send(_ fault: HTTPFault, _ head: HTTPRequestHead, _ outbound: Outbound) async throws {
        var headers: HTTPHeaders = ["X-Content-Type-Options": "nosniff"]
        if !fault.allowedMethods.isEmpty { headers.add(name: "Allow", value: fault.allowedMethods.joined(separator: ", ")) }
        try await sendWhole(fault.status, "text/plain; charset=utf-8", Array("\(fault.message)\n".utf8), headers, head, outbound)
    }

    private func sendWhole(
        _ status: Int, _ contentType: String, _ body: [UInt8], _ extra: HTTPHeaders, _ request: HTTPRequestHead, _ outbound: Outbound
    ) async throws {
        var headers = extra
        headers.add(name: "Content-Type", value: contentType)
        headers.add(name: "Content-Length", value: String(body.count))
        if !request.isKeepAlive { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: request.version, status: HTTPResponseStatus(statusCode: status), headers: headers)
        try await outbound.write(.head(head))
        if request.method != .HEAD { try await outbound.write(.body(ByteBuffer(bytes: body))) }
        try await outbound.write(.end(nil))
    }
}

/// The streamed answer being written, so that the connection's end can stop it.
private final class RunningAnswer: Sendable {
    private enum State {
        case idle
        case running(Task<Void, any Error>)
        case closed
    }

    private let state = Mutex(State.idle)

    func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let task = Task { try await body() }
        let closed = state.withLock { state in
            if case .closed = state { return true }
            state = .running(task)
            return false
        }
        if closed { task.cancel() }
        defer {
            state.withLock { state in
                if case .running = state { state = .idle }
            }
        }
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// The client is gone.
    func cancel() {
        state.withLock { state in
            if case .running(let task) = state { task.cancel() }
            state = .closed
        }
    }
}
