import Foundation
import Kubernetes
import PodProtocol
import Slurm

/// What Slurm, the supervisor and a restart of the node agent tell about the pod's job.
extension PodMachine {
    mutating func recovered(_ recovery: PodRecovery, at now: Date) -> [PodEffect] {
        imageIDs = recovery.imageIDs
        if pod.status.phase == .succeeded || pod.status.phase == .failed {
            stage = .over
            for event in recovery.events { _ = facts.apply(event) }
            return pod.metadata.deletionTimestamp == nil ? [] : [.confirmDeletion]
        }
        for event in recovery.events { _ = facts.apply(event) }
        var effects: [PodEffect] = []
        if let id = recovery.jobID {
            stage = .submitted(id)
            jobID = id
            effects = [.follow(id)] + deadlineTimer(at: now) + concludeIfFinished(at: now)
        } else if recovery.isDirectoryLost {
            let message = "The pod's directory is gone and Slurm has no job of it: how its containers ended is not known"
            effects =
                [.record(PodNote("PodDirectoryLost", message, isWarning: true))] + conclude(.failed("PodDirectoryLost", message), at: now)
        } else {
            effects = [.prepare]
        }
        return pod.metadata.deletionTimestamp == nil ? effects : effects + podChangedByDeletion(at: now)
    }

    private mutating func podChangedByDeletion(at now: Date) -> [PodEffect] {
        guard !isOver else { return [.confirmDeletion] }
        return requestStop(Stop(cause: .deleted, graceSeconds: max(0, pod.metadata.deletionGracePeriodSeconds ?? 30)), at: now)
    }

    mutating func jobChanged(_ record: JobRecord, at now: Date) -> [PodEffect] {
        if stage == .over, record.id == jobID {
            // The containers' end is told before Slurm has ended the job; its last state still belongs to the annotations.
            job = record
            return []
        }
        guard case .submitted(let id) = stage, record.id == id else { return [] }
        let previous = job
        job = record
        if record.state.isFinal {
            guard pendingEnd == nil else { return [] }
            pendingEnd = .record(record, looks: 0)
            return facts.isComplete ? concludePending(at: now) : [.readJournal]
        }
        guard record.state.base == .pending else { return [] }
        var effects: [PodEffect] = []
        if let start = facts.start, UInt32(clamping: record.restartCount) > start.attempt {
            facts.requeue(at: Int64(now.timeIntervalSince1970 * 1e9))
            effects.append(.record(PodNote("SlurmRequeued", "Slurm put job \(id) back into its queue", isWarning: true)))
        }
        if previous?.stateReason != record.stateReason, !record.stateReason.isNone {
            effects.append(.record(PodNote("SlurmPending", "Slurm job \(id) waits: \(record.stateReason)")))
        }
        return effects
    }

    mutating func jobForgotten() -> [PodEffect] {
        guard case .submitted(let id) = stage, pendingEnd == nil else { return [] }
        pendingEnd = .forgotten(id, looks: 0)
        return [.readJournal]
    }

    mutating func journalRead(_ events: [PodEvent], at now: Date) -> [PodEffect] {
        var effects: [PodEffect] = []
        for event in events { effects += apply(event, isReplay: false, at: now) }
        guard !isOver, let pending = pendingEnd else { return effects }
        let looks: Int
        switch pending {
        case .record(let record, let count):
            looks = count + 1
            pendingEnd = .record(record, looks: looks)
        case .forgotten(let id, let count):
            looks = count + 1
            pendingEnd = .forgotten(id, looks: looks)
        }
        // A supervisor that never began has no last words to wait for, unless Slurm says that the script ended by itself.
        let mayLag = facts.start != nil || job?.startTime != nil
        if facts.isComplete || looks >= Self.journalLooks || !mayLag { return effects + concludePending(at: now) }
        return effects + [.startTimer(.journal, seconds: 0.5)]
    }

