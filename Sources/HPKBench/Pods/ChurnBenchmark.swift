import Foundation
import Kubernetes
import Logging
import Slurm
import Synchronization

/// Pods created, run and removed in numbers, beside plain batch jobs and beside a model of the flow by `sbatch` processes.
public struct ChurnBenchmark: Sendable {
    /// How much is done.
    public struct Settings: Sendable {
        /// Pods of a round, and jobs of each contender.
        public var pods = 60
        /// Pods created per second; nil creates all at once.
        public var rate: Double?
        /// Rounds of all contenders.
        public var rounds = 3
        /// Sizes of the bursts whose latency is compared.
        public var bursts = [1, 10, 40]
        /// Pods of the chain in which each waits for the one before it.
        public var chain = 6
        /// Pods that controllers make.
        public var controlled = 30
        /// Pods of the round under strace; 0 leaves it out.
        public var traced = 5

        public init() {}
    }

    /// Names of the contenders.
    static let pods = "pods"
    static let batch = "batch jobs"
    static let podLike = "batch jobs with a pod's features"
    static let sbatch = "sbatch flow"

    let cluster: BenchCluster
    let settings: Settings
    let say: @Sendable (String) -> Void

    /// - Parameter say: takes a line for people on what goes on.
    public init(cluster: BenchCluster, settings: Settings, say: @escaping @Sendable (String) -> Void) {
        self.cluster = cluster
        self.settings = settings
        self.say = say
    }

    /// Measures everything.
    public func run(_ report: inout BenchmarkReport) async throws {
        let client = try Self.client(cluster)
        let slurm = try await SlurmClient(configuration: SlurmConfiguration(threads: 4), logger: Self.logger)
        let ends = BatchJobs.Ends()
        let following = Task { await ends.follow(slurm) }
        do {
            say("start hpk-kubelet")
            var results = try await BenchAgent.running(on: cluster, client: client) { agent in
                try await BenchNamespace.with(client) { namespace in
                    try await PodWatch.watching(namespace.name, client: client) { watch in
                        let stage = Stage(agent: agent, namespace: namespace, watch: watch, slurm: slurm, ends: ends)
                        return try await measure(stage)
                    }
                }
            }
            if settings.traced > 0 { results.fileSystem = try await trace(client) }
            results.fill(&report)
        } catch {
            await Self.clearAway(slurm)
            following.cancel()
            await slurm.shutdown()
            throw error
        }
        await Self.clearAway(slurm)
        following.cancel()
        await slurm.shutdown()
    }

    /// Everything that measurements need.
    struct Stage: Sendable {
        var agent: BenchAgent
        var namespace: BenchNamespace
        var watch: PodWatch
        var slurm: SlurmClient
        var ends: BatchJobs.Ends

        func burst(_ count: Int, rate: Double? = nil, _ prefix: String) async throws -> PodBurst.Result {
            try await PodBurst(count: count, rate: rate, manifest: PodManifest(nodeName: agent.nodeName)).run(
                in: namespace, watch: watch, prefix: prefix, podsDirectory: agent.podsDirectory)
        }
    }

    static let logger: Logger = {
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        return logger
    }()

    static func client(_ cluster: BenchCluster) throws -> KubernetesClient {
        let connection = try Kubeconfig.load(list: cluster.kubeconfig).connection()
        return KubernetesClient(connection: connection, transport: try HTTPEngine(), userAgent: "hpk-bench", logger: logger)
    }

    /// Cancels what an error has left in Slurm.
    private static func clearAway(_ slurm: SlurmClient) async {
        guard let records = try? await slurm.jobs() else { return }
        for record in records where record.name == "hpk-bench" && !record.state.isFinal { _ = try? await slurm.cancel(record.id) }
    }

    private func measure(_ stage: Stage) async throws -> ChurnResults {
        var results = ChurnResults(settings: settings)
        say("first pod: its image is not there yet")
        results.first = try await stage.burst(1, "first").timelines
        let image = try image(of: stage.agent)
        let jobs = BatchJobs(image: image, folder: stage.agent.workingDirectory, environment: cluster.commandEnvironment)
        say("requests while nothing happens, 5 s")
        let idle = try await Observation(stage, cluster)
        try await Task.sleep(for: .seconds(5))
        results.background = try await Observation(stage, cluster).rates(since: idle)
        let collected = Mutex<[ChurnResults.PodRound]>([])
        let settings = settings
        let rounds = InterleavedRounds(
            rounds: settings.rounds,
            [
                .init(Self.pods) { round in
                    let before = try await Observation(stage, cluster)
                    let result = try await stage.burst(settings.pods, rate: settings.rate, "r\(round)")
                    let after = try await Observation(stage, cluster)
                    if round > 0 { collected.withLock { $0.append(.init(result: result, before: before, after: after)) } }
                    return Measurement(
                        operations: settings.pods, wallSeconds: result.wallSeconds,
                        cpuSeconds: after.cpuSeconds(since: before, "hpk-kubelet"),
                        latencies: result.latencies)
                },
                .init(Self.batch) { _ in try await jobs.run(settings.pods, .plain, client: stage.slurm, ends: stage.ends) },
                .init(Self.podLike) { _ in try await jobs.run(settings.pods, .podLike, client: stage.slurm, ends: stage.ends) },
                .init(Self.sbatch) { _ in try await SbatchFlow(jobs).burst(settings.pods) },
            ])
        results.rounds = try await rounds.run { say("round \($0) of \(settings.rounds): \(settings.pods) \($1)") }
        results.podRounds = collected.withLock { $0 }
        results.bursts = try await compareBursts(stage, jobs)
        results.chain = try await compareChains(stage, jobs)
        if settings.controlled > 0 {
            let controllers = ControllerWorkloads(namespace: stage.namespace, watch: stage.watch, nodeName: stage.agent.nodeName)
            say("a Job of \(settings.controlled) pods")
            results.job = try await controllers.job("job", pods: settings.controlled)
            say("a Deployment of \(settings.controlled) pods, up and down")
            results.deployment = try await controllers.deployment("deployment", pods: settings.controlled)
        }
        return results
    }

