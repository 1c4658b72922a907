import Foundation
import Kubernetes
import PodProtocol
import Slurm
import Testing

@testable import HPKKubelet

@Suite("Every end that Slurm, the user or a restart can give a pod")
struct PodMachineEndTests {
    typealias Harness = PodMachineHarness

    struct End: CustomTestStringConvertible, Sendable {
        var state: JobState.Base
        var reason: String
        var lostReason = "ContainerStatusUnknown"
        var testDescription: String { state.name }
    }

    static let ends = [
        End(state: .completed, reason: "SupervisorLost"), End(state: .failed, reason: "SupervisorLost"),
        End(state: .cancelled, reason: "SlurmJobCancelled"), End(state: .timeout, reason: "SlurmTimeLimit"),
        End(state: .nodeFail, reason: "NodeFailure"), End(state: .preempted, reason: "Preempted"),
        End(state: .outOfMemory, reason: "OOMKilled", lostReason: "OOMKilled"), End(state: .bootFail, reason: "NodeBootFailure"),
        End(state: .deadline, reason: "SlurmDeadline"),
    ]

    @Test("A running pod whose job Slurm ends has phase, reason, message and container states", arguments: ends)
    func slurmEnds(end: End) {
        var pod = Harness()
        pod.submit()
        pod.start("main")
        #expect(pod.send(.jobChanged(Harness.record(end.state))) == [.readJournal])
        for _ in 1..<PodMachine.journalLooks {
            #expect(pod.send(.journal([])).actions == [.startTimer(.journal, seconds: 0.5)])
            #expect(pod.send(.timerFired(.journal)) == [.readJournal])
        }
        #expect(pod.send(.journal([])).notes == [end.reason])
        let status = pod.status
        #expect(status?.phase == .failed)
        #expect(status?.reason == end.reason)
        #expect(status?.message?.contains("job 42") == true)
        #expect(status?.containerStatuses.first?.state.terminated?.exitCode == 137)
        #expect(status?.containerStatuses.first?.state.terminated?.reason == end.lostReason)
        #expect(status?.conditions.first { $0.type == "Ready" }?.status == .false)
    }

    @Test(
        "A pod whose sandbox could not be made fails with that reason, whichever of event and end of job is seen first",
        arguments: [true, false])
    func sandboxFails(eventFirst: Bool) {
        var pod = Harness()
        pod.submit()
        _ = pod.event(.supervisorStarted(SupervisorStart(jobID: 42, attempt: 0, host: "c1", processID: 1)))
        let failure = PodEvent.Kind.sandboxFailed(reason: "FailedMount", message: "hostPath type check failed: /a is not a directory")
        if eventFirst {
            _ = pod.event(failure)
            _ = pod.send(.jobChanged(Harness.record(.failed)))
        } else {
            #expect(pod.send(.jobChanged(Harness.record(.failed))) == [.readJournal])
            _ = pod.send(.journal([PodEvent(sequence: 2, time: 1, kind: failure)]))
        }
        #expect(pod.status?.phase == .failed)
        #expect(pod.status?.reason == "FailedMount")
        #expect(pod.status?.message == "hostPath type check failed: /a is not a directory")
    }

    @Test("A pod whose job ends while it waits in the queue fails at once", arguments: ends.filter { $0.state != .completed })
    func endsInQueue(end: End) {
        var pod = Harness()
        pod.submit()
        _ = pod.send(.jobChanged(Harness.record(end.state)))
        _ = pod.send(.journal([]))
        #expect(pod.status?.phase == .failed)
        #expect(pod.status?.reason == (end.state == .failed ? "SlurmJobFailed" : end.reason))
        #expect(pod.status?.containerStatuses.first?.state.running == nil)
    }

