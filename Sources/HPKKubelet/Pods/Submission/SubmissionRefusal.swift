import Glibc
import Slurm

/// Why a call did not submit, for the queue and for the pods that wait.
struct SubmissionRefusal: Error, Sendable, Equatable {
    /// What the queue makes of it.
    var answer: SubmissionQueue.Answer
    /// What the pods are told.
    var message: String

    init(_ answer: SubmissionQueue.Answer, message: String) {
        self.answer = answer
        self.message = message
    }

    /// What each of Slurm's errors means for submissions.
    init(_ error: SlurmError) {
        let reason = "\(error.message) (\(error.name), \(error.code)); \(error.whatToDo)"
        message = reason
        if error.mayHaveBeenApplied {
            answer = .unknown(reason)
        } else if Self.noRoom.contains(error.name) {
            answer = .tooMany(everybody: true, reason)
        } else if Self.limits.contains(error.name) {
            answer = .tooMany(everybody: false, reason)
        } else if error.retryAdvice == .whenReachable || Self.nothingNow.contains(error.name) {
            answer = .unavailable(reason)
        } else {
            answer = error.retryAdvice == .never ? .rejected(code: error.code) : .later(reason)
        }
    }

    /// slurmctld is full (`MaxJobCount`), or this host is short of memory or processes.
    private static let noRoom: Set = ["EAGAIN"]
    /// A limit of the account, QOS or partition, or an array larger than `MaxArraySize` or `max_array_tasks`.
    private static let limits: Set = ["ESLURM_ACCOUNTING_POLICY", "ESLURM_QOS_THRES", "ESLURM_INVALID_ARRAY"]
    /// No job of anybody's is taken; the last is this program's own end.
    private static let nothingNow: Set = [
        "ESLURM_WRITING_TO_FILE", "ESLURM_SUBMISSIONS_DISABLED", "ESLURM_INTERNAL", "ESLURM_DB_CONNECTION", "EMFILE", "ESHUTDOWN",
    ]
}
