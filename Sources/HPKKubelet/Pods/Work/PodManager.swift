import Foundation
import Kubernetes
import Logging
import PodProtocol
import Slurm

/// Keeps one ``PodWorker`` for each pod that is bound to the node, and passes on what concerns it.
public actor PodManager {
    let services: PodServices
    private let jobs: any ClusterJobs
    private let logger: Logger
    private let settle: Duration
    private let resyncPeriod: Duration
    private var workers: [String: PodWorker] = [:]
    /// Workers that have something to do.
    private let (calls, bell) = AsyncStream.makeStream(of: PodWorker.self)
    private var isRecovered = false

    /// - Parameters:
    ///   - jobs: Looks for the jobs of this cluster's pods.
    ///   - settle: How long a submission may stay under way after its sender died.
    ///   - resyncPeriod: Pause between two looks at all pods without a change of them.
    public init(
        services: PodServices, jobs: any ClusterJobs, settle: Duration = .seconds(2), resyncPeriod: Duration = .seconds(60)
    ) {
        self.services = services
        self.jobs = jobs
        self.settle = settle
        self.resyncPeriod = resyncPeriod
        logger = services.logger
    }

    /// Works until the task is cancelled or the changes end.
    public func run(_ changes: some AsyncSequence<PodChange, Never> & Sendable) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.follow(changes) }
            group.addTask { await self.patrol() }
            group.addTask { [resyncPeriod] in await self.resync(every: resyncPeriod) }
            for await worker in calls {
                group.addTask {
                    if await worker.work() { await self.ended(worker) }
                }
            }
        }
        for worker in allWorkers { await worker.end() }
    }

    /// The worker of a pod.
    func worker(_ uid: String) -> PodWorker? { workers[uid] }

    var allWorkers: [PodWorker] { Array(workers.values) }

    // MARK: Changes of objects

    private func follow(_ changes: some AsyncSequence<PodChange, Never> & Sendable) async {
        var initial: [Pod]? = []
        for await change in changes {
            switch change {
            case .present(let pod):
                if initial != nil { initial?.append(pod) } else { present(pod) }
            case .absent(let pod):
                if initial != nil { initial?.removeAll { $0.metadata.uid == pod.metadata.uid } } else { absent(pod) }
            case .synced:
                if let pods = initial {
                    initial = nil
                    await recover(pods)
                }
            }
        }
        bell.finish()
    }

    private func present(_ pod: Pod) {
        if let worker = workers[pod.metadata.uid] {
            worker.send(.podChanged(pod))
        } else {
            start(pod, with: PodRecovery())
        }
    }

    private func absent(_ pod: Pod) {
        workers[pod.metadata.uid]?.send(.podRemoved)
    }

    private func start(_ pod: Pod, with recovery: PodRecovery) {
        let worker = PodWorker(pod: pod, services: services) { [bell] in bell.yield($0) }
        workers[pod.metadata.uid] = worker
        worker.send(.recovered(recovery))
    }

    private func ended(_ worker: PodWorker) async {
        await worker.end()
        if workers[worker.uid] === worker { workers[worker.uid] = nil }
    }

    // MARK: Start of the node agent

    private func recover(_ pods: [Pod]) async {
        let began = services.now()
        var newest: [String: Pod] = [:]
        for pod in pods { newest[pod.metadata.uid] = pod }
        let pods = Array(newest.values)
        let traces = await readTraces()
        let batches = await readBatches()
        var plan = RecoveryPlan(pods: pods, traces: traces, batches: batches, jobs: await findJobs())
        if !plan.uncertain.isEmpty {
            // The dead daemon's last submission may still be on its way through slurmctld.
            try? await Task.sleep(for: settle)
            plan = RecoveryPlan(pods: pods, traces: traces, batches: batches, jobs: await findJobs())
        }
        guard !Task.isCancelled else { return }
        for (batch, pods) in plan.batchesToKeep { await services.batches.keep(batch, pods: pods) }
        // Before any pod starts afresh, so that no array which is still on its way can run it as well.
        for id in plan.batchesToRemove {
            do { try await services.batches.remove(id) } catch {
                logger.warning("the file of a batch was not removed", metadata: ["batch": "\(id)", "error": "\(error)"])
            }
        }
        for pod in pods { start(pod, with: plan.pods[pod.metadata.uid] ?? PodRecovery()) }
        isRecovered = true
        await cancel(plan.jobsToCancel)
        for uid in plan.directoriesToRemove where workers[uid] == nil {
            do { try await services.store.remove(uid) } catch {
                logger.warning("the directory of a pod that is gone was not removed", metadata: ["uid": "\(uid)", "error": "\(error)"])
            }
        }
        logger.info(
            "pods taken over",
            metadata: ["pods": "\(pods.count)", "seconds": "\(services.now().timeIntervalSince(began))"])
    }

    /// All at once, so that they go together.
    private func cancel(_ jobs: [JobID]) async {
        await withDiscardingTaskGroup { group in
            for id in jobs {
                logger.notice("cancelling the job of a pod that is gone", metadata: ["job": "\(id)"])
                group.addTask { [services, logger] in
                    do { try await services.jobs.cancel(id) } catch {
                        logger.warning("the job was not cancelled", metadata: ["job": "\(id)", "error": "\(error)"])
                    }
                }
            }
        }
    }

    private func readBatches() async -> [BatchRecord] {
        let batches = services.batches
        let loaded = await untilDone("the batches' folder cannot be read") { try await batches.load() }
        for problem in loaded?.problems ?? [] { logger.warning("a batch file was skipped", metadata: ["problem": "\(problem)"]) }
        return loaded?.records ?? []
    }

    private func readTraces() async -> [String: RecoveryPlan.Trace] {
        let store = services.store
        let uids = await untilDone("the pods' directories cannot be listed") { try await store.uids() } ?? []
        return await withTaskGroup(of: (String, RecoveryPlan.Trace).self) { group in
            var traces: [String: RecoveryPlan.Trace] = [:]
            for (index, uid) in uids.enumerated() {
                if index >= 16, let (uid, trace) = await group.next() { traces[uid] = trace }
                group.addTask { (uid, await self.trace(of: uid)) }
            }
            for await (uid, trace) in group { traces[uid] = trace }
            return traces
        }
    }

    private func trace(of uid: String) async -> RecoveryPlan.Trace {
        var trace = RecoveryPlan.Trace()
        do {
            trace.intent = try await services.store.intent(of: uid)
            try await renewAccess(of: uid)
            let (events, problems) = try await services.store.journal(of: uid)
            trace.events = events
            for problem in problems {
                logger.warning("a line of a pod's journal was skipped", metadata: ["uid": "\(uid)", "problem": "\(problem)"])
            }
        } catch {
            logger.warning("a pod's directory cannot be read", metadata: ["uid": "\(uid)", "error": "\(error)"])
        }
        return trace
    }

    /// Tells a running supervisor where this agent listens now, if that has changed; its token stays.
    private func renewAccess(of uid: String) async throws {
        guard let known = try await services.store.connection(of: uid) else { return }
        let current = await services.access().settings(token: known.token)
        if current != known { try await services.store.write(current, of: uid) }
    }

    private func findJobs() async -> [ClusterJob] {
        let jobs = jobs
        return await untilDone("slurmctld must answer before pods are taken over") { try await jobs.podJobs() } ?? []
    }

    /// Tries until it works; nil when the task is cancelled.
    private func untilDone<T: Sendable>(_ problem: Logger.Message, _ body: @Sendable () async throws -> T) async -> T? {
        var attempt = 0
        while !Task.isCancelled {
            do { return try await body() } catch {
                attempt += 1
                logger.warning(problem, metadata: ["error": "\(error)", "attempt": "\(attempt)"])
                try? await Task.sleep(for: PodStatusWriter.backoff(failures: attempt + 2))
            }
        }
        return nil
    }

    // MARK: What is looked after now and then

    /// Journals that one round may read, so that thousands of pods without a connection do not ask the file server a thousand times a second.
    private static let journalsARound = 100

    /// Reads the journals of running pods whose supervisors have no connection, and renews the volumes of those who have one.
    private func patrol() async {
        var round = 0
        var first = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(3))
            round += 1
            let cared = allWorkers.filter(\.isInCare)
            guard !cared.isEmpty else { continue }
            var journals = 0
            // The next round goes on where this one had to leave the journals.
            first %= cared.count
            var next = first
            for offset in cared.indices {
                let index = (first + offset) % cared.count
                let mayRead = journals < Self.journalsARound
                guard await cared[index].lookAfter(renewVolumes: round % 10 == 0, mayRead: mayRead) else { continue }
                journals += 1
                next = index + 1
            }
            if journals == Self.journalsARound { first = next }
        }
    }
}

