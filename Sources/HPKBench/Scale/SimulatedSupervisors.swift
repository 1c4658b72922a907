import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import PodProtocol
import Synchronization

/// Connections as pods' supervisors hold them: real TLS, a real hello with the pod's own token, an answer to each ping. No pod is behind.
final class SimulatedSupervisors: Sendable {
    /// What a supervisor knows before it dials.
    struct Identity: Sendable {
        var settings: ConnectionSettings
        var hello: Hello
    }

    /// A supervisor that was not let in.
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channels = Mutex<[any Channel]>([])

    /// Connects them, 32 at a time, and returns when all have been welcomed.
    func connect(_ identities: [Identity]) async throws {
        guard let first = identities.first else { return }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv13
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(first.settings.certificateAuthority.utf8)))
        let context = try NIOSSLContext(configuration: configuration)
        for begin in stride(from: 0, to: identities.count, by: 32) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for identity in identities[begin..<min(begin + 32, identities.count)] {
                    group.addTask { try await self.connect(identity, context) }
                }
                try await group.waitForAll()
            }
        }
    }

    private func connect(_ identity: Identity, _ context: NIOSSLContext) async throws {
        guard let endpoint = identity.settings.endpoints.first, let colon = endpoint.lastIndex(of: ":"),
            let port = Int(endpoint[endpoint.index(after: colon)...])
        else { throw Refused(description: "the plan names no endpoint") }
        let welcome = group.next().makePromise(of: Void.self)
        let name = identity.settings.serverName
        let hello = try MessageCoding.frame(.hello, identity.hello)
        do {
            let channel = try await ClientBootstrap(group: group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers(
                            NIOSSLClientHandler(context: context, serverHostname: name), SupervisorPeer(hello: hello, welcome: welcome))
                    }
                }
                .connect(host: String(endpoint[..<colon]), port: port).get()
            channels.withLock { $0.append(channel) }
        } catch {
            welcome.fail(error)
        }
        try await welcome.futureResult.get()
    }

    /// Connections that are open.
    var count: Int { channels.withLock { $0.count { $0.isActive } } }

    /// Closes all.
    func close() async {
        for channel in channels.withLock({ $0 }) { try? await channel.close() }
        try? await group.shutdownGracefully()
    }
}

/// One end of a connection: says hello, awaits the welcome, answers pings.
private final class SupervisorPeer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let hello: Frame
    private let welcome: EventLoopPromise<Void>
    private var decoder = FrameDecoder()
    private var isWelcome = false

    init(hello: Frame, welcome: EventLoopPromise<Void>) {
        self.hello = hello
        self.welcome = welcome
    }

    func channelActive(context: ChannelHandlerContext) { send(hello, context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data).readableBytesView)
        do {
            while let frame = try decoder.next() {
                switch frame.type {
                case .welcome:
                    isWelcome = true
                    welcome.succeed()
                case .refusal:
                    welcome.fail(SimulatedSupervisors.Refused(description: String(decoding: frame.payload, as: UTF8.self)))
                case .ping: send(Frame(.pong), context)
                default: break
                }
            }
        } catch {
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isWelcome { welcome.fail(SimulatedSupervisors.Refused(description: "the agent closed the connection")) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !isWelcome { welcome.fail(error) }
        context.close(promise: nil)
    }

    private func send(_ frame: Frame, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: frame.encoded)), promise: nil)
    }
}
