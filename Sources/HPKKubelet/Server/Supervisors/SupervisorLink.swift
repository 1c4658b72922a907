import Logging
import NIOCore
import NIOSSL
import PodProtocol

/// An incoming connection from its first byte to its last.
struct SupervisorLink: Sendable {
    let parts: NIOAsyncChannel<Frame, Frame>
    let gate: ConnectionGate

    /// What all connections of a listener share.
    struct Context: Sendable {
        var handler: any SupervisorHandler
        var registry: SupervisorRegistry
        var streamCapacity: Int
        var logger: Logger
    }

    /// The peer broke the protocol; it is cut off and may connect again.
    private enum Violation: Error {
        case notHello
        case unexpected(FrameType)
    }

    /// The handlers of a new connection; runs on its event loop.
    static func setUp(
        _ channel: any Channel, tls: NIOSSLContext, gate: ConnectionGate, _ configuration: SupervisorListenerConfiguration
    ) throws -> SupervisorLink {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(NIOSSLServerHandler(context: tls))
        try pipeline.addHandler(FrameHandler(longestHello: configuration.longestHello, longestFrame: configuration.longestFrame))
        try pipeline.addHandler(
            PeerLiveness(interval: TimeAmount(configuration.pingInterval), deadAfter: TimeAmount(configuration.deadAfter)))
        return SupervisorLink(parts: try NIOAsyncChannel(wrappingChannelSynchronously: channel), gate: gate)
    }

    func serve(_ context: Context) async {
        do {
            try await parts.executeThenClose { inbound, outbound in
                var frames = inbound.makeAsyncIterator()
                guard let first = try await frames.next() else { return }
                guard first.type == .hello, first.stream == 0 else { throw Violation.notHello }
                let hello = try MessageCoding.decode(Hello.self, from: first.payload, subject: "hello")
                guard let welcome = try await admit(hello, outbound, context) else { return }
                gate.admit()
                let session = SupervisorSession(
                    uid: hello.uid, channel: parts.channel, outbound: outbound, streamCapacity: context.streamCapacity)
                await context.registry.adopt(session)
                do {
                    try await begin(session, welcome)
                    await context.handler.connected(session.uid, session)
                    let ending = await Self.result { try await receive(&frames, session, context) }
                    session.loseStreams()
                    await context.handler.disconnected(session.uid, session)
                    try ending.get()
                    await end(session, context)
                } catch {
                    await end(session, context)
                    throw error
                }
            }
        } catch let error as MessageError {
            context.logger.warning("a supervisor sent what cannot be read", metadata: ["error": "\(error)"])
        } catch {
            context.logger.debug("supervisor's connection ended", metadata: ["reason": "\(error)"])
        }
    }

    /// Asks the handler; nil where the peer was sent away.
    ///
    /// The token is judged before the version, so that a stranger learns neither.
    private func admit(
        _ hello: Hello, _ outbound: SupervisorSession.Outbound, _ context: Context
    ) async throws -> (known: UInt64, delivery: Delivery?)? {
        let message: String
        switch await context.handler.admit(hello) {
        case .accept(let known, let delivery):
            if hello.version == Hello.currentVersion { return (known, delivery) }
            message = "hpk-kubelet speaks version \(Hello.currentVersion) of the protocol, this supervisor \(hello.version)"
        case .refuse(let reason):
            message = reason
        }
        try await outbound.write(MessageCoding.frame(.refusal, Refusal(message: message)))
        return nil
    }

    private func begin(_ session: SupervisorSession, _ welcome: (known: UInt64, delivery: Delivery?)) async throws {
        // First of all, so that a peer which dies during a long delivery is found out.
        try await parts.channel.triggerUserOutboundEvent(SupervisorAdmitted())
        try await session.send(MessageCoding.frame(.welcome, Welcome(knownSequence: welcome.known)))
        if let delivery = welcome.delivery { try await session.send(delivery) }
    }

    private func receive(
        _ frames: inout NIOAsyncChannelInboundStream<Frame>.AsyncIterator, _ session: SupervisorSession, _ context: Context
    ) async throws {
        while let frame = try await frames.next() {
            switch frame.type {
            case .event:
                let event = try MessageCoding.decode(PodEvent.self, from: frame.payload, subject: "event of pod \(session.uid)")
                await context.handler.received(event, from: session.uid)
            case .streamData:
                session.received(frame.payload, stream: frame.stream)
            case .streamEnd:
                let end = try MessageCoding.decode(StreamEnd.self, from: frame.payload, subject: "stream end of pod \(session.uid)")
                session.receivedEnd(end, stream: frame.stream)
            case .hello, .welcome, .refusal, .delivery, .stop, .ping, .pong, .streamOpen:
                throw Violation.unexpected(frame.type)
            }
        }
    }

    private func end(_ session: SupervisorSession, _ context: Context) async {
        await context.registry.remove(session)
        session.finish()
    }

    private static func result(_ body: () async throws -> Void) async -> Result<Void, any Error> {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}
