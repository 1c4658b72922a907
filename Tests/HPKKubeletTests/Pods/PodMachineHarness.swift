import Foundation
import Kubernetes
import PodProtocol
import Slurm

@testable import HPKKubelet

/// Drives a ``PodMachine`` through inputs at times that the test chooses.
struct PodMachineHarness {
    static let epoch = Date(timeIntervalSince1970: 1_000_000)
    static let job = JobID(rawValue: 42)

    var machine: PodMachine
    var now = epoch
    var sequence: UInt64 = 0

    init(_ pod: Pod = PodMachineHarness.pod()) {
        machine = PodMachine(pod: pod, at: Self.epoch)
    }

    static func pod(
        containers: [String] = ["main"], inits: [String] = [], policy: Kubernetes.RestartPolicy = .never, deadline: Int? = nil,
        grace: Int = 30
    ) -> Pod {
        Pod(
            metadata: ObjectMeta(name: "p", namespace: "n", uid: "u-1"),
            spec: PodSpec(
                containers: containers.map { Container(name: $0, image: "busybox") },
                initContainers: inits.map { Container(name: $0, image: "busybox") },
                restartPolicy: policy, terminationGracePeriodSeconds: grace, activeDeadlineSeconds: deadline))
    }

    mutating func send(_ input: PodInput) -> [PodEffect] { machine.handle(input, at: now) }

    mutating func event(_ kind: PodEvent.Kind) -> [PodEffect] {
        sequence += 1
        return send(.event(PodEvent(sequence: sequence, time: Int64(now.timeIntervalSince1970 * 1e9), kind: kind)))
    }

    mutating func submit() {
        _ = send(.recovered(PodRecovery()))
        _ = send(.prepared(imageIDs: ["main": "docker://busybox@sha256:1"]))
        _ = send(.submitted(Self.job))
    }

    mutating func start(_ containers: String..., attempt: UInt32 = 0) {
        _ = event(.supervisorStarted(SupervisorStart(jobID: 42, attempt: attempt, host: "c1", processID: 1)))
        _ = event(.sandboxReady(podAddresses: ["10.0.0.7"], hostAddress: "10.0.0.1"))
        for name in containers { _ = event(.containerStarted(container: name, restartCount: 0, containerID: "apptainer://id-\(name)")) }
    }

    mutating func exit(_ container: String, _ code: Int32, count: Int = 0) {
        let time = Int64(now.timeIntervalSince1970 * 1e9)
        _ = event(
            .containerExited(
                container: container, restartCount: count,
                exit: ContainerExit(
                    exitCode: code, reason: code == 0 ? "Completed" : "Error", startedAt: time - 1_000_000_000, finishedAt: time)))
    }

    mutating func delete(grace: Int) -> [PodEffect] {
        var pod = machine.pod
        pod.metadata.deletionTimestamp = Timestamp(now)
        pod.metadata.deletionGracePeriodSeconds = grace
        return send(.podChanged(pod))
    }

    var status: PodStatus? {
        mutating get { machine.status(at: now) }
    }

    static func record(_ base: JobState.Base, flags: JobState.Flags = [], reason: String = "None", restarts: Int = 0) -> JobRecord {
        var record = JobRecord(
            id: job, name: "n/p", state: JobState(base, flags: flags),
            stateReason: StateReason(rawValue: reason == "None" ? 0 : 1, text: reason))
        record.restartCount = restarts
        return record
    }
}

extension [PodEffect] {
    /// Reasons of the events among the effects.
    var notes: [String] {
        compactMap { if case .record(let note) = $0 { note.reason } else { nil } }
    }

    /// The effects without events and without timers that are stopped.
    var actions: [PodEffect] {
        filter {
            switch $0 {
            case .record, .stopTimer: false
            default: true
            }
        }
    }
}
