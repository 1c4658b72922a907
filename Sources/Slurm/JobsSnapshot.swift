/// A user's jobs as slurmctld had them at one time, and what is known for the next question.
public struct JobsSnapshot: Sendable {
    /// Whose jobs they are.
    public let userID: UInt32
    /// The jobs: those that wait or run, and for `MinJobAge` those that ended.
    public let jobs: [JobRecord]
    /// How the next question is chosen.
    let query: UserJobsQuery

    init(userID: UInt32, jobs: [JobRecord], query: UserJobsQuery) {
        self.userID = userID
        self.jobs = jobs
        self.query = query
    }
}
