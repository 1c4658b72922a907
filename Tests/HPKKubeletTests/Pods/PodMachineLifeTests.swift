import Foundation
import Kubernetes
import PodProtocol
import Slurm
import Testing

@testable import HPKKubelet

@Suite("A pod's way from the API server to its end")
struct PodMachineLifeTests {
    typealias Harness = PodMachineHarness

    @Test("A new pod is prepared, submitted and followed")
    func newPod() {
        var pod = Harness()
        #expect(pod.send(.recovered(PodRecovery())) == [.prepare])
        #expect(pod.send(.prepared(imageIDs: [:])) == [.submit])
        let effects = pod.send(.submitted(Harness.job))
        #expect(effects.actions == [.follow(Harness.job)])
        #expect(effects.notes.isEmpty)
        #expect(pod.status?.phase == .pending)
        #expect(pod.machine.annotations["slurm.hpk.io/job-id"] == "42")
    }

    @Test("A pod waiting in Slurm's queue shows Slurm's reason, once for each change")
    func pendingReason() {
        var pod = Harness()
        pod.submit()
        #expect(pod.send(.jobChanged(Harness.record(.pending, reason: "Resources"))).notes == ["SlurmPending"])
        #expect(pod.send(.jobChanged(Harness.record(.pending, reason: "Resources"))).notes.isEmpty)
        #expect(pod.send(.jobChanged(Harness.record(.pending, reason: "Priority"))).notes == ["SlurmPending"])
        let waiting = pod.status?.containerStatuses.first?.state.waiting
        #expect(waiting?.reason == "SlurmPending")
        #expect(waiting?.message == "Slurm job 42 waits: Priority")
        #expect(pod.machine.annotations["slurm.hpk.io/pending-reason"] == "Priority")
    }

    @Test("A running container makes the pod running and ready, with its addresses")
    func running() {
        var pod = Harness()
        pod.submit()
        pod.start("main")
        let status = pod.status
        #expect(status?.phase == .running)
        #expect(status?.podIP == "10.0.0.7")
        #expect(status?.hostIP == "10.0.0.1")
        #expect(status?.containerStatuses.first?.ready == true)
        #expect(status?.containerStatuses.first?.imageID == "docker://busybox@sha256:1")
        #expect(status?.containerStatuses.first?.containerID == "apptainer://id-main")
        #expect(status?.conditions.first { $0.type == "Ready" }?.status == .true)
    }

    @Test("Condition times change only when the condition does")
    func transitionTimes() {
        var pod = Harness()
        pod.submit()
        let before = pod.status?.conditions.first { $0.type == "Ready" }?.lastTransitionTime
        pod.now += 10
        #expect(pod.status?.conditions.first { $0.type == "Ready" }?.lastTransitionTime == before)
        pod.start("main")
        #expect(pod.status?.conditions.first { $0.type == "Ready" }?.lastTransitionTime == Timestamp(pod.now))
    }

    @Test(
        "The end of the containers is the end of the pod",
        arguments: [([Int32(0), 0], PodPhase.succeeded), ([0, 3], .failed), ([143, 137], .failed)])
    func containerEnds(codes: [Int32], phase: PodPhase) {
        var pod = Harness(Harness.pod(containers: ["a", "b"]))
        pod.submit()
        pod.start("a", "b")
        pod.exit("a", codes[0])
        #expect(pod.status?.phase == .running)
        pod.exit("b", codes[1])
        _ = pod.event(.finished)
        #expect(pod.status?.phase == phase)
        #expect(pod.status?.containerStatuses.map { $0.state.terminated?.exitCode } == codes.map(Int.init))
        #expect(pod.machine.isOver)
    }

