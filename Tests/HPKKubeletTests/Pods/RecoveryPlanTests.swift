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
    func adopted() {
        let plan = RecoveryPlan(pods: [Self.pod("a")], traces: ["a": Self.intent("a")], jobs: [("a", Self.job(7))])
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
    func doubles() {
        let plan = RecoveryPlan(
            pods: [Self.pod("a")], traces: ["a": Self.started("a", by: 8)],
            jobs: [("a", Self.job(7, .pending)), ("a", Self.job(8)), ("a", Self.job(6, .completed))])
        #expect(plan.pods["a"]?.jobID == JobID(rawValue: 8))
        #expect(plan.jobsToCancel == [JobID(rawValue: 7)])
    }

    @Test("The recorded job is kept even when Slurm has forgotten it")
    func recorded() {
        let plan = RecoveryPlan(pods: [Self.pod("a")], traces: ["a": Self.intent("a", job: 5)], jobs: [])
        #expect(plan.pods["a"]?.jobID == JobID(rawValue: 5))
    }

    @Test("A live job is chosen before an ended one")
    func liveFirst() {
        let plan = RecoveryPlan(
            pods: [Self.pod("a")], traces: [:], jobs: [("a", Self.job(3, .cancelled)), ("a", Self.job(9, .pending))])
        #expect(plan.pods["a"]?.jobID == JobID(rawValue: 9))
    }

    @Test("Jobs and directories of pods that are gone are ended and removed")
    func orphans() {
        let plan = RecoveryPlan(
            pods: [], traces: ["gone": Self.intent("gone", job: 4)], jobs: [("gone", Self.job(4)), ("gone", Self.job(5, .completed))])
        #expect(plan.jobsToCancel == [JobID(rawValue: 4)])
        #expect(plan.directoriesToRemove == ["gone"])
    }

    @Test("A pod that ran and has neither directory nor job is lost, a waiting one is not", arguments: [PodPhase.running, .pending])
    func lost(phase: PodPhase) {
        let plan = RecoveryPlan(pods: [Self.pod("a", phase: phase)], traces: [:], jobs: [])
        #expect(plan.pods["a"]?.isDirectoryLost == (phase == .running))
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
