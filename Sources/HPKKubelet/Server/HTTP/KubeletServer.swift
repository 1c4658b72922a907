import Glibc
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// Settings of the kubelet port.
public struct KubeletServerConfiguration: Sendable {
    /// Address to listen on.
    public var host: String
    /// 0 for any free port.
    public var port: Int
    /// PEM of the authorities whose client certificates are good: the cluster's CA.
    public var clientAuthorities: String
    /// For TLS handshake and first request together.
    public var firstRequestTime: Duration
    /// Without a request, a connection is closed after this.
    public var idleTime: Duration
    /// Connections before their first good request; a further one is closed at once.
    public var mostStrangers: Int
    public var mostConnections: Int

    public init(
        host: String = "0.0.0.0", port: Int = 10250, clientAuthorities: String, firstRequestTime: Duration = .seconds(10),
        idleTime: Duration = .seconds(300), mostStrangers: Int = 128, mostConnections: Int = 2048
    ) {
        self.host = host
        self.port = port
        self.clientAuthorities = clientAuthorities
        self.firstRequestTime = firstRequestTime
        self.idleTime = idleTime
        self.mostStrangers = mostStrangers
        self.mostConnections = mostConnections
    }
}

/// The node's kubelet port: HTTPS for the API server and administrators, and for nobody else.
public final class KubeletServer: Service {
    /// The port that is listened on.
    public let port: Int
    private let socket: ListeningSocket<HTTPConnection>
    private let context: HTTPConnection.Context
    private let tls: TLSContext
    private let clientAuthorities: String

    /// Listens; connections wait until ``run()``.
    ///
    /// - Parameters:
    ///   - identity: the serving certificate.
    ///   - pool: threads that read log files.
    ///   - now: the present moment.
    public static func bind(
        _ configuration: KubeletServerConfiguration, identity: TLSIdentity, state: any KubeletState,
        authorizer: any RequestAuthorizer = NamedClientAuthorizer(), logger: Logger,
        group: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup,
        pool: NIOThreadPool = .singleton, now: @escaping @Sendable () -> LogTime = LogTime.now
    ) async throws -> KubeletServer {
        let tls = try TLSContext(try settings(identity, configuration.clientAuthorities))
        let strangers = ConnectionBudget(configuration.mostStrangers)
        let all = ConnectionBudget(configuration.mostConnections)
        let time = TimeAmount(configuration.firstRequestTime)
        let socket = try await ListeningSocket.bind(host: configuration.host, port: configuration.port, group: group) { channel in
            guard let gate = ConnectionGate.open(channel, strangers: strangers, all: all, time: time) else { throw TooManyConnections() }
            return try HTTPConnection.setUp(channel, tls: tls.current, gate: gate)
        }
        let context = HTTPConnection.Context(
            routes: .kubelet(state: state, pool: pool, now: now), authorizer: authorizer, now: now,
            idleTime: TimeAmount(configuration.idleTime), logger: logger)
        return KubeletServer(socket: socket, context: context, tls: tls, clientAuthorities: configuration.clientAuthorities)
    }

    private init(socket: ListeningSocket<HTTPConnection>, context: HTTPConnection.Context, tls: TLSContext, clientAuthorities: String) {
        self.socket = socket
        self.context = context
        self.tls = tls
        self.clientAuthorities = clientAuthorities
        port = socket.port
    }

    /// Serves until graceful shutdown or cancellation.
    public func run() async throws {
        context.logger.info("kubelet port is open", metadata: ["port": "\(port)"])
        try await socket.serve { [context] connection in await connection.serve(context) }
    }

    /// Presents another certificate to connections from now on.
    public func replaceIdentity(_ identity: TLSIdentity) throws {
        try tls.replace(try Self.settings(identity, clientAuthorities))
    }

    private static func settings(_ identity: TLSIdentity, _ clientAuthorities: String) throws -> TLSConfiguration {
        // 1.2 as well: the least that Kubernetes' own components speak.
        var settings = try identity.serverConfiguration(minimumVersion: .tlsv12)
        settings.certificateVerification = .noHostnameVerification
        settings.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(clientAuthorities.utf8)))
        settings.applicationProtocols = ["http/1.1"]
        return settings
    }
}

extension LogTime {
    /// The system's clock.
    public static func now() -> LogTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LogTime(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }
}
