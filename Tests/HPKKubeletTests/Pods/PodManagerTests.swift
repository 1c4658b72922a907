import Foundation
import Kubernetes
import Logging
import NIOPosix
import PodProtocol
import Slurm
import Synchronization
import Testing

@testable import HPKKubelet

/// Slurm as a table: jobs appear when they are submitted, and end when they are cancelled.
private final class TableSlurm: JobControlling, JobSource, JobSubmitting {
    struct State {
        var jobs: [ClusterJob] = []
        var submissions = 0
        /// What the next submissions throw, after they were applied or not.
        var faults: [(error: SubmissionRefusal, applied: Bool)] = []
        var cancelled: [JobID] = []
    }

    let state = Mutex(State())

    func submit(_ submission: JobSubmission) async throws -> JobID {
        try state.withLock { state in
            state.submissions += 1
            let fault = state.faults.isEmpty ? nil : state.faults.removeFirst()
            if let fault, !fault.applied { throw fault.error }
            let comment = try #require(JobComment(parsing: submission.comment ?? ""))
            let id = add(comment, .running, tasks: submission.arrayTasks, to: &state)
            if let fault { throw fault.error }
            return id
        }
    }

    func add(uid: String, _ base: JobState.Base) throws -> JobID {
        let comment = try #require(JobComment(cluster: "c", uid: uid))
        return state.withLock { add(comment, base, tasks: nil, to: &$0) }
    }

    private func add(_ comment: JobComment, _ base: JobState.Base, tasks: UInt32?, to state: inout State) -> JobID {
        let id = JobID(rawValue: UInt32(100 + state.jobs.count))
        let record = JobRecord(
            id: id, name: "j", comment: comment.description, state: JobState(base), stateReason: StateReason(rawValue: 0, text: "None"))
        for task in 0..<(tasks ?? 1) {
            var record = record
            if tasks != nil { record.id = JobID(array: id.rawValue, task: task) }
            state.jobs.append(ClusterJob(comment: comment, record: record))
        }
        return id
    }

    func cancel(_ id: JobID) async throws {
        state.withLock { state in
            state.cancelled.append(id)
            for index in state.jobs.indices where state.jobs[index].record.id == id {
                state.jobs[index].record.state = JobState(.cancelled)
            }
        }
    }

    func terminate(_ id: JobID) async throws { try await cancel(id) }
    func userJobs() async throws -> UserJobs { UserJobs(state.withLock { $0.jobs.map(\.record) }) }
    func podJobs() async throws -> [ClusterJob] { state.withLock { $0.jobs } }
}

/// The API server as a list of what was asked of it.
private final class RecordingAPI: PodAPI {
    enum Call: Sendable, Equatable {
        case status(String, PodPhase?)
        case deletion(String)
    }

    let calls: AsyncStream<Call>
    private let mailbox: AsyncStream<Call>.Continuation

    init() { (calls, mailbox) = AsyncStream.makeStream() }

    func write(_ update: PodStatusUpdate) async throws { mailbox.yield(.status(update.uid, update.status.phase)) }
    func confirmDeletion(namespace: String, name: String, uid: String) async throws { mailbox.yield(.deletion(uid)) }
}

private struct ReadyPreparer: PodPreparing {
    let store: PodDirectoryStore

    func prepare(_ pod: Pod, note: @escaping @Sendable (PodNote) -> Void) async throws -> PreparedPod {
        try await store.write(plan: Bench.plan(pod.metadata.uid), connection: Bench.settings)
        let submission = JobSubmission(
            name: "n/p", comment: JobComment(cluster: "c", uid: pod.metadata.uid)?.description, script: "#!/bin/sh\n", environment: [:],
            workingDirectory: "/")
        return PreparedPod(submission: submission, imageIDs: [:], delivery: nil)
    }

    func delivery(for pod: Pod) async throws -> Delivery? { nil }
    func renewal(for pod: Pod) async throws -> Delivery? { nil }
    func forget(_ uid: String) async {}
}

/// A manager among fakes, with a real directory of pods.
private struct Bench {
    let folder: TemporaryFolder
    let slurm = TableSlurm()
    let api = RecordingAPI()
    let store: PodDirectoryStore
    let feed: JobFeed
    let manager: PodManager
    let changes: AsyncStream<PodChange>
    let mailbox: AsyncStream<PodChange>.Continuation