    @Test("The journal's last words outweigh Slurm's state")
    func journalTells() {
        var pod = Harness()
        pod.submit()
        pod.start("main")
        _ = pod.send(.jobChanged(Harness.record(.failed)))
        let exit = ContainerExit(exitCode: 3, reason: "Error", startedAt: 1, finishedAt: 2)
        _ = pod.send(
            .journal([
                PodEvent(sequence: 4, time: 3, kind: .containerExited(container: "main", restartCount: 0, exit: exit)),
                PodEvent(sequence: 5, time: 4, kind: .finished),
            ]))
        #expect(pod.status?.phase == .failed)
        #expect(pod.status?.reason == nil)
        #expect(pod.status?.containerStatuses.first?.state.terminated?.exitCode == 3)
    }

    @Test("A pod that Slurm told to stop waits for Slurm's word on why")
    func stoppedBySlurm() {
        var pod = Harness()
        pod.submit()
        pod.start("main")
        #expect(pod.event(.stopping(reason: "signal 15")).notes == ["Killing"])
        pod.exit("main", 143)
        #expect(pod.event(.finished) == [.refresh(Harness.job)])
        #expect(!pod.machine.isOver)
        _ = pod.send(.jobChanged(Harness.record(.cancelled)))
        #expect(pod.status?.phase == .failed)
        #expect(pod.status?.reason == "SlurmJobCancelled")
        #expect(pod.status?.containerStatuses.first?.state.terminated?.exitCode == 143)
    }

    @Test("A pod that heeds Slurm's warning before the time limit still says that the limit was the cause")
    func warnedBeforeLimit() {
        var pod = Harness(Harness.pod(deadline: 600))
        pod.submit()
        pod.start("main")
        _ = pod.event(.stopping(reason: "signal 15"))
        pod.exit("main", 143)
        _ = pod.event(.finished)
        var record = Harness.record(.failed)
        record.timeLimitMinutes = 10
        record.startTime = Harness.epoch
        record.endTime = Harness.epoch + 545
        _ = pod.send(.jobChanged(record))
        #expect(pod.status?.reason == "DeadlineExceeded")
    }

    @Test("A job that Slurm has lost before it began is submitted again, three times at most")
    func lost() {
        var pod = Harness()
        pod.submit()
        for _ in 0..<PodMachine.lostJobsAtMost {
            #expect(pod.send(.jobForgotten) == [.readJournal])
            let effects = pod.send(.journal([]))
            #expect(effects.actions == [.abandon(Harness.job), .prepare])
            #expect(effects.notes == ["SlurmJobLost"])
            #expect(pod.status?.phase == .pending && pod.machine.annotations.isEmpty)
            #expect(pod.send(.prepared(imageIDs: [:])) == [.submit])
            #expect(pod.send(.submitted(Harness.job)).actions == [.follow(Harness.job)])
        }
        _ = pod.send(.jobForgotten)
        _ = pod.send(.journal([]))
        #expect(pod.status?.reason == "SlurmJobLost")
    }

    @Test("A job that began, or that an earlier agent submitted, is not submitted again when Slurm has forgotten it")
    func forgotten() {
        var began = Harness()
        began.submit()
        began.start("main")
        #expect(began.send(.jobForgotten) == [.readJournal])
        for _ in 0..<PodMachine.journalLooks { _ = began.send(.journal([])) }
        #expect(began.status?.reason == "SlurmJobLost")
        var adopted = Harness()
        _ = adopted.send(.recovered(PodRecovery(jobID: Harness.job)))
        _ = adopted.send(.jobForgotten)
        _ = adopted.send(.journal([]))
        #expect(adopted.status?.reason == "SlurmJobLost")
        var unwanted = Harness()
        unwanted.submit()
        _ = unwanted.delete(grace: 30)
        _ = unwanted.send(.jobForgotten)
        _ = unwanted.send(.journal([]))
        #expect(unwanted.machine.isOver)
    }

