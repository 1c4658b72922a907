import CSlurm
import Glibc

extension SlurmClient {
    /// All jobs of one user, unless nothing has changed since `previous`.
    ///
    /// It is one request to slurmctld, and now and then a second small one for the number of all jobs. Where the user's jobs are most of the
    /// cluster's, a question to which nothing has changed costs slurmctld next to nothing; see `UserJobsQuery`.
    ///
    /// - Parameter previous: what the last call gave; nil, or that of another user, asks for everything.
    /// - Returns: nil when no job has changed since `previous`, which then is still true.
    /// - Throws: `SlurmError`.
    public func jobs(ofUser uid: UInt32 = getuid(), since previous: JobsSnapshot?) async throws -> JobsSnapshot? {
        try await request(.urgent) {
            var query = previous?.userID == uid ? previous?.query ?? UserJobsQuery() : UserJobsQuery()
            let answer = try SlurmMessages.jobs(ofUser: uid, question: query.question, operation: "list the jobs of user \(uid)")
            guard let answer else { return nil }
            query.answered(own: answer.jobs.count, all: answer.allJobs, lastUpdate: answer.lastUpdate)
            // Without statistics (an administrator may forbid them) it stays with the question about the user's jobs.
            if query.wantsEstimate, let statistics = try? SlurmMessages.statistics() {
                query.estimated(unfinished: Int(statistics.jobsPending) + Int(statistics.jobsRunning))
            }
            return JobsSnapshot(userID: uid, jobs: answer.jobs, query: query)
        }
    }
}

extension SlurmMessages {
    /// What slurmctld answers to a question about jobs.
    struct JobsAnswer {
        var jobs: [JobRecord]
        /// Records of all users; nil when only one user's were asked for.
        var allJobs: Int?
        /// slurmctld's time.
        var lastUpdate: Int64
    }

    /// Puts a question about one user's jobs; nil when nothing has changed.
    static func jobs(ofUser uid: UInt32, question: UserJobsQuery.Question, operation: String) throws -> JobsAnswer? {
        var message: UnsafeMutablePointer<job_info_msg_t>?
        let code =
            switch question {
            case .ofUser: hpk_slurm_load_user_jobs(uid, &message)
            case .ofAll(let time): hpk_slurm_load_all_jobs(time_t(time), &message)
            }
        defer { if let message { slurm_free_job_info_msg(message) } }
        if code == Int32(SLURM_NO_CHANGE_IN_DATA.rawValue) { return nil }
        guard code == 0, let message else { throw SlurmError(code: code == 0 ? SLURM_ERROR : code, operation: operation) }
        let count = Int(message.pointee.record_count)
        let isOfAll = question != .ofUser
        return JobsAnswer(
            jobs: records(message) { !isOfAll || $0.pointee.user_id == uid }, allJobs: isOfAll ? count : nil,
            lastUpdate: Int64(message.pointee.last_update))
    }
}
