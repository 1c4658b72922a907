import Glibc
import Slurm
import Synchronization

/// The pods' jobs in a real Slurm: what the workers ask of ``SlurmClient``.
struct SlurmJobs: JobControlling, JobSource, JobSubmitting {
    let client: SlurmClient
    /// Tells this cluster's jobs from those of other mini clouds of the same user.
    let cluster: String
    private let canceller: JobCanceller
    private let last = LastAnswer()

    init(client: SlurmClient, cluster: String) {
        self.client = client
        self.cluster = cluster
        canceller = JobCanceller { await client.cancel($0) }
    }

    func submit(_ submission: JobSubmission) async throws -> JobID {
        var submission = submission
        submission.pushEndpoint = client.pushEndpoint
        do {
            return try await client.submit(submission)
        } catch let error as SlurmError {
            throw SubmissionRefusal(error)
        }
    }

    func cancel(_ id: JobID) async throws {
        try await canceller.cancel(id)
    }

    func terminate(_ id: JobID) async throws {
        try await client.cancel(id, signal: SIGTERM, scope: .batchScript)
    }

    func userJobs() async throws -> UserJobs {
        let known = last.value
        if let newer = try await client.jobs(since: known) {
            last.value = newer
            return UserJobs(newer.jobs)
        }
        return UserJobs(known?.jobs ?? [], isNew: false)
    }

    func podJobs() async throws -> [ClusterJob] {
        try await userJobs().jobs.compactMap { record in
            guard let text = record.comment, let comment = JobComment(parsing: text), comment.cluster == cluster else { return nil }
            return ClusterJob(comment: comment, record: record)
        }
    }

    /// What slurmctld bounds; nil while it does not answer.
    ///
    /// - Parameter gathers: whether pods may go together at all.
    func limits(gathers: Bool) async -> SubmissionQueue.Limits? {
        guard gathers else { return SubmissionQueue.Limits(arrayTasks: 1) }
        guard let settings = try? await client.settings() else { return nil }
        return SubmissionQueue.Limits(arrayTasks: max(1, Int(min(settings.maxArraySize, settings.maxJobCount))))
    }
}

/// The newest answer about the user's jobs, so that slurmctld need not repeat it while nothing changes.
private final class LastAnswer: Sendable {
    private let snapshot = Mutex<JobsSnapshot?>(nil)

    var value: JobsSnapshot? {
        get { snapshot.withLock { $0 } }
        set { snapshot.withLock { $0 = newValue } }
    }
}
