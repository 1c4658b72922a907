import CSlurm
import Glibc

extension SlurmClient {
    /// What a signal goes to.
    public enum SignalScope: Sendable, Hashable {
        /// The job: its steps, and for KILL the whole job, which is how a job is cancelled.
        case job
        /// The batch script's process only.
        case batchScript
        /// The batch script and its steps, with all their processes.
        case everything

        var flags: UInt16 {
            switch self {
            case .job: 0
            case .batchScript: hpk_slurm_kill_batch()
            case .everything: hpk_slurm_kill_full()
            }
        }
    }

    /// Submits a batch job, or with `arrayTasks` a job array, whose tasks then have the ids `JobID(array: id.rawValue, task: 0)` and on.
    ///
    /// - Throws: `SlurmError`. When its `mayHaveBeenApplied` is set, slurmctld may hold the job although no id came back:
    ///   look for it among the user's jobs before submitting again.
    public func submit(_ submission: JobSubmission) async throws -> JobID {
        let hostname = hostname
        return try await request(.ordinary) {
            let description = try JobDescription(submission, allocNode: hostname, uid: getuid(), gid: getgid())
            return try description.withMessage { try SlurmMessages.submit($0, operation: "submit job \(submission.name)") }
        }
    }

    /// All jobs of one user that slurmctld holds: those that wait or run, and for `MinJobAge` those that ended.
    ///
    /// - Throws: `SlurmError`.
    public func jobs(ofUser uid: UInt32 = getuid()) async throws -> [JobRecord] {
        try await request(.urgent) { try SlurmMessages.userJobs(uid: uid, operation: "list the jobs of user \(uid)") }
    }

    /// One job, or one task of an array; nil when slurmctld does not (or no longer) know the id. Of an array as a whole it gives any record.
    ///
    /// - Throws: `SlurmError`.
    public func job(_ id: JobID) async throws -> JobRecord? {
        let records = try await request(.urgent) { try SlurmMessages.job(id, operation: "look at job \(id)") }
        if let record = records.first(where: { $0.id == id }) { return record }
        guard let task = id.task else { return records.first }
        return records.first { $0.arrayTasks?.contains(task) ?? false }?.waitingTask(task)
    }

    /// Cancels a job, or sends it a signal.
    ///
    /// With KILL and the scope `.job` Slurm cancels: a waiting job is removed; a running one gets TERM, and KILL after
    /// `KillWait`. Slurm answers before the processes are dead.
    ///
    /// - Parameter signal: signal number, 1 to 64.
    /// - Returns: false when there was nothing to cancel: the job is over or not known any more. That is no error.
    /// - Throws: `SlurmError`; to signal a job that has not started is one, with the code `ESLURM_JOB_PENDING` or like it.
    @discardableResult
    public func cancel(_ id: JobID, signal: Int32 = SIGKILL, scope: SignalScope = .job) async throws -> Bool {
        try await request(.urgent) {
            let code = hpk_slurm_kill_job(id.description, UInt16(clamping: signal), scope.flags)
            guard code != 0 else { return true }
            if Self.alreadyOver.contains(code) { return false }
            throw SlurmError(code: code, operation: signal == SIGKILL ? "cancel job \(id)" : "send signal \(signal) to job \(id)")
        }
    }

    /// Codes by which Slurm says that there is no such job, or not any more.
    static let alreadyOver: Set<Int32> = [
        Int32(ESLURM_INVALID_JOB_ID.rawValue), Int32(ESLURM_ALREADY_DONE.rawValue), Int32(ESLURM_JOB_FINISHED.rawValue),
        Int32(ESLURMD_KILL_JOB_ALREADY_COMPLETE.rawValue),
    ]

    /// Runs a request on the client's threads; a client that was shut down gives a `SlurmError`.
    func request<Value: Sendable>(_ lane: BlockingThreads.Lane, _ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        do {
            return try await threads.run(lane, body)
        } catch is BlockingThreads.Stopped {
            throw SlurmError(
                code: ESHUTDOWN, name: "ESHUTDOWN", message: "the Slurm client was shut down", operation: "ask Slurm", retryAdvice: .never,
                whatToDo: "nothing: the program is ending")
        }
    }
}
