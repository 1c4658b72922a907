import Foundation
import Kubernetes
import PodProtocol
import Slurm

/// Ten thousand pods of one agent: its memory, its rest, what it asks of slurmctld, and how soon a new agent has taken them over.
public struct ScaleBenchmark: Sendable {
    /// How much is done.
    public struct Settings: Sendable {
        /// Pods whose jobs Slurm holds.
        public var pods = 10_000
        /// Of these, pods with a connected supervisor.
        public var connected = 2000
        /// Of these, pods whose journal says that they run when the agent is killed.
        public var adopted = 5000
        /// Seconds of rest that are measured.
        public var restSeconds = 30.0

        public init() {}
    }

    let cluster: BenchCluster
    let settings: Settings
    let say: @Sendable (String) -> Void

    /// - Parameter say: takes a line for people on what goes on.
    public init(cluster: BenchCluster, settings: Settings, say: @escaping @Sendable (String) -> Void) {
        self.cluster = cluster
        self.settings = settings
        self.say = say
    }

    /// Measures everything, and leaves no pod and no job behind.
    public func run(_ report: inout BenchmarkReport) async throws {
        let client = try ChurnBenchmark.client(cluster)
        let slurm = try await SlurmClient(
            configuration: SlurmConfiguration(threads: 2, listensForPushes: false), logger: SlurmBenchmark.logger)
        do {
            let results = try await BenchAgent.running(on: cluster, client: client, logLevel: "info") { agent in
                try await BenchNamespace.with(client) { namespace in
                    let results = try await measure(agent, namespace, slurm)
                    try await clearAway(namespace)
                    return results
                }
            }
            results.fill(&report)
        } catch {
            await slurm.shutdown()
            throw error
        }
        await slurm.shutdown()
    }

    private func measure(_ agent: BenchAgent, _ namespace: BenchNamespace, _ slurm: SlurmClient) async throws -> ScaleResults {
        var results = ScaleResults(settings: settings)
        results.emptyBytes = agent.observed.residentBytes ?? 0
        let before = try await slurm.statistics()
        let watch = Stopwatch()
        say("\(settings.pods) pods are created")
        try await create(agent, namespace)
        let jobs = try await submitted(namespace)
        results.burst = ScaleResults.Requests(before, try await slurm.statistics(), seconds: watch.seconds)
        results.burstSeconds = watch.seconds

        say("rest, with \(settings.pods) pods")
        try await Task.sleep(for: .seconds(20))
        results.fullBytes = agent.observed.residentBytes ?? 0
        (results.restCPU, results.rest) = try await rest(agent, slurm)

        say("\(settings.connected) supervisors connect")
        let pods = jobs.sorted { $0.key < $1.key }
        let supervisors = SimulatedSupervisors()
        do {
            try await supervisors.connect(pods.prefix(settings.connected).map { try identity(of: $0.key, job: $0.value, agent) })
            try await Task.sleep(for: .seconds(5))
            results.connected = supervisors.count
            results.connectedBytes = agent.observed.residentBytes ?? 0
            (results.connectedCPU, _) = try await rest(agent, slurm)
        } catch {
            await supervisors.close()
            throw error
        }
        await supervisors.close()

        say("the agent is killed, and takes \(settings.adopted) running pods over")
        for pod in pods.prefix(settings.adopted) { try writeJournal(of: pod.key, job: pod.value, agent) }
        let line = "pods taken over"
        let start = Stopwatch()
        try agent.crash()
        let said = try await agent.line(with: line, after: 1, seconds: 120)
        results.adoptionSeconds = start.seconds
        results.adopted = said.split(separator: " ").first { $0.hasPrefix("pods=") }.flatMap { Int($0.dropFirst(5)) } ?? 0
        return results
    }

