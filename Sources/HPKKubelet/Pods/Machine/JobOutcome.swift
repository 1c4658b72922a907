import PodProtocol
import Slurm

/// The end of a pod as its status shows it.
struct PodOutcome: Sendable, Equatable {
    var succeeded: Bool
    /// `status.reason` and `status.message`; nil where the containers' states say it all.
    var reason: String?
    var message: String?
    /// Exit code and reason of containers whose end nobody saw.
    var lostExitCode: Int32 = 137
    var lostReason = "ContainerStatusUnknown"

    static func failed(_ reason: String, _ message: String) -> PodOutcome {
        PodOutcome(succeeded: false, reason: reason, message: message)
    }
}

/// What each end that Slurm can give a job means for its pod. Source: `enum job_states` of slurm.h, squeue(1) "JOB STATE CODES".
enum JobOutcome {
    /// - Parameters:
    ///   - record: The job's record; its state is final.
    ///   - facts: What the supervisor told.
    ///   - names: Every container of the pod, init containers included.
    ///   - hasDeadline: The pod has `activeDeadlineSeconds`, so its user thinks of the time limit as the deadline.
    static func of(_ record: JobRecord, facts: PodFacts, names: [String], hasDeadline: Bool) -> PodOutcome {
        let job = "Slurm job \(record.id)"
        let place = record.nodeList.flatMap { $0.isEmpty ? nil : " on \($0)" } ?? ""
        switch record.state.base {
        case .completed, .failed:
            if facts.isFinished, facts.stopReason != nil, endedNearLimit(record) { return timeLimit(job, record, hasDeadline) }
            if facts.isComplete { return containers(names, facts: facts) }
            if facts.start == nil {
                let detail = record.stateDescription.map { ": \($0)" } ?? ""
                return .failed(
                    "SlurmJobFailed",
                    "\(job)\(place) ended with exit code \(record.exitStatus) before the pod's supervisor began (\(record.stateReason))\(detail); "
                        + "see \(output(record))")
            }
            return .failed(
                "SupervisorLost",
                "\(job)\(place) ended with exit code \(record.exitStatus) and the pod's supervisor did not tell how its containers ended; "
                    + "see \(output(record))")
        case .cancelled:
            let reason = record.stateDescription.map { ": \($0)" } ?? ""
            return .failed("SlurmJobCancelled", "\(job) was cancelled in Slurm (scancel or an administrator), not by Kubernetes\(reason)")
        case .timeout:
            return timeLimit(job, record, hasDeadline)
        case .nodeFail:
            return .failed("NodeFailure", "\(job) ended because its compute node failed\(place)")
        case .preempted:
            return .failed("Preempted", "\(job) was preempted by a job of higher priority\(place)")
        case .outOfMemory:
            var outcome = PodOutcome.failed(
                "OOMKilled", "\(job) used more memory than it had asked for\(place); raise resources.limits.memory")
            outcome.lostReason = "OOMKilled"
            return outcome
        case .bootFail:
            return .failed("NodeBootFailure", "\(job) could not start because its compute node did not boot\(place)")
        case .deadline:
            return .failed("SlurmDeadline", "\(job) could not have ended before its Slurm deadline")
        case .pending, .running, .suspended, .unknown:
            return .failed("SlurmJobLost", "\(job) is in state \(record.state), which is not an end")
        }
    }

    /// The end of a job that Slurm has forgotten.
    static func forgotten(_ id: JobID, facts: PodFacts, names: [String]) -> PodOutcome {
        if facts.isComplete { return containers(names, facts: facts) }
        return .failed(
            "SlurmJobLost",
            "Slurm no longer knows job \(id) (MinJobAge passed, or it was purged) and the pod's journal does not tell its end")
    }

    /// The end as the containers themselves tell it.
    static func containers(_ names: [String], facts: PodFacts) -> PodOutcome {
        if let failure = facts.sandboxFailure { return .failed(failure.reason, failure.message) }
        return PodOutcome(succeeded: names.allSatisfy { facts.container($0).exit?.exitCode == 0 })
    }

    /// Where the job's last words are.
    private static func output(_ record: JobRecord) -> String {
        let own = "slurm.out in the pod's directory"
        guard record.id.task != nil, let shared = record.standardOutput else { return own }
        return "\(own) and \(shared)"
    }

    private static func timeLimit(_ job: String, _ record: JobRecord, _ hasDeadline: Bool) -> PodOutcome {
        let limit = record.timeLimitMinutes.map { " of \($0) min" } ?? ""
        return .failed(
            hasDeadline ? "DeadlineExceeded" : "SlurmTimeLimit",
            "\(job) reached its time limit\(limit); raise it with the annotation slurm.hpk.io/flags: --time=…")
    }

    /// Slurm warns by TERM before the limit: a pod that heeds it ends up to that much earlier, as an ordinary end.
    private static func endedNearLimit(_ record: JobRecord) -> Bool {
        guard let limit = record.timeLimitMinutes, let start = record.startTime, let end = record.endTime else { return false }
        let slack = min(120, Double(limit) * 60)
        return end.timeIntervalSince(start) >= Double(limit) * 60 - slack
    }
}
