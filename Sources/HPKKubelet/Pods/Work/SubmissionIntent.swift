import Foundation
import Slurm

/// The node agent's record of a pod's submission: on disk before the job is submitted, completed when Slurm has answered.
///
/// After a crash, a record without a job id means that the job may or may not exist: Slurm's own list, the journal and the claim tell.
struct SubmissionIntent: Codable, Sendable, Equatable {
    var uid: String
    var namespace: String
    var name: String
    var jobID: JobID?
    /// `imageID` of each container, for the status.
    var imageIDs: [String: String]
}