    /// The image file that the agent has downloaded.
    private func image(of agent: BenchAgent) throws -> String {
        let folder = "\(agent.stateDirectory)/images"
        let found = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }.first { $0.hasSuffix(".sif") }
        guard let found else { throw BenchAgent.Failure(description: "there is no image file in \(folder)") }
        return "\(folder)/\(found)"
    }

    private func compareBursts(_ stage: Stage, _ jobs: BatchJobs) async throws -> [ChurnResults.Burst] {
        var bursts: [ChurnResults.Burst] = []
        for size in settings.bursts {
            var burst = ChurnResults.Burst(size: size)
            for round in 0..<settings.rounds {
                say("burst of \(size), round \(round + 1) of \(settings.rounds)")
                let result = try await stage.burst(size, "b\(size)-\(round)")
                burst.pods.append(result.latencies)
                burst.podSeconds.append(result.successSeconds)
                let flow = try await SbatchFlow(jobs).burst(size)
                burst.sbatch.append(flow.latencies)
                burst.sbatchSeconds.append(flow.wallSeconds)
            }
            bursts.append(burst)
        }
        return bursts
    }

    private func compareChains(_ stage: Stage, _ jobs: BatchJobs) async throws -> (pods: Measurement, sbatch: Measurement)? {
        guard settings.chain > 0 else { return nil }
        say("a chain of \(settings.chain) pods")
        let stopwatch = Stopwatch()
        var latencies: [Double] = []
        for index in 0..<settings.chain {
            let name = "chain-\(index)-p"
            let own = Stopwatch()
            try await stage.namespace.createPod(PodManifest(nodeName: stage.agent.nodeName).pod(name))
            try await stage.watch.wait(.ended, prefix: name, count: 1, seconds: 120)
            latencies.append(own.seconds)
        }
        let pods = Measurement(operations: settings.chain, wallSeconds: stopwatch.seconds, latencies: Distribution(latencies))
        say("the same chain by the sbatch flow, about \(settings.chain * Int(SbatchFlow.pollSeconds)) s")
        return (pods, try await SbatchFlow(jobs).chain(settings.chain))
    }

    /// Counts the system calls on files of the state directory, by an agent and supervisors under strace.
    private func trace(_ client: KubernetesClient) async throws -> (agent: FileSystemTrace, supervisor: FileSystemTrace) {
        say("\(settings.traced) pods under strace")
        let agentTrace = "agent.trace"
        return try await BenchAgent.running(
            on: cluster, client: client,
            arguments: { folder in
                [
                    "--apptainer", try LightContainer.install(in: folder),
                    "--pod-program", try LightContainer.installTracer(in: folder, program: "\(cluster.programs)/hpk-pod"),
                    "--init-program", "\(cluster.programs)/hpk-init",
                ]
            }, wrapper: { FileSystemTrace.command(output: "\($0)/\(agentTrace)") }
        ) { agent in
            try await BenchNamespace.with(client) { namespace in
                let begin = try await PodWatch.watching(namespace.name, client: client) { watch in
                    let manifest = PodManifest(nodeName: agent.nodeName, isLight: true)
                    func burst(_ count: Int, _ prefix: String) async throws {
                        _ = try await PodBurst(count: count, manifest: manifest).run(
                            in: namespace, watch: watch, prefix: prefix, podsDirectory: agent.podsDirectory)
                    }
                    // The first pod downloads the image.
                    try await burst(1, "first")
                    let begin = Double(WallClock.now) / 1e9
                    try await burst(settings.traced, "traced")
                    // The directories are removed after the pods.
                    try await Task.sleep(for: .seconds(2))
                    return begin
                }
                var traces = (agent: FileSystemTrace(), supervisor: FileSystemTrace())
                for file in try FileManager.default.contentsOfDirectory(atPath: agent.workingDirectory) where file.hasSuffix(".trace") {
                    let bytes = FileManager.default.contents(atPath: "\(agent.workingDirectory)/\(file)") ?? Data()
                    let text = String(decoding: bytes, as: UTF8.self)
                    if file == agentTrace {
                        traces.agent.add(text, below: agent.stateDirectory, from: begin)
                    } else {
                        traces.supervisor.add(text, below: agent.stateDirectory, from: begin) { $0 == "hpk-pod" }
                    }
                }
                return traces
            }
        }
    }
}