    private func create(_ agent: BenchAgent, _ namespace: BenchNamespace) async throws {
        let manifest = PodManifest(nodeName: agent.nodeName)
        let count = settings.pods
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<16 {
                group.addTask {
                    for index in stride(from: worker, to: count, by: 16) {
                        try await namespace.createPod(
                            manifest.pod("scale-\(index)", annotations: ["slurm.hpk.io/flags": "--hold"]))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Waits until every pod has its job; the jobs by the pods' UIDs.
    private func submitted(_ namespace: BenchNamespace) async throws -> [String: String] {
        let deadline = Stopwatch.now + 900
        while Stopwatch.now < deadline {
            let pods = try await namespace.client.list(Pod.self, Selection(namespace: namespace.name)).objects
            var jobs: [String: String] = [:]
            for pod in pods { jobs[pod.value.metadata.uid] = pod.value.metadata.annotations["slurm.hpk.io/job-id"] }
            if jobs.count >= settings.pods { return jobs }
            say("\(jobs.count) of \(settings.pods) pods have their jobs")
            try await Task.sleep(for: .seconds(3))
        }
        throw BenchAgent.Failure(description: "not every pod had its job within 15 minutes")
    }

    private func rest(_ agent: BenchAgent, _ slurm: SlurmClient) async throws -> (cpu: Double, requests: ScaleResults.Requests) {
        let (process, statistics, watch) = (agent.observed, try await slurm.statistics(), Stopwatch())
        let cpu = process.cpuSeconds ?? 0
        try await Task.sleep(for: .seconds(settings.restSeconds))
        let used = (process.cpuSeconds ?? 0) - cpu
        let seconds = watch.seconds
        return (used / seconds, ScaleResults.Requests(statistics, try await slurm.statistics(), seconds: seconds))
    }

    private func identity(of uid: String, job: String, _ agent: BenchAgent) throws -> SimulatedSupervisors.Identity {
        let path = PodDirectory(path: "\(agent.podsDirectory)/\(uid)").plan
        let plan = try MessageCoding.decode(LaunchPlan.self, from: Data(contentsOf: URL(filePath: path)), subject: path)
        guard let settings = plan.connection else { throw BenchAgent.Failure(description: "\(path) does not say how to connect") }
        return SimulatedSupervisors.Identity(
            settings: settings, hello: Hello(uid: uid, token: settings.token, start: Self.start(job: job), lastSequence: 0))
    }

    /// What a supervisor of the job says of itself; of an array's task, Slurm's own number does not matter.
    static func start(job: String) -> SupervisorStart {
        let parts = job.split(separator: "_").compactMap { UInt32($0) }
        return SupervisorStart(
            jobID: parts.first ?? 0, arrayJobID: parts.count == 2 ? parts[0] : nil, arrayTaskID: parts.count == 2 ? parts[1] : nil,
            attempt: 0,
            host: "c1", processID: 1)
    }

    /// The journal of a pod that runs, as a supervisor writes it.
    private func writeJournal(of uid: String, job: String, _ agent: BenchAgent) throws {
        let events: [PodEvent.Kind] = [
            .supervisorStarted(Self.start(job: job)), .sandboxReady(podAddresses: ["127.0.0.1"], hostAddress: "127.0.0.1"),
            .containerStarted(container: "main", restartCount: 0, containerID: "apptainer://\(uid)"),
        ]
        var lines: [UInt8] = []
        for (index, kind) in events.enumerated() {
            lines += try MessageCoding.encode(PodEvent(sequence: UInt64(index + 1), time: WallClock.now, kind: kind)) + [UInt8(ascii: "\n")]
        }
        try Data(lines).write(to: URL(filePath: PodDirectory(path: "\(agent.podsDirectory)/\(uid)").journal))
    }

    /// Deletes all pods in one request, and waits until the agent has let them go.
    private func clearAway(_ namespace: BenchNamespace) async throws {
        say("all pods are deleted")
        try await namespace.send("DELETE", "/api/v1", "pods")
        let deadline = Stopwatch.now + 600
        while Stopwatch.now < deadline {
            let left = try await namespace.client.list(Pod.self, Selection(namespace: namespace.name)).objects.count
            if left == 0 { return }
            say("\(left) pods are left")
            try await Task.sleep(for: .seconds(3))
        }
        throw BenchAgent.Failure(description: "not every pod was gone within ten minutes")
    }
}