/// A change of the pods that are bound to the node.
public enum PodChange: Sendable {
    case present(Pod)
    case absent(Pod)
    /// Everything that was there at the start has been told.
    case synced
}

extension PodManager: SupervisorHandler {
    /// A stranger learns nothing but that it is not let in; whoever has shown the pod's token gets the reason.
    public func admit(_ hello: Hello) async -> SupervisorAdmission {
        let refusal = SupervisorAdmission.refuse(message: "not admitted; try again later")
        do {
            guard let settings = try await services.store.connection(of: hello.uid), settings.token.isEqualInConstantTime(to: hello.token)
            else { return refusal }
        } catch {
            logger.warning("a supervisor's token cannot be checked", metadata: ["uid": "\(hello.uid)", "error": "\(error)"])
            return refusal
        }
        guard let worker = workers[hello.uid] else {
            return .refuse(message: isRecovered ? "the pod is gone" : "the node agent is still starting")
        }
        if let id = await worker.jobID, id != JobID(hello.start) {
            return .refuse(message: "the pod belongs to Slurm job \(id), not to \(hello.start.jobName)")
        }
        return .accept(knownSequence: await worker.knownSequence, delivery: nil)
    }

    public func connected(_ uid: String, _ connection: any SupervisorConnection) async {
        guard let worker = workers[uid] else { return await connection.close() }
        await worker.attach(connection)
    }

    public func received(_ event: PodEvent, from uid: String) async {
        workers[uid]?.send(.event(event))
    }

    public func disconnected(_ uid: String, _ connection: any SupervisorConnection) async {
        await workers[uid]?.detach(connection)
    }
}

extension String {
    /// Takes as long for a near miss as for any other text of the same length.
    func isEqualInConstantTime(to other: String) -> Bool {
        let (left, right) = (Array(utf8), Array(other.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
