import Foundation
import Kubernetes
import PodProtocol
import Slurm
import Testing

@testable import HPKKubelet

@Suite("What a restarted node agent makes of pods, jobs and directories")
struct RecoveryPlanTests {
    static func pod(_ uid: String, phase: PodPhase? = nil) -> Pod {
        Pod(metadata: ObjectMeta(name: uid, namespace: "n", uid: uid), status: PodStatus(phase: phase))
    }

    static func job(_ id: UInt32, _ base: JobState.Base = .running) -> JobRecord {
        JobRecord(id: JobID(rawValue: id), name: "n/p", state: JobState(base), stateReason: StateReason(rawValue: 0, text: "None"))
    }

    static func owned(_ uid: String, _ record: JobRecord) throws -> ClusterJob {
        ClusterJob(comment: try #require(JobComment(cluster: "c", uid: uid)), record: record)
    }

    static func intent(_ uid: String, job: UInt32? = nil) -> RecoveryPlan.Trace {
        RecoveryPlan.Trace(
            intent: SubmissionIntent(uid: uid, namespace: "n", name: uid, jobID: job.map(JobID.init(rawValue:)), imageIDs: ["c": "i"]))
    }

    static func started(_ uid: String, by job: UInt32) -> RecoveryPlan.Trace {
        var trace = intent(uid)
        let start = SupervisorStart(jobID: job, attempt: 0, host: "c1", processID: 1)
        trace.events = [PodEvent(sequence: 1, time: 1, kind: .supervisorStarted(start))]
        return trace
    }

    @Test("A pod without any trace starts afresh")
    func fresh() {
        let plan = RecoveryPlan(pods: [Self.pod("a")], traces: [:], jobs: [])
        #expect(plan.pods["a"]?.jobID == nil)
        #expect(plan.pods["a"]?.isDirectoryLost == false)
        #expect(plan.uncertain.isEmpty)
    }

    @Test("A job that was submitted but not recorded is adopted by the UID it bears")
    func adopted() throws {
        let plan = try RecoveryPlan(pods: [Self.pod("a")], traces: ["a": Self.intent("a")], jobs: [Self.owned("a", Self.job(7))])
        #expect(plan.pods["a"]?.jobID == JobID(rawValue: 7))
        #expect(plan.pods["a"]?.imageIDs == ["c": "i"])
        #expect(plan.uncertain.isEmpty)
    }

    @Test("An intent without a job makes the submission uncertain")
    func uncertain() {
        let plan = RecoveryPlan(pods: [Self.pod("a")], traces: ["a": Self.intent("a")], jobs: [])
        #expect(plan.uncertain == ["a"])
    }

    @Test("The supervisor's own word on its job outweighs all others, and doubles are cancelled")
    func doubles() throws {
        let plan = try RecoveryPlan(
            pods: [Self.pod("a")], traces: ["a": Self.started("a", by: 8)],
            jobs: [Self.owned("a", Self.job(7, .pending)), Self.owned("a", Self.job(8)), Self.owned("a", Self.job(6, .completed))])
        #expect(plan.pods["a"]?.jobID == JobID(rawValue: 8))
        #expect(plan.jobsToCancel == [JobID(rawValue: 7)])
    }

    @Test("The recorded job is kept even when Slurm has forgotten it")
    func recorded() {
        let plan = RecoveryPlan(pods: [Self.pod("a")], traces: ["a": Self.intent("a", job: 5)], jobs: [])
        #expect(plan.pods["a"]?.jobID == JobID(rawValue: 5))
    }

    @Test("A recorded job that Slurm has lost gives way to the live job that took its place")
    func replaced() throws {
        let plan = try RecoveryPlan(
            pods: [Self.pod("a")], traces: ["a": Self.intent("a", job: 5)], jobs: [Self.owned("a", Self.job(9, .pending))])
        #expect(plan.pods["a"]?.jobID == JobID(rawValue: 9))
        #expect(plan.jobsToCancel.isEmpty)
    }

    @Test("A live job is chosen before an ended one")
    func liveFirst() throws {
        let plan = try RecoveryPlan(
            pods: [Self.pod("a")], traces: [:], jobs: [Self.owned("a", Self.job(3, .cancelled)), Self.owned("a", Self.job(9, .pending))])
        #expect(plan.pods["a"]?.jobID == JobID(rawValue: 9))
    }

    @Test("Jobs and directories of pods that are gone are ended and removed")
    func orphans() throws {
        let plan = try RecoveryPlan(
            pods: [], traces: ["gone": Self.intent("gone", job: 4)],
            jobs: [Self.owned("gone", Self.job(4)), Self.owned("gone", Self.job(5, .completed))])
        #expect(plan.jobsToCancel == [JobID(rawValue: 4)])
        #expect(plan.directoriesToRemove == ["gone"])
    }

    @Test("A pod that ran and has neither directory nor job is lost, a waiting one is not", arguments: [PodPhase.running, .pending])
    func lost(phase: PodPhase) {
        let plan = RecoveryPlan(pods: [Self.pod("a", phase: phase)], traces: [:], jobs: [])
        #expect(plan.pods["a"]?.isDirectoryLost == (phase == .running))
    }
}

@Suite("What a restarted node agent makes of job arrays")
struct BatchRecoveryTests {
    typealias Plans = RecoveryPlanTests

