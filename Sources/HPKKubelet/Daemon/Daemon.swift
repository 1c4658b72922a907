import Foundation
import Glibc
import Kubernetes
import Logging
import NIOPosix
import ServiceLifecycle
import Slurm

/// The node agent as a whole.
public enum Daemon {
    /// Ports of the listener for Slurm's pushes; a range of its own, so that a restarted agent finds the same one.
    static let pushPorts: ClosedRange<UInt16> = 10270...10299

    /// Runs until the process is asked to end by TERM or INT.
    ///
    /// - Throws: ``StartupFailure`` where the agent cannot start.
    public static func run(_ configuration: KubeletConfiguration, logger: Logger) async throws {
        ProcessMemory.shareArenas()
        let agent = try await Agent.assemble(configuration, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: agent.services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}

/// The assembled parts.
struct Agent {
    var services: [any ServiceLifecycle.Service]

    static func assemble(_ configuration: KubeletConfiguration, logger: Logger) async throws -> Agent {
        let identity = try await NIOThreadPool.singleton.runIfActive {
            try makeStateDirectory(configuration)
            return try AgentIdentity.acquire(stateDirectory: configuration.stateDirectory, hostname: HostAddress.hostname())
        }
        let connection = try ClusterAccess.connection(configuration)
        let address = configuration.kubeletAddress ?? ClusterAccess.ownAddress(toward: connection)
        let client = KubernetesClient(
            connection: connection, transport: try HTTPEngine(), userAgent: "hpk-kubelet/\(HPKVersion.program)", logger: logger)
        let slurm = try await startSlurm(configuration, address: address, logger: logger)
        let cluster = try await ClusterAccess.identity(client, timeout: configuration.startupTimeout, logger: logger)
        let jobs = SlurmJobs(client: slurm, cluster: cluster)

        let node = NodeService(
            name: configuration.nodeName, identity: identity.text,
            surroundings: NodeService.Surroundings(
                objects: KubernetesNodeObjects(client: client), describe: await nodeDescription(configuration, address: address),
                observe: { SlurmObservation(totals: try await slurm.totals(), clusterName: slurm.clusterName) }),
            logger: logger)
        try await node.start(timeout: configuration.startupTimeout)

        let events = EventRecorder(client: client, component: "kubelet", host: configuration.nodeName)
        let api = KubernetesPodAPI(client: client, logger: logger)
        let status = PodStatusWriter(api: api, logger: logger)
        let feed = JobFeed(source: jobs, logger: logger, uptime: JobFeed.monotonicSeconds) { reachability in
            let isKnown = node.slurm.isReachable
            if isKnown != (reachability == .reachable) { node.askSlurm() }
        }
        let store = PodDirectoryStore(root: configuration.stateDirectory + "/pods", threads: .singleton)
        try await store.prepareRoot()
        let batches = BatchStore(root: configuration.stateDirectory + "/batches", threads: .singleton)
        let submitter = JobSubmitter(
            JobSubmitter.Surroundings(
                cluster: cluster, jobs: jobs, store: store, batches: batches,
                script: { [program = configuration.podProgram ?? ""] file in
                    try JobPlanner.script(podProgram: program, batchFile: file, pods: store.root)
                },
                limits: { [gathers = configuration.gathersSubmissions] in await jobs.limits(gathers: gathers) },
                given: { await feed.given($0, began: $1) }, logger: logger))
        await submitter.learnLimits()
        let access = AccessBox()
        let planSettings = PlanSettingsSource(
            configuration: configuration, client: client, cluster: cluster, address: address, node: node)
        let preparer = PodPreparer(
            reader: client, images: try imageStore(configuration, logger: logger), store: store,
            parallelism: configuration.podSyncWorkers, settings: { await planSettings.current() }, connection: { await access.value() })
        let manager = PodManager(
            services: PodServices(
                store: store, preparer: preparer, jobs: jobs, submitter: submitter, batches: batches, feed: feed, api: api, status: status,
                access: { await access.value() }, record: { pod, note in events.record(note, about: pod) }, logger: logger),
            jobs: jobs, resyncPeriod: configuration.fullResyncPeriod)

        let ports = try await AgentPorts.open(configuration, connection: connection, address: address, manager: manager, logger: logger)
        await access.set(ports.access)
        let reflector = Reflector<Pod>(
            client: client, Selection(namespace: configuration.namespace, fields: "spec.nodeName=\(configuration.nodeName)"))
        var services: [any ServiceLifecycle.Service] = [
            EventService(recorder: events), node, NodeWatchService(node: node, name: configuration.nodeName, client: client),
            NodeRecoveryService(node: node, status: status),
            JobFeedService(feed: feed, client: slurm),
            ports.supervisors, ports.kubelet, ports.renewal(logger: logger),
            PodService(manager: manager, reflector: reflector),
            ImageCollectionService(
                collector: ImageCollector(folder: configuration.stateDirectory + "/images"), store: store, logger: logger),
            MemoryService(),
        ]
        if configuration.runsScheduler {
            let unbound = UnboundPods(client: client, namespace: configuration.namespace)
            let scheduler = SchedulingService(
                settings: SchedulingService.Settings(configuration),
                sources: SchedulingService.Sources(pods: unbound.changes, nodes: node.nodes(), totals: { node.slurm.totals }),
                objects: KubernetesSchedulingObjects(client: client, schedulerName: configuration.schedulerName, logger: logger),
                logger: logger)
            services.append(SchedulerService(scheduler: scheduler, pods: unbound))
        }
        services.append(IdentityHolder(identity: identity))
        return Agent(services: services)
    }

    private static func makeStateDirectory(_ configuration: KubeletConfiguration) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: configuration.stateDirectory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StartupFailure(
                .noInput, problem: "cannot make \(configuration.stateDirectory): \(error.localizedDescription)",
                advice: "Choose a folder that this user can write with --working-dir.")
        }
    }