    init(resyncPeriod: Duration = .seconds(3600)) throws {
        folder = try TemporaryFolder()
        let logger = Logger(label: "test")
        store = PodDirectoryStore(root: folder.path, threads: .singleton)
        feed = JobFeed(
            source: slurm, pace: QueryPace(shortest: 0.001, expecting: 0.005, queued: 0.005, resting: 0.005, loadFactor: 0), logger: logger)
        let batches = BatchStore(root: folder.path + "-batches", threads: .singleton)
        let submitter = JobSubmitter(
            JobSubmitter.Surroundings(
                cluster: "c", jobs: slurm, store: store, batches: batches, script: { "#!/bin/sh\n: \($0)\n" },
                limits: { SubmissionQueue.Limits() }, logger: logger))
        let access = SupervisorAccess(endpoints: ["new.example:1"], certificateAuthority: "CA", serverName: "agent")
        manager = PodManager(
            services: PodServices(
                store: store, preparer: ReadyPreparer(store: store), jobs: slurm, submitter: submitter, batches: batches, feed: feed,
                api: api,
                status: PodStatusWriter(api: api, logger: logger), access: { access }, record: { _, _ in }, logger: logger),
            jobs: slurm, settle: .milliseconds(1), resyncPeriod: resyncPeriod)
        (changes, mailbox) = AsyncStream.makeStream()
    }

    static func pod(_ uid: String) -> Pod {
        Pod(metadata: ObjectMeta(name: uid, namespace: "n", uid: uid), spec: PodSpec(containers: [Container(name: "main", image: "i")]))
    }

    static func plan(_ uid: String) -> LaunchPlan {
        LaunchPlan(uid: uid, namespace: "n", name: uid, nodeName: "x", hostname: "h", containers: [], initProgram: "/i")
    }

    static let settings = ConnectionSettings(
        endpoints: ["old.example:1"], certificateAuthority: "CA", serverName: "agent", token: "secret")

