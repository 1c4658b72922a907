import Foundation
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization
import Testing

@testable import HPKKubelet

extension Tag {
    @Tag static var network: Self
    @Tag static var security: Self
}

/// Numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

func write(_ text: String, to path: String, appending: Bool = false) throws {
    let folder = (path as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    if appending, let handle = FileHandle(forWritingAtPath: path) {
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    } else {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
}

let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The present, in seconds since the Unix epoch: TLS compares certificates with the real clock.
var present: Int64 { LogTime.now().seconds }

/// A TLS connection whose bytes the test reads and writes itself.
actor RawClient {
    private let channel: any Channel
    private let incoming: AsyncThrowingStream<[UInt8], any Error>
    private var buffer: [UInt8] = []
    private var ended = false

    private final class Inbox: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation
        let handshake: EventLoopPromise<Void>

        init(_ continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation, handshake: EventLoopPromise<Void>) {
            self.continuation = continuation
            self.handshake = handshake
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            continuation.yield(Array(unwrapInboundIn(data).readableBytesView))
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .handshakeCompleted = event as? TLSUserEvent { handshake.succeed() }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            handshake.fail(error)
            continuation.finish(throwing: error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            handshake.fail(ChannelError.eof)
            continuation.finish()
        }
    }

    /// Connects and completes the handshake.
    static func connect(
        port: Int, trust: String, name: String = "localhost", identity: TLSIdentity? = nil, reading: Bool = true
    ) async throws -> RawClient {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(trust.utf8)))
        configuration.shutdownTimeout = .milliseconds(200)
        if let identity {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificateChain.utf8)).map {
                .certificate($0)
            }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(identity.privateKey.utf8), format: .pem))
        }
        let tls = try NIOSSLContext(configuration: configuration)
        let (stream, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        let group = MultiThreadedEventLoopGroup.singleton
        let handshake = group.any().makePromise(of: Void.self)
        do {
            let channel = try await ClientBootstrap(group: group).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
                    try channel.pipeline.syncOperations.addHandler(Inbox(continuation, handshake: handshake))
                }
            }.connect(host: "127.0.0.1", port: port).get()
            try await handshake.futureResult.get()
            if !reading { try await channel.setOption(.autoRead, value: false).get() }
            return RawClient(channel: channel, incoming: stream)
        } catch {
            handshake.fail(error)
            throw error
        }
    }

    private init(channel: any Channel, incoming: AsyncThrowingStream<[UInt8], any Error>) {
        self.channel = channel
        self.incoming = incoming
    }

    func send(_ bytes: some Sequence<UInt8> & Sendable) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    /// Reads until `parse` finds what it wants, which is taken out of the buffer; nil when the server ends the connection before.
    func receive<T: Sendable>(_ parse: @Sendable (_ buffer: inout [UInt8]) throws -> T?) async throws -> T? {
        while true {
            if let found = try parse(&buffer) { return found }
            var iterator = incoming.makeAsyncIterator()
            guard !ended, let bytes = try await iterator.next() else {
                ended = true
                return try parse(&buffer)
            }
            buffer += bytes
        }
    }

    /// Waits until the server has ended the connection; the bytes that came before.
    func remainder() async -> [UInt8] {
        _ = try? await receive { _ in nil as Int? }
        return buffer
    }

    func setReading(_ reading: Bool) async throws {
        try await channel.setOption(.autoRead, value: reading).get()
        if reading { channel.read() }
    }

    func close() async {
        try? await channel.close()
    }
}
