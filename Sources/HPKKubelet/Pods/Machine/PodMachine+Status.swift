import Foundation
import Kubernetes
import PodProtocol
import Slurm

/// The status that belongs to the machine's state, by the kubelet's rules (`pkg/kubelet/kubelet_pods.go`, `status/generate.go`).
extension PodMachine {
    /// Annotations that show the pod's Slurm job to `kubectl`.
    public var annotations: [String: String] {
        var annotations: [String: String] = [:]
        if let jobID { annotations["slurm.hpk.io/job-id"] = "\(jobID)" }
        if let job {
            annotations["slurm.hpk.io/job-state"] = job.state.description
            annotations["slurm.hpk.io/pending-reason"] = job.state.base == .pending && !job.stateReason.isNone ? job.stateReason.text : ""
        }
        return annotations
    }

    /// The whole status; nil when the API server already holds the final one and nothing may be added.
    public mutating func status(at now: Date) -> PodStatus? {
        if stage == .discarded || (stage == .over && outcome == nil) { return nil }
        let inits = pod.spec.initContainers.map { containerStatus(of: $0, isInit: true) }
        let mains = pod.spec.containers.map { containerStatus(of: $0, isInit: false) }
        let phase = phase(inits: inits, mains: mains)
        var status = PodStatus(phase: phase, startTime: acknowledged, initContainerStatuses: inits, containerStatuses: mains)
        status.reason = outcome?.reason
        status.message = outcome?.message
        status.hostIP = facts.hostAddress
        status.podIP = facts.podAddresses.first
        status.podIPs = facts.podAddresses.map { PodIP(ip: $0) }
        status.qosClass = pod.status.qosClass
        status.conditions = conditions(phase: phase, inits: inits, mains: mains, at: now)
        return status
    }

    private func phase(inits: [ContainerStatus], mains: [ContainerStatus]) -> PodPhase {
        if let outcome { return outcome.succeeded ? .succeeded : .failed }
        let anyStarted = mains.contains { $0.state.running != nil || $0.state.terminated != nil || $0.lastState.terminated != nil }
        let initsDone = inits.allSatisfy { $0.state.terminated?.exitCode == 0 }
        return anyStarted && initsDone ? .running : .pending
    }

    // MARK: Containers

    private func containerStatus(of container: Container, isInit: Bool) -> ContainerStatus {
        let known = facts.container(container.name)
        let id = known.containerID
        var status = ContainerStatus(name: container.name, restartCount: known.restartCount, image: container.image)
        if known.hasStarted { status.imageID = imageIDs[container.name] ?? "" }
        status.containerID = id
        if let last = known.lastExit { status.lastState.terminated = terminated(last, id: known.lastContainerID) }
        switch known.state {
        case .running(let since):
            status.state.running = ContainerStateRunning(startedAt: Timestamp(nanoseconds: since))
            status.ready = !isInit
            status.started = true
        case .terminated(let exit):
            status.state.terminated = terminated(exit, id: known.containerID)
            status.ready = isInit && exit.exitCode == 0
            status.started = false
        case .waiting(let reason, let message):
            let shown = reason.map { ($0, message) } ?? waiting(for: container.name, isInit: isInit)
            status.state.waiting = ContainerStateWaiting(reason: shown.0, message: shown.1)
            status.started = false
        }
        return status
    }

    private func terminated(_ exit: ContainerExit, id: String?) -> ContainerStateTerminated {
        ContainerStateTerminated(
            exitCode: Int(exit.exitCode), signal: exit.signal.map(Int.init), reason: exit.reason,
            message: exit.message.isEmpty ? nil : exit.message, startedAt: Timestamp(nanoseconds: exit.startedAt),
            finishedAt: Timestamp(nanoseconds: exit.finishedAt), containerID: id)
    }

    /// Why a container that the supervisor said nothing about does not run.
    private func waiting(for name: String, isInit: Bool) -> (String, String?) {
        if let outcome { return (outcome.reason ?? "ContainerCreating", outcome.message) }
        if let delay, let reason = delay.waitingReason, delay.container == nil || delay.container == name { return (reason, delay.message) }
        if let submissionWait { return ("SubmissionWaits", submissionWait) }
        if let job, job.state.base == .pending, isQueued {
            let reason = job.stateReason.isNone ? "" : ": \(job.stateReason)"
            return ("SlurmPending", "Slurm job \(job.id) waits\(reason)")
        }
        return (pod.spec.initContainers.isEmpty ? "ContainerCreating" : "PodInitializing", nil)
    }

    // MARK: Conditions

    private mutating func conditions(phase: PodPhase, inits: [ContainerStatus], mains: [ContainerStatus], at now: Date) -> [PodCondition] {
        let incomplete = inits.filter { !$0.ready }.map(\.name)
        let unready = mains.filter { !$0.ready }.map(\.name)
        let initialized: PodCondition =
            if phase == .succeeded {
                PodCondition(type: "Initialized", status: .true, reason: "PodCompleted")
            } else if incomplete.isEmpty {
                PodCondition(type: "Initialized", status: .true)
            } else {
                PodCondition(
                    type: "Initialized", status: .false, reason: "ContainersNotInitialized",
                    message: "containers with incomplete status: [\(incomplete.joined(separator: " "))]")
            }
        let containersReady = readiness("ContainersReady", phase: phase, unready: unready)
        var ready = readiness("Ready", phase: phase, unready: unready)
        if ready.status == .true, let gate = unmetGate {
            ready = PodCondition(
                type: "Ready", status: .false, reason: "ReadinessGatesNotReady",
                message: "corresponding condition of pod readiness gate \"\(gate)\" does not exist or is not true.")
        }
        return [initialized, ready, containersReady].map { stamped($0, at: now) }
    }

    private func readiness(_ type: String, phase: PodPhase, unready: [String]) -> PodCondition {
        switch phase {
        case .succeeded: PodCondition(type: type, status: .false, reason: "PodCompleted")
        case .failed where unready.isEmpty: PodCondition(type: type, status: .false, reason: "PodFailed")
        default:
            unready.isEmpty
                ? PodCondition(type: type, status: .true)
                : PodCondition(
                    type: type, status: .false, reason: "ContainersNotReady",
                    message: "containers with unready status: [\(unready.joined(separator: " "))]")
        }
    }

    private var unmetGate: String? {
        pod.spec.readinessGates.map(\.conditionType).first { type in
            !pod.status.conditions.contains { $0.type == type && $0.status == .true }
        }
    }

    /// Keeps the time of the last change of each condition.
    private mutating func stamped(_ condition: PodCondition, at now: Date) -> PodCondition {
        var condition = condition
        if let known = conditionTimes[condition.type], known.status == condition.status {
            condition.lastTransitionTime = known.since
        } else {
            let time = Timestamp(now)
            conditionTimes[condition.type] = (condition.status, time)
            condition.lastTransitionTime = time
        }
        return condition
    }
}

extension Timestamp {
    /// Cuts nanoseconds since 1970 to whole seconds.
    init(nanoseconds: Int64) {
        self.init(secondsSince1970: nanoseconds / 1_000_000_000)
    }
}