    static func batch(_ id: String, job: UInt32? = nil, _ uids: String...) -> BatchRecord {
        BatchRecord(
            id: id, cluster: "c", jobID: job.map { JobID(rawValue: $0) },
            members: uids.map { BatchRecord.Member(uid: $0, namespace: "n", name: $0, imageIDs: ["main": "i-\($0)"]) })
    }

    /// The tasks of an array that wait, and one that has started.
    static func jobs(
        _ batch: String, array: UInt32, waiting: String, started: (task: UInt32, base: JobState.Base)...
    ) throws -> [ClusterJob] {
        let comment = try #require(JobComment(cluster: "c", .batch(batch)))
        var shared = Plans.job(array, .pending)
        shared.arrayTasks = ArrayTasks(waiting)
        var jobs = waiting.isEmpty ? [] : [ClusterJob(comment: comment, record: shared)]
        for (task, base) in started {
            var record = Plans.job(array, base)
            record.id = JobID(array: array, task: task)
            record.number = array + task + 1
            jobs.append(ClusterJob(comment: comment, record: record))
        }
        return jobs
    }

    @Test("Each pod of an unanswered array finds its task, whether it waits, runs or has ended")
    func adopted() throws {
        let plan = RecoveryPlan(
            pods: ["a", "b", "c"].map { Plans.pod($0) }, traces: ["a": .init(), "b": .init(), "c": .init()],
            batches: [Self.batch("x", "a", "b", "c")],
            jobs: try Self.jobs("x", array: 70, waiting: "0", started: (1, .running), (2, .completed)))
        #expect(plan.pods["a"]?.jobID == JobID(array: 70, task: 0))
        #expect(plan.pods["b"]?.jobID == JobID(array: 70, task: 1))
        #expect(plan.pods["c"]?.jobID == JobID(array: 70, task: 2))
        #expect(plan.pods["c"]?.imageIDs == ["main": "i-c"])
        #expect(plan.uncertain.isEmpty && plan.jobsToCancel.isEmpty && plan.batchesToRemove.isEmpty)
        #expect(plan.batchesToKeep.map(\.pods) == [["a", "b", "c"]])
    }

    @Test("An array that Slurm does not have leaves its pods uncertain, and its file is to go before they start afresh")
    func neverTaken() {
        let plan = RecoveryPlan(
            pods: [Plans.pod("a"), Plans.pod("b")], traces: [:], batches: [Self.batch("x", "a", "b")], jobs: [])
        #expect(plan.uncertain == ["a", "b"])
        #expect(plan.batchesToRemove == ["x"])
    }

    @Test("The recorded array is kept even when Slurm has forgotten it")
    func recorded() {
        let plan = RecoveryPlan(pods: [Plans.pod("b")], traces: [:], batches: [Self.batch("x", job: 9, "a", "b")], jobs: [])
        #expect(plan.pods["b"]?.jobID == JobID(array: 9, task: 1))
        #expect(plan.uncertain.isEmpty && plan.batchesToRemove.isEmpty)
        #expect(plan.batchesToKeep.map(\.pods) == [["b"]])
    }

