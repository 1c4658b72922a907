import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// Settings of the port that supervisors connect to.
public struct SupervisorListenerConfiguration: Sendable {
    /// Address to listen on.
    public var host: String
    /// 0 for the port used last time, or any free one.
    public var port: Int
    /// Where the port is remembered, so that running supervisors find a restarted daemon; absolute path.
    public var portFile: String
    /// Names or addresses by which compute nodes reach this machine, best first.
    public var advertisedHosts: [String]
    /// For TLS handshake, hello and admission together.
    public var helloTime: Duration
    public var pingInterval: Duration
    /// Silence after which a peer counts as gone; several ping intervals.
    public var deadAfter: Duration
    /// Connections not admitted yet; a further one is closed at once.
    public var mostStrangers: Int
    public var mostConnections: Int
    /// Payload bytes of the first frame.
    public var longestHello: Int
    /// Payload bytes of any later frame from a supervisor; its longest events take some kilobytes.
    public var longestFrame: Int
    /// Bytes kept of one stream for a slow reader.
    public var streamCapacity: Int

    public init(
        host: String = "0.0.0.0", port: Int = 0, portFile: String, advertisedHosts: [String], helloTime: Duration = .seconds(10),
        pingInterval: Duration = .seconds(15), deadAfter: Duration = .seconds(50), mostStrangers: Int = 256, mostConnections: Int = 20_000,
        longestHello: Int = 16 << 10, longestFrame: Int = 1 << 20, streamCapacity: Int = 1 << 20
    ) {
        self.host = host
        self.port = port
        self.portFile = portFile
        self.advertisedHosts = advertisedHosts
        self.helloTime = helloTime
        self.pingInterval = pingInterval
        self.deadAfter = deadAfter
        self.mostStrangers = mostStrangers
        self.mostConnections = mostConnections
        self.longestHello = longestHello
        self.longestFrame = longestFrame
        self.streamCapacity = streamCapacity
    }
}

/// Accepts the connections that pods' supervisors make to the node agent.
public final class SupervisorListener: Service {
    public let port: Int
    /// What ``ConnectionSettings/endpoints`` is to hold.
    public let endpoints: [String]
    private let socket: ListeningSocket<SupervisorLink>
    private let context: SupervisorLink.Context
    private let tls: TLSContext

    /// Listens; connections wait until ``run()``.
    public static func bind(
        _ configuration: SupervisorListenerConfiguration, identity: TLSIdentity, handler: any SupervisorHandler, logger: Logger,
        group: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup
    ) async throws -> SupervisorListener {
        let tls = try TLSContext(try settings(identity))
        let strangers = ConnectionBudget(configuration.mostStrangers)
        let all = ConnectionBudget(configuration.mostConnections)
        let setUp = { @Sendable (channel: any Channel) throws -> SupervisorLink in
            let time = TimeAmount(configuration.helloTime)
            guard let gate = ConnectionGate.open(channel, strangers: strangers, all: all, time: time) else { throw TooManyConnections() }
            return try SupervisorLink.setUp(channel, tls: tls.current, gate: gate, configuration)
        }
        let memory = PortMemory(path: configuration.portFile)
        let socket: ListeningSocket<SupervisorLink>
        if configuration.port == 0, let remembered = memory.port {
            do {
                socket = try await .bind(host: configuration.host, port: remembered, group: group, setUp: setUp)
            } catch {
                logger.warning(
                    "the remembered port is taken; running supervisors look for the new one in their connection file",
                    metadata: ["port": "\(remembered)", "error": "\(error)"])
                socket = try await .bind(host: configuration.host, port: 0, group: group, setUp: setUp)
            }
        } else {
            socket = try await .bind(host: configuration.host, port: configuration.port, group: group, setUp: setUp)
        }
        do {
            try memory.remember(socket.port)
        } catch {
            await socket.close()
            throw error
        }
        let context = SupervisorLink.Context(
            handler: handler, registry: SupervisorRegistry(), streamCapacity: configuration.streamCapacity, logger: logger)
        return SupervisorListener(socket: socket, context: context, tls: tls, hosts: configuration.advertisedHosts)
    }

    private init(socket: ListeningSocket<SupervisorLink>, context: SupervisorLink.Context, tls: TLSContext, hosts: [String]) {
        self.socket = socket
        self.context = context
        self.tls = tls
        port = socket.port
        endpoints = hosts.map { host in host.contains(":") ? "[\(host)]:\(socket.port)" : "\(host):\(socket.port)" }
    }

    /// Serves until graceful shutdown or cancellation.
    public func run() async throws {
        context.logger.info("supervisors can connect", metadata: ["endpoints": "\(endpoints)"])
        try await socket.serve { [context] link in await link.serve(context) }
    }

    /// Presents another certificate to connections from now on.
    public func replaceIdentity(_ identity: TLSIdentity) throws {
        try tls.replace(try Self.settings(identity))
    }

    private static func settings(_ identity: TLSIdentity) throws -> TLSConfiguration {
        var settings = try identity.serverConfiguration()
        // A replaced connection whose peer is gone answers no farewell; its successor waits for this at most.
        settings.shutdownTimeout = .seconds(1)
        return settings
    }
}