    private mutating func concludePending(at now: Date) -> [PodEffect] {
        guard let pending = pendingEnd else { return [] }
        let end: PodOutcome
        switch pending {
        case .record(let record, _):
            end =
                stop != nil && record.state.base == .cancelled
                ? JobOutcome.containers(containerNames, facts: facts)
                : JobOutcome.of(record, facts: facts, names: containerNames, hasDeadline: pod.spec.activeDeadlineSeconds != nil)
        case .forgotten(let id, _):
            if mayResubmit { return resubmit(insteadOf: id) }
            end =
                stop != nil
                ? JobOutcome.containers(containerNames, facts: facts) : JobOutcome.forgotten(id, facts: facts, names: containerNames)
        }
        return noteEnd(end) + conclude(end, at: now)
    }

    /// A slurmctld that dies may lose what it has just accepted. A job that was cancelled or has ended is not forgotten so soon, and this agent
    /// has watched it from the beginning; what would run twice all the same finds the pod claimed.
    private var mayResubmit: Bool { isSubmittedHere && facts.start == nil && stop == nil && lostJobs < Self.lostJobsAtMost }

    private mutating func resubmit(insteadOf id: JobID) -> [PodEffect] {
        lostJobs += 1
        (stage, jobID, job, pendingEnd, isSubmittedHere) = (.preparing, nil, nil, nil, false)
        let message = "Slurm has lost job \(id), which had not begun (slurmctld may have crashed): the pod is submitted again"
        return [.record(PodNote("SlurmJobLost", message, isWarning: true)), .abandon(id), .prepare]
    }

    private func noteEnd(_ end: PodOutcome) -> [PodEffect] {
        guard stop == nil, let reason = end.reason, let message = end.message else { return [] }
        return [.record(PodNote(reason, message, isWarning: true))]
    }

    /// Counts an event in and says what follows from it.
    mutating func apply(_ event: PodEvent, isReplay: Bool, at now: Date) -> [PodEffect] {
        guard !isOver, facts.apply(event) else { return [] }
        var effects: [PodEffect] = []
        switch event.kind {
        case .supervisorStarted(let start):
            effects = deadlineTimer(at: now)
            if stage == .submitting {
                // The supervisor was quicker than Slurm's answer to the submission, or the answer was lost.
                effects = submittedByHello(JobID(start)) + effects
            }
            if let stop, case .submitted(let id) = stage, !isConnected {
                effects += stop.graceSeconds == 0 ? [.cancelJob(id)] : [.terminateJob(id)]
            }
        case .sandboxFailed(let reason, let message):
            effects = [.record(PodNote(reason, message, isWarning: true))]
        case .containerWaiting(let name, let reason, let message):
            let word = reason == "CrashLoopBackOff" ? "BackOff" : "Failed"
            effects = [.record(PodNote(word, message, isWarning: true, container: name))]
        case .containerStarted(let name, _, _):
            effects = [
                .record(PodNote("Created", "Created container \(name)", container: name)),
                .record(PodNote("Started", "Started container \(name)", container: name)),
            ]
        case .containerExited(let name, _, let exit):
            if exit.reason == "StartError" || exit.reason == "ContainerCannotRun" {
                effects = [.record(PodNote("Failed", "Error: \(exit.message)", isWarning: true, container: name))]
            }
        case .stopping:
            effects = containerNames.filter { facts.container($0).isRunning }.map {
                .record(PodNote("Killing", "Stopping container \($0)", container: $0))
            }
        case .finished:
            effects = concludeIfFinished(at: now)
        case .sandboxReady:
            break
        }
        return effects
    }

    /// The supervisor's `finished` is the end, unless Slurm made it stop: then Slurm's record tells why.
    private mutating func concludeIfFinished(at now: Date) -> [PodEffect] {
        guard facts.isFinished, !isOver, case .submitted(let id) = stage else { return [] }
        if facts.stopReason != nil, stop == nil, pendingEnd == nil { return [.refresh(id)] }
        if pendingEnd != nil { return concludePending(at: now) }
        let end = JobOutcome.containers(containerNames, facts: facts)
        return noteEnd(end) + conclude(end, at: now)
    }

    private mutating func submittedByHello(_ id: JobID) -> [PodEffect] {
        stage = .submitted(id)
        jobID = id
        submissionWait = nil
        return [.follow(id)]
    }
}