    @Test("Tasks of pods that are gone are cancelled one by one, those of the others stay")
    func orphans() throws {
        let plan = RecoveryPlan(
            pods: [Plans.pod("b")], traces: [:], batches: [Self.batch("x", job: 70, "a", "b", "c")],
            jobs: try Self.jobs("x", array: 70, waiting: "0-1", started: (2, .running)))
        #expect(plan.jobsToCancel == [JobID(array: 70, task: 0), JobID(array: 70, task: 2)])
        #expect(plan.batchesToRemove.isEmpty)
    }

    @Test("A batch without any pod goes with its file")
    func noPods() throws {
        let plan = RecoveryPlan(
            pods: [], traces: [:], batches: [Self.batch("x", job: 70, "a")], jobs: try Self.jobs("x", array: 70, waiting: "0"))
        #expect(plan.jobsToCancel == [JobID(array: 70, task: 0)])
        #expect(plan.batchesToRemove == ["x"])
    }

    @Test("Where the batch file is lost, tasks that a supervisor has claimed live on and the others are cancelled")
    func lostFile() throws {
        var trace = RecoveryPlan.Trace()
        let start = SupervisorStart(jobID: 72, arrayJobID: 70, arrayTaskID: 1, attempt: 0, host: "c1", processID: 1)
        trace.events = [PodEvent(sequence: 1, time: 1, kind: .supervisorStarted(start))]
        let plan = RecoveryPlan(
            pods: [Plans.pod("a"), Plans.pod("b")], traces: ["b": trace],
            jobs: try Self.jobs("x", array: 70, waiting: "0", started: (1, .running), (2, .running)))
        #expect(plan.pods["b"]?.jobID == JobID(array: 70, task: 1))
        #expect(plan.pods["a"]?.jobID == nil)
        #expect(plan.jobsToCancel == [JobID(array: 70, task: 0), JobID(array: 70, task: 2)])
    }

    @Test("A pod that was in an array which was refused, and then went elsewhere, belongs to where it went")
    func twoBatches() throws {
        let plan = RecoveryPlan(
            pods: [Plans.pod("a"), Plans.pod("b")], traces: [:], batches: [Self.batch("x", "a", "b"), Self.batch("y", job: 8, "b", "a")],
            jobs: try Self.jobs("y", array: 8, waiting: "0-1"))
        #expect(plan.pods["a"]?.jobID == JobID(array: 8, task: 1))
        #expect(plan.batchesToRemove == ["x"])
        #expect(plan.jobsToCancel.isEmpty)
    }
}

@Suite("Reading a pod's journal")
struct JournalReaderTests {
    private static func line(_ sequence: UInt64) throws -> String {
        String(decoding: try MessageCoding.encode(PodEvent(sequence: sequence, time: 5, kind: .finished)), as: UTF8.self)
    }

    @Test("Whole lines are read, in order of sequence")
    func wholeLines() throws {
        let text = try Self.line(2) + "\n" + Self.line(1) + "\n\n"
        let (events, problems) = JournalReader.read(Array(text.utf8))
        #expect(events.map(\.sequence) == [1, 2])
        #expect(problems.isEmpty)
    }

    @Test("A line that is still being written is left alone")
    func tornLine() throws {
        let text = try Self.line(1) + "\n" + Self.line(2).dropLast(4)
        let (events, problems) = JournalReader.read(Array(text.utf8))
        #expect(events.map(\.sequence) == [1])
        #expect(problems.isEmpty)
    }

    @Test(
        "A malformed line is told and skipped",
        arguments: ["{}", "nonsense", "\u{0}\u{0}", #"{"sequence":-1,"time":1,"kind":{"finished":{}}}"#])
    func malformed(line: String) throws {
        let text = try line + "\n" + Self.line(3) + "\n"
        let (events, problems) = JournalReader.read(Array(text.utf8))
        #expect(events.map(\.sequence) == [3])
        #expect(problems.count == 1)
        #expect(problems.first?.contains("journal line 1") == true)
    }
}
