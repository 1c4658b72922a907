import CSlurm
import Glibc
import Logging

/// A connection to one Slurm cluster through libslurm. No Slurm command is ever started.
///
/// Every request blocks one of the client's own OS threads for a round trip to slurmctld; while slurmctld does not answer,
/// for up to `MessageTimeout` of slurm.conf. A task that is cancelled before its request began gets `CancellationError`;
/// a request that has begun is carried to its end.
///
/// libslurm keeps one configuration for the process, so all clients of a process use the same slurm.conf.
public final class SlurmClient: Sendable {
    /// What the client was made with.
    public let configuration: SlurmConfiguration
    /// What was found about the cluster before libslurm was started.
    public let setup: SlurmSetup
    /// Where slurmctld reaches this client; put it into submissions. nil when the client does not listen.
    public let pushEndpoint: JobSubmission.PushEndpoint?

    let threads: BlockingThreads
    let listener: PushListener?
    let logger: Logger
    let hostname: String

    /// Checks slurm.conf and the authentication service, starts libslurm and, when asked to, the listener for pushes. Where there is no port for
    /// that, the client does without, and says so.
    ///
    /// - Throws: `SlurmSetupError` that says what is wrong and what to do. Covered before libslurm is started: slurm.conf and
    ///   the files it includes are there, can be read and name a cluster and a controller; munged (or sackd) takes a
    ///   connection; the versions fit; libslurm starts in a child process.
    public init(configuration: SlurmConfiguration = SlurmConfiguration(), logger: Logger) async throws {
        let threads = BlockingThreads(count: min(max(configuration.threads, 1), 16), name: "slurm")
        do {
            let started = try await threads.run(.urgent) { try Self.start(configuration) }
            self.setup = started.setup
            self.listener = started.listener
            self.pushEndpoint = started.listener.map { .init(host: started.pushHost, port: $0.port) }
        } catch {
            await threads.stop()
            throw error
        }
        self.configuration = configuration
        self.threads = threads
        self.logger = logger
        self.hostname = Self.shortHostname()
        if let problem = setup.pushProblem {
            logger.warning(
                "slurmctld cannot tell of changes, so it is asked for all of them: free a port, or give other ones",
                metadata: ["problem": "\(problem)"])
        }
        logger.info(
            "Slurm is ready",
            metadata: [
                "cluster": "\(setup.clusterName)", "conf": "\(setup.configurationFile)",
                "libslurm": "\(SlurmVersion.runtime?.description ?? "unknown")",
                "push": "\(pushEndpoint.map { "\($0.host):\($0.port)" } ?? "off")",
            ])
    }

    /// `ClusterName` of slurm.conf.
    public var clusterName: String { setup.clusterName }

    /// What slurmctld says without being asked, from now on. Each call gives a stream of its own; a reader that falls
    /// 65,536 pushes behind loses the oldest. The stream ends at `shutdown`.
    public var pushes: AsyncStream<JobPush> { PushRegistry.shared.subscribe() }

    /// Lets requests that run end, refuses those that wait, stops the listener and the threads.
    public func shutdown() async {
        await threads.stop()
        guard let listener else { return }
        await listener.stop()
    }

    private struct Started: Sendable {
        var setup: SlurmSetup
        var listener: PushListener?
        var pushHost: String
    }

    private static func start(_ configuration: SlurmConfiguration) throws -> Started {
        var setup = try SlurmSetup.check(configuration)
        try SlurmLibrary.start(configurationFile: setup.configurationFile)
        guard configuration.listensForPushes, setup.pushProblem == nil else { return Started(setup: setup, listener: nil, pushHost: "") }
        let host = setup.listeningAddress() ?? configuration.pushHost ?? setup.localAddress() ?? shortHostname()
        do {
            return Started(setup: setup, listener: try PushListener.start(port: setup.pushPort), pushHost: host)
        } catch SlurmSetupError.listenerFailed(let reason) {
            setup.pushProblem = reason
            return Started(setup: setup, listener: nil, pushHost: host)
        }
    }

    private static func shortHostname() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return CStrings.text(buffer).split(separator: ".").first.map(String.init) ?? "localhost"
    }
}
