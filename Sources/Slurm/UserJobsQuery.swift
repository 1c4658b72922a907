/// Which question about a user's jobs costs the least, decided from the answers so far.
///
/// slurmctld answers in two ways. For one user's jobs it packs these, always. For all jobs it packs nothing when none has changed since a
/// given second, in a fraction of a millisecond, but everybody's when one has. So the second is the better question where the user's own
/// jobs are most of all (or where slurmctld shows no others: `PrivateData=jobs`), the first where others' jobs dominate.
public struct UserJobsQuery: Sendable, Hashable {
    /// A question to slurmctld.
    public enum Question: Sendable, Hashable {
        /// `slurm_load_job_user`.
        case ofUser
        /// `slurm_load_jobs`: nothing when no job of the cluster has changed since that second (seconds since 1970 UTC).
        case ofAll(since: Int64)
    }

    /// So few jobs are packed quicker than it matters whose they are.
    static let fewJobs = 100
    /// Answers after which the number of others' jobs is looked at again.
    static let answersPerEstimate = 50

    private var ownJobs: Int?
    private var allJobs: Int?
    private var lastUpdate: Int64?
    private var answersSinceEstimate = 0

    /// Nothing is known yet.
    public init() {}

    /// The question to put next.
    public var question: Question {
        guard let ownJobs, let allJobs, let lastUpdate else { return .ofUser }
        return allJobs <= Self.fewJobs || ownJobs * 2 >= allJobs ? .ofAll(since: lastUpdate) : .ofUser
    }

    /// The number of all jobs is not known, or was looked at long ago: slurmctld's statistics tell it for little.
    public var wantsEstimate: Bool { allJobs == nil || answersSinceEstimate >= Self.answersPerEstimate }

    /// An answer came with `own` jobs of the user, and `all` jobs when the question was about all.
    ///
    /// - Parameter lastUpdate: slurmctld's time of the answer, seconds since 1970 UTC.
    public mutating func answered(own: Int, all: Int?, lastUpdate: Int64) {
        ownJobs = own
        self.lastUpdate = lastUpdate
        answersSinceEstimate += 1
        guard let all else { return }
        allJobs = all
        answersSinceEstimate = 0
    }

    /// slurmctld's statistics count `unfinished` jobs, that wait or run. Those that ended and can still be asked for are not among them.
    public mutating func estimated(unfinished: Int) {
        allJobs = max(unfinished, ownJobs ?? 0)
        answersSinceEstimate = 0
    }
}