    private static func startSlurm(_ configuration: KubeletConfiguration, address: String, logger: Logger) async throws -> SlurmClient {
        let settings = SlurmConfiguration(
            configurationFile: configuration.slurmConfiguration, threads: 4, pushHost: configuration.supervisorAddress ?? address,
            pushPorts: Daemon.pushPorts, privateDirectory: configuration.stateDirectory + "/slurm")
        do {
            return try await SlurmClient(configuration: settings, logger: logger)
        } catch let error as SlurmSetupError {
            throw StartupFailure(.unavailable, problem: "\(error)", advice: "`hpk-kubelet doctor` looks at each part of Slurm.")
        }
    }

    private static func nodeDescription(
        _ configuration: KubeletConfiguration, address: String
    ) async -> @Sendable () -> NodeDescription {
        // `apptainer version 1.4.5`; compute nodes may have another one, which pods' own messages then tell.
        let words = try? await CommandRunner().run(configuration.apptainer, ["--version"], timeLimit: .seconds(10))
        let version = words?.split(whereSeparator: \.isWhitespace).last.map(String.init)
        let facts = NodeFacts.gather(apptainerVersion: version)
        return {
            NodeDescription(
                configuration, address: address, facts: facts,
                storage: NodeDescription.Storage.ofFileSystem(at: configuration.workingDirectory))
        }
    }

    private static func imageStore(_ configuration: KubeletConfiguration, logger: Logger) throws -> ImageStore {
        ImageStore(
            configuration: ImageStore.Configuration(
                folder: configuration.stateDirectory + "/images", naming: try ImageNaming(registry: configuration.registry),
                allowedFolders: configuration.imagePaths, insecureRegistries: Set(configuration.insecureRegistries),
                apptainer: configuration.apptainer, temporaryFolder: configuration.localDirectory),
            transport: EngineRegistryTransport(engine: try HTTPEngine()), logger: logger)
    }
}

/// Keeps the agent's identity locked while the agent runs.
private struct IdentityHolder: ServiceLifecycle.Service {
    let identity: AgentIdentity

    func run() async throws {
        try await gracefulShutdown()
        withExtendedLifetime(identity) {}
    }
}

/// What is known only after the ports are open, for parts that are made before.
private actor AccessBox {
    private var access = SupervisorAccess(endpoints: [], certificateAuthority: "", serverName: "")

    func set(_ access: SupervisorAccess) { self.access = access }
    func value() -> SupervisorAccess { access }
}