    @Test("A requeued job puts the containers back to waiting and counts on in the next attempt")
    func requeue() {
        var pod = Harness()
        pod.submit()
        pod.start("main")
        #expect(pod.send(.jobChanged(Harness.record(.nodeFail, flags: .requeue))).isEmpty)
        #expect(
            pod.send(.jobChanged(Harness.record(.pending, reason: "BeginTime", restarts: 1))).notes == ["SlurmRequeued", "SlurmPending"])
        #expect(pod.status?.containerStatuses.first?.state.waiting?.reason == "SlurmPending")
        #expect(pod.status?.containerStatuses.first?.lastState.terminated?.reason == "ContainerStatusUnknown")
        #expect(!pod.machine.isOver)
        #expect(pod.send(.jobChanged(Harness.record(.pending, reason: "BeginTime", restarts: 1))).isEmpty)
        pod.start(attempt: 1)
        _ = pod.event(.containerStarted(container: "main", restartCount: 1, containerID: "again"))
        #expect(pod.status?.phase == .running)
        #expect(pod.status?.containerStatuses.first?.lastState.terminated?.exitCode == 137)
        pod.exit("main", 0, count: 1)
        _ = pod.event(.finished)
        #expect(pod.status?.phase == .succeeded)
    }

    @Test("A requeued pod shows that it waits although its first run's end was told, and its deletion ends the job at once")
    func requeueAfterEnd() {
        var pod = Harness()
        pod.submit()
        pod.start("main")
        _ = pod.event(.stopping(reason: "the job received SIGTERM"))
        pod.exit("main", 143)
        _ = pod.event(.finished)
        #expect(
            pod.send(.jobChanged(Harness.record(.pending, reason: "BeginTime", restarts: 1))).notes == ["SlurmRequeued", "SlurmPending"])
        let status = pod.status
        #expect(status?.containerStatuses.first?.state.waiting?.reason == "SlurmPending")
        #expect(status?.containerStatuses.first?.lastState.terminated?.exitCode == 143)
        #expect(pod.delete(grace: 30).contains(.cancelJob(Harness.job)))
    }

    @Test("What the first run of a requeued job still tells does not end the pod")
    func lateEndOfFirstRun() {
        var pod = Harness()
        pod.submit()
        pod.start("main")
        _ = pod.send(.jobChanged(Harness.record(.pending, flags: .completing, reason: "BeginTime", restarts: 1)))
        _ = pod.event(.stopping(reason: "the job received SIGTERM"))
        pod.exit("main", 143)
        #expect(pod.event(.finished).isEmpty)
        #expect(!pod.machine.isOver)
        #expect(pod.status?.containerStatuses.first?.state.waiting?.reason == "SlurmPending")
        #expect(pod.status?.containerStatuses.first?.lastState.terminated?.exitCode == 143)
        pod.start(attempt: 1)
        _ = pod.event(.containerStarted(container: "main", restartCount: 1, containerID: "again"))
        pod.exit("main", 0, count: 1)
        _ = pod.event(.finished)
        #expect(pod.status?.phase == .succeeded)
    }

    @Test("Slurm's last state of a job stands in the annotations although the containers had told the pod's end before")
    func lastState() {
        var pod = Harness()
        pod.submit()
        pod.start("main")
        _ = pod.send(.jobChanged(Harness.record(.running)))
        pod.exit("main", 0)
        _ = pod.event(.finished)
        #expect(pod.machine.annotations["slurm.hpk.io/job-state"] == "RUNNING")
        #expect(pod.send(.jobChanged(Harness.record(.completed))).isEmpty)
        #expect(pod.machine.annotations["slurm.hpk.io/job-state"] == "COMPLETED")
        #expect(pod.status?.phase == .succeeded)
    }

    @Test("A deadline counts from the supervisor's start and ends the pod as DeadlineExceeded")
    func activeDeadline() {
        var pod = Harness(Harness.pod(deadline: 100, grace: 5))
        pod.submit()
        pod.now += 1000
        let started = pod.event(.supervisorStarted(SupervisorStart(jobID: 42, attempt: 0, host: "c1", processID: 1)))
        #expect(started == [.startTimer(.activeDeadline, seconds: 100)])
        _ = pod.send(.connectionOpened)
        _ = pod.event(.containerStarted(container: "main", restartCount: 0, containerID: "x"))
        let fired = pod.send(.timerFired(.activeDeadline))
        #expect(fired.actions == [.stop(StopRequest(graceSeconds: 5, reason: "DeadlineExceeded")), .startTimer(.grace, seconds: 10)])
        _ = pod.event(.stopping(reason: "DeadlineExceeded"))
        pod.exit("main", 143)
        _ = pod.event(.finished)
        #expect(pod.status?.phase == .failed)
        #expect(pod.status?.reason == "DeadlineExceeded")
    }

    // MARK: Deletion

    @Test("A pod deleted while it is prepared is confirmed at once")
    func deletedWhilePreparing() {
        var pod = Harness()
        _ = pod.send(.recovered(PodRecovery()))
        #expect(pod.delete(grace: 30).actions == [.cancelPreparation, .confirmDeletion])
        #expect(pod.send(.podRemoved) == [.discard])
        #expect(pod.send(.podRemoved).isEmpty)
    }

    @Test("A pod deleted while it is being submitted is cancelled when Slurm has answered")
    func deletedWhileSubmitting() {
        var pod = Harness()
        _ = pod.send(.recovered(PodRecovery()))
        _ = pod.send(.prepared(imageIDs: [:]))
        #expect(pod.delete(grace: 30) == [.withdrawSubmission])
        #expect(
            pod.send(.submitted(Harness.job)).actions
                == [.follow(Harness.job), .cancelJob(Harness.job), .startTimer(.grace, seconds: PodMachine.graceSlack)])
        _ = pod.send(.jobChanged(Harness.record(.cancelled)))
        #expect(pod.send(.journal([])).actions == [.confirmDeletion])
    }

    @Test("A queued pod's job is cancelled without grace")
    func deletedInQueue() {
        var pod = Harness()
        pod.submit()
        #expect(pod.delete(grace: 30).actions == [.cancelJob(Harness.job), .startTimer(.grace, seconds: PodMachine.graceSlack)])
    }

    @Test("A running pod is asked to stop, by its connection or else by a signal", arguments: [true, false])
    func deletedWhileRunning(connected: Bool) {
        var pod = Harness()
        pod.submit()
        if connected { _ = pod.send(.connectionOpened) }
        pod.start("main")
        let ask: PodEffect = connected ? .stop(StopRequest(graceSeconds: 30, reason: "Deleted")) : .terminateJob(Harness.job)
        #expect(pod.delete(grace: 30).actions == [ask, .startTimer(.grace, seconds: 35)])
        #expect(pod.delete(grace: 30).isEmpty)
        _ = pod.event(.stopping(reason: "Deleted"))
        pod.exit("main", 143)
        #expect(pod.event(.finished).actions == [.confirmDeletion])
    }

    @Test("A second deletion may shorten the grace, never lengthen it")
    func graceShortened() {
        var pod = Harness()
        pod.submit()
        _ = pod.send(.connectionOpened)
        pod.start("main")
        _ = pod.delete(grace: 30)
        #expect(pod.delete(grace: 60).isEmpty)
        #expect(pod.delete(grace: 1).actions.first == .stop(StopRequest(graceSeconds: 1, reason: "Deleted")))
        #expect(
            pod.delete(grace: 0).actions
                == [.stop(StopRequest(graceSeconds: 0, reason: "Deleted")), .startTimer(.grace, seconds: PodMachine.killSlack)])
        #expect(pod.send(.timerFired(.grace)).actions.first == .cancelJob(Harness.job))
    }

    @Test("Without a connection a pod without grace is ended by Slurm at once")
    func graceZeroUnconnected() {
        var pod = Harness()
        pod.submit()
        pod.start("main")
        #expect(pod.delete(grace: 0).actions == [.cancelJob(Harness.job), .startTimer(.grace, seconds: PodMachine.graceSlack)])
    }

    @Test("A pod that does not stop in its grace is ended by Slurm, again and again until it is over")
    func graceOver() {
        var pod = Harness()
        pod.submit()
        pod.start("main")
        _ = pod.delete(grace: 1)
        for _ in 0..<3 {
            #expect(
                pod.send(.timerFired(.grace)).actions
                    == [.cancelJob(Harness.job), .refresh(Harness.job), .startTimer(.grace, seconds: 30)])
        }
    }

    @Test("A pod removed by force ends its job, then its directory goes")
    func removedByForce() {
        var pod = Harness()
        pod.submit()
        pod.start("main")
        #expect(pod.send(.podRemoved).actions == [.cancelJob(Harness.job), .startTimer(.grace, seconds: PodMachine.graceSlack)])
        _ = pod.send(.jobChanged(Harness.record(.cancelled)))
        var effects: [PodEffect] = []
        for _ in 0..<PodMachine.journalLooks { effects += pod.send(.journal([])) }
        #expect(effects.contains(.discard))
        #expect(pod.status == nil)
    }

    @Test("A finished pod that is deleted is confirmed")
    func deletedAfterEnd() {
        var pod = Harness()
        pod.submit()
        pod.start("main")
        pod.exit("main", 0)
        _ = pod.event(.finished)
        #expect(pod.delete(grace: 30).actions == [.confirmDeletion])
    }

    // MARK: Restart of the node agent

    @Test("After a restart a job is followed and its journal counted in, without repeating events")
    func recoveredRunning() {
        var pod = Harness()
        let events = [
            PodEvent(sequence: 1, time: 1, kind: .supervisorStarted(SupervisorStart(jobID: 42, attempt: 0, host: "c1", processID: 1))),
            PodEvent(sequence: 2, time: 2, kind: .containerStarted(container: "main", restartCount: 0, containerID: "x")),
        ]
        let effects = pod.send(.recovered(PodRecovery(jobID: Harness.job, events: events)))
        #expect(effects.actions.contains(.follow(Harness.job)))
        #expect(effects.notes.isEmpty)
        #expect(pod.status?.phase == .running)
    }

    @Test("After a restart a pod that finished meanwhile gets its end")
    func recoveredFinished() {
        var pod = Harness()
        let exit = ContainerExit(exitCode: 0, reason: "Completed", startedAt: 1, finishedAt: 2)
        let events = [
            PodEvent(sequence: 1, time: 1, kind: .supervisorStarted(SupervisorStart(jobID: 42, attempt: 0, host: "c1", processID: 1))),
            PodEvent(sequence: 2, time: 2, kind: .containerStarted(container: "main", restartCount: 0, containerID: "x")),
            PodEvent(sequence: 3, time: 3, kind: .containerExited(container: "main", restartCount: 0, exit: exit)),
            PodEvent(sequence: 4, time: 4, kind: .finished),
        ]
        _ = pod.send(.recovered(PodRecovery(jobID: Harness.job, events: events)))
        #expect(pod.status?.phase == .succeeded)
    }

    @Test("A pod whose end the API server already has is left as it is", arguments: [PodPhase.succeeded, .failed])
    func recoveredOver(phase: PodPhase) {
        var object = Harness.pod()
        object.status.phase = phase
        var pod = Harness(object)
        #expect(pod.send(.recovered(PodRecovery())).isEmpty)
        #expect(pod.status == nil)
        #expect(pod.delete(grace: 0).actions == [.confirmDeletion])
    }

    @Test("A running pod whose directory and job are gone is not started a second time")
    func directoryLost() {
        var object = Harness.pod()
        object.status.phase = .running
        var pod = Harness(object)
        #expect(pod.send(.recovered(PodRecovery(isDirectoryLost: true))).notes == ["PodDirectoryLost"])
        #expect(pod.status?.phase == .failed)
    }
}