    /// Waits until the pod's worker knows its job.
    func job(of uid: String) async throws -> JobID {
        let worker = try #require(await manager.worker(uid))
        while true {
            if let job = await worker.jobID { return job }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Waits until something outside of the test's sight is so.
    func eventually(_ condition: () async throws -> Bool) async throws {
        while try await !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    /// Leaves a pod's directory as an earlier agent did.
    func leave(_ uid: String, job: JobID?, events: [PodEvent] = []) async throws {
        try await store.write(plan: Self.plan(uid), connection: Self.settings)
        try await store.write(SubmissionIntent(uid: uid, namespace: "n", name: uid, jobID: job, imageIDs: [:]))
        let lines = try events.map { String(decoding: try MessageCoding.encode($0), as: UTF8.self) + "\n" }.joined()
        try folder.write("\(uid)/journal.jsonl", lines)
    }

    /// Runs the manager around a test's body.
    func running(_ body: () async throws -> Void) async throws {
        let tasks = [Task { await feed.run() }, Task { await manager.run(changes) }]
        defer { for task in tasks { task.cancel() } }
        try await body()
    }

    /// Takes the API's calls until one of them is so.
    func until(_ call: RecordingAPI.Call) async {
        for await made in api.calls where made == call { return }
    }
}

@Suite("The manager of all pods", .timeLimit(.minutes(1)))
struct PodManagerTests {
    private static let exit = ContainerExit(exitCode: 0, reason: "Completed", startedAt: 1, finishedAt: 2)

    private static func life(job: JobID) -> [PodEvent] {
        [
            PodEvent(
                sequence: 1, time: 1,
                kind: .supervisorStarted(SupervisorStart(jobID: job.rawValue, attempt: 0, host: "c1", processID: 1))),
            PodEvent(sequence: 2, time: 2, kind: .containerStarted(container: "main", restartCount: 0, containerID: "x")),
            PodEvent(sequence: 3, time: 3, kind: .containerExited(container: "main", restartCount: 0, exit: exit)),
            PodEvent(sequence: 4, time: 4, kind: .finished),
        ]
    }

    @Test("A pod is submitted once, ends as its supervisor says, and its directory goes with its object")
    func wholeLife() async throws {
        let bench = try Bench()
        try await bench.running {
            bench.mailbox.yield(.synced)
            bench.mailbox.yield(.present(Bench.pod("a")))
            await bench.until(.status("a", .pending))
            let job = try await bench.job(of: "a")
            for event in Self.life(job: job) { await bench.manager.received(event, from: "a") }
            await bench.until(.status("a", .succeeded))
            var deleted = Bench.pod("a")
            deleted.metadata.deletionTimestamp = Timestamp(Date())
            bench.mailbox.yield(.present(deleted))
            await bench.until(.deletion("a"))
            bench.mailbox.yield(.absent(deleted))
            try await bench.eventually { await bench.manager.worker("a") == nil }
            #expect(bench.slurm.state.withLock { $0.submissions } == 1)
            #expect(try await bench.store.uids().isEmpty)
        }
    }

    @Test("A submission whose answer was lost is found by the pod's UID, not made again")
    func lostAnswer() async throws {
        let bench = try Bench()
        bench.slurm.state.withLock {
            $0.faults = [(SubmissionRefusal(.unknown("time-out"), message: "time-out"), applied: true)]
        }
        try await bench.running {
            bench.mailbox.yield(.synced)
            bench.mailbox.yield(.present(Bench.pod("a")))
            await bench.until(.status("a", .pending))
            let job = try await bench.job(of: "a")
            #expect(bench.slurm.state.withLock { $0.submissions } == 1)
            #expect(job == bench.slurm.state.withLock { $0.jobs.first?.record.id })
        }
    }

    @Test("A restarted agent adopts jobs, ends those of pods that are gone, and submits nothing twice")
    func restart() async throws {
        let bench = try Bench()
        let unrecorded = try bench.slurm.add(uid: "unrecorded", .running)
        let finished = try bench.slurm.add(uid: "finished", .completed)
        let orphan = try bench.slurm.add(uid: "gone", .running)
        try await bench.leave("unrecorded", job: nil)
        try await bench.leave("finished", job: finished, events: Self.life(job: finished))
        try await bench.leave("gone", job: orphan)
        for uid in ["unrecorded", "finished"] { bench.mailbox.yield(.present(Bench.pod(uid))) }
        bench.mailbox.yield(.synced)
        try await bench.running {
            await bench.until(.status("finished", .succeeded))
            #expect(try await bench.job(of: "unrecorded") == unrecorded)
            try await bench.eventually { try await !bench.store.uids().contains("gone") }
            #expect(bench.slurm.state.withLock { $0.cancelled } == [orphan])
            #expect(bench.slurm.state.withLock { $0.submissions } == 0)
            let settings = try #require(try await bench.store.connection(of: "unrecorded"))
            #expect(settings.endpoints == ["new.example:1"])
            #expect(settings.token == "secret")
        }
    }

    @Test("A resync comes by itself after each period, and writes a status again that the object does not show")
    func resync() async throws {
        let bench = try Bench(resyncPeriod: .milliseconds(20))
        try await bench.running {
            bench.mailbox.yield(.synced)
            bench.mailbox.yield(.present(Bench.pod("a")))
            // The object in the manager's hands never shows what was written.
            for _ in 0..<3 { await bench.until(.status("a", .pending)) }
        }
    }

    @Test("A supervisor is let in by its pod's token and job, and a stranger learns nothing")
    func admission() async throws {
        let bench = try Bench()
        let job = try bench.slurm.add(uid: "a", .running)
        try await bench.leave("a", job: job)
        bench.mailbox.yield(.present(Bench.pod("a")))
        bench.mailbox.yield(.synced)
        try await bench.running {
            await bench.until(.status("a", .pending))
            func hello(uid: String = "a", token: String, job: UInt32) -> Hello {
                Hello(
                    uid: uid, token: token, start: SupervisorStart(jobID: job, attempt: 0, host: "c1", processID: 1), lastSequence: 0)
            }
            #expect(
                await bench.manager.admit(hello(token: "secret", job: job.rawValue)) == .accept(knownSequence: 0, delivery: nil))
            let stranger = await bench.manager.admit(hello(token: "guess", job: job.rawValue))
            #expect(stranger == .refuse(message: "not admitted; try again later"))
            #expect(await bench.manager.admit(hello(uid: "b", token: "secret", job: 1)) == stranger)
            #expect(await bench.manager.admit(hello(uid: "../a", token: "secret", job: 1)) == stranger)
            guard case .refuse(let words) = await bench.manager.admit(hello(token: "secret", job: 1)) else {
                Issue.record("a supervisor of another job was let in")
                return
            }
            #expect(words.contains("belongs to Slurm job \(job)"))
        }
    }
}