    @Test("Init containers keep the pod pending and show which are incomplete")
    func initContainers() {
        var pod = Harness(Harness.pod(inits: ["first", "second"]))
        pod.submit()
        pod.start("first")
        #expect(pod.status?.phase == .pending)
        #expect(
            pod.status?.conditions.first { $0.type == "Initialized" }?.message == "containers with incomplete status: [first second]")
        #expect(pod.status?.containerStatuses.first?.state.waiting?.reason == "PodInitializing")
        pod.exit("first", 0)
        pod.exit("second", 0)
        _ = pod.event(.containerStarted(container: "main", restartCount: 0, containerID: "x"))
        #expect(pod.status?.phase == .running)
        #expect(pod.status?.conditions.first { $0.type == "Initialized" }?.status == .true)
    }

    @Test("A restarted container keeps its last end and counts")
    func restarts() {
        var pod = Harness(Harness.pod(policy: .always))
        pod.submit()
        pod.start("main")
        pod.exit("main", 3)
        let effects = pod.event(
            .containerWaiting(container: "main", reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container"))
        #expect(effects.notes == ["BackOff"])
        #expect(pod.status?.phase == .running)
        #expect(pod.status?.containerStatuses.first?.state.waiting?.reason == "CrashLoopBackOff")
        #expect(pod.status?.containerStatuses.first?.lastState.terminated?.exitCode == 3)
        _ = pod.event(.containerStarted(container: "main", restartCount: 1, containerID: "second"))
        #expect(pod.status?.containerStatuses.first?.restartCount == 1)
        #expect(pod.status?.containerStatuses.first?.lastState.terminated?.containerID == "apptainer://id-main")
    }

    @Test("An event that was already counted changes nothing")
    func duplicateEvents() {
        var pod = Harness()
        pod.submit()
        pod.start("main")
        pod.exit("main", 0)
        let before = pod.status
        let repeated = PodEvent(sequence: 3, time: 0, kind: .containerStarted(container: "main", restartCount: 0, containerID: "again"))
        #expect(pod.send(.event(repeated)).isEmpty)
        #expect(pod.status == before)
    }

    @Test("A sandbox that cannot be made fails the pod with its reason")
    func sandboxFailure() {
        var pod = Harness()
        pod.submit()
        pod.start()
        #expect(pod.event(.sandboxFailed(reason: "FailedMount", message: "hostPath type check failed")).notes == ["FailedMount"])
        _ = pod.event(.finished)
        #expect(pod.status?.phase == .failed)
        #expect(pod.status?.reason == "FailedMount")
    }

    @Test("What delays a pod is told once, shown, and tried again with growing pauses")
    func preparationDelays() {
        var pod = Harness()
        _ = pod.send(.recovered(PodRecovery()))
        let delay = PreparationDelay(container: "main", waitingReason: "ErrImagePull", eventReason: "Failed", message: "manifest unknown")
        let first = pod.send(.preparationDelayed(delay))
        #expect(first.notes == ["Failed"])
        #expect(first.actions == [.startTimer(.retryPreparation, seconds: 2)])
        #expect(pod.status?.containerStatuses.first?.state.waiting?.reason == "ErrImagePull")
        let second = pod.send(.preparationDelayed(delay))
        #expect(second.notes.isEmpty)
        #expect(second.actions == [.startTimer(.retryPreparation, seconds: 4)])
        #expect(pod.send(.timerFired(.retryPreparation)) == [.prepare])
        #expect(pod.send(.prepared(imageIDs: [:])) == [.submit])
    }

    @Test("A pod that can never start fails with the reason")
    func rejection() {
        var pod = Harness()
        _ = pod.send(.recovered(PodRecovery()))
        let effects = pod.send(.rejected(PodRejection(reason: "InvalidSlurmFlags", message: "--time=never")))
        #expect(effects.notes == ["InvalidSlurmFlags"])
        #expect(pod.status?.phase == .failed)
        #expect(pod.status?.reason == "InvalidSlurmFlags")
        #expect(pod.status?.message == "--time=never")
    }

    @Test("A pod whose deletion comes while its job waits to be submitted is taken back; one whose call is under way is cancelled")
    func deletedBeforeSubmission() {
        var pod = Harness()
        _ = pod.send(.recovered(PodRecovery()))
        _ = pod.send(.prepared(imageIDs: [:]))
        #expect(pod.delete(grace: 30).actions == [.withdrawSubmission])
        var other = pod
        _ = pod.send(.rejected(PodRejection(reason: "Terminated", message: "withdrawn")))
        #expect(pod.status?.phase == .failed)
        #expect(other.send(.submitted(Harness.job)).actions.contains(.cancelJob(Harness.job)))
    }

    @Test("What a submission waits for is shown once, and one that can never work fails the pod")
    func submissionFailures() {
        var pod = Harness()
        _ = pod.send(.recovered(PodRecovery()))
        _ = pod.send(.prepared(imageIDs: [:]))
        let outage = PodInput.submissionWaits("slurmctld does not answer")
        #expect(pod.send(outage) == [.record(PodNote("SubmissionWaits", "slurmctld does not answer", isWarning: true))])
        #expect(pod.send(outage).isEmpty, "the same reason is told once")
        let waiting = pod.status?.containerStatuses.first?.state.waiting
        #expect(waiting?.reason == "SubmissionWaits")
        #expect(waiting?.message == "slurmctld does not answer")
        _ = pod.send(.submissionFailed(SubmissionFailure(message: "Invalid partition name specified")))
        #expect(pod.status?.phase == .failed)
        #expect(pod.status?.reason == "SlurmRejected")
    }

    @Test("The supervisor of an array's task is known by array and index")
    func helloOfTask() {
        var pod = Harness()
        _ = pod.send(.recovered(PodRecovery()))
        _ = pod.send(.prepared(imageIDs: [:]))
        let start = SupervisorStart(jobID: 57, arrayJobID: 50, arrayTaskID: 3, attempt: 0, host: "c1", processID: 1)
        #expect(pod.event(.supervisorStarted(start)).actions.contains(.follow(JobID(array: 50, task: 3))))
        #expect(pod.machine.annotations["slurm.hpk.io/job-id"] == "50_3")
    }

    @Test("A supervisor that is quicker than Slurm's answer makes the job known")
    func helloBeforeAnswer() {
        var pod = Harness()
        _ = pod.send(.recovered(PodRecovery()))
        _ = pod.send(.prepared(imageIDs: [:]))
        let effects = pod.event(.supervisorStarted(SupervisorStart(jobID: 42, attempt: 0, host: "c1", processID: 1)))
        #expect(effects.actions.contains(.follow(Harness.job)))
        #expect(pod.send(.submitted(Harness.job)).isEmpty)
    }
}
