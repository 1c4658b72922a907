import Foundation
import Glibc
import Slurm

/// The pods' jobs in a real Slurm: what the workers ask of ``SlurmClient``.
struct SlurmJobs: JobControlling, JobSource, ClusterJobs {
    let client: SlurmClient
    /// Tells this cluster's jobs from those of other mini clouds of the same user.
    let cluster: String

    func submit(_ submission: JobSubmission) async throws -> JobID {
        var submission = submission
        submission.pushEndpoint = client.pushEndpoint
        do {
            return try await client.submit(submission)
        } catch let error as SlurmError {
            throw SubmissionFailure(message: error.description, isTransient: error.isTransient || error.mayHaveBeenApplied)
        }
    }

    func job(ofPod uid: String) async throws -> JobID? {
        let records = try await podJobs().filter { $0.uid == uid }.map(\.record).sorted { $0.id < $1.id }
        return (records.first { !$0.state.isFinal } ?? records.first)?.id
    }

    func cancel(_ id: JobID) async throws {
        try await client.cancel(id)
    }

    func terminate(_ id: JobID) async throws {
        try await client.cancel(id, signal: SIGTERM, scope: .batchScript)
    }

    func userJobs() async throws -> [JobRecord] {
        try await client.jobs()
    }

    func podJobs() async throws -> [(uid: String, record: JobRecord)] {
        try await client.jobs().compactMap { record in
            guard let text = record.comment, let comment = JobComment(parsing: text), comment.cluster == cluster else { return nil }
            return (comment.uid, record)
        }
    }
}

extension SlurmClient {
    /// All jobs of the user that runs this program.
    fileprivate func jobs() async throws -> [JobRecord] { try await jobs(ofUser: getuid()) }
}
