import Foundation

/// What slurmctld said about a job without being asked. Read it as "this job changed, look at it": the truth is in the
/// job's record, and a push can be lost (this process was not running, the network was cut).
public struct JobPush: Sendable, Hashable {
    /// What happened.
    public enum Kind: Sendable, Hashable {
        /// `SRUN_JOB_COMPLETE`: the job ended, was cancelled, or goes back to the queue. Its processes may still run.
        case complete
        /// `SRUN_TIMEOUT`: the time limit will be reached at this time.
        case timeout(at: Date?)
        /// `SRUN_NODE_FAIL`: these nodes (a host list) were lost.
        case nodeFail(nodes: String)
        /// `SRUN_REQUEST_SUSPEND`: suspended or resumed.
        case suspendOrResume
        /// `SRUN_USER_MSG`: somebody sent words to the job (`scontrol notify`).
        case message(String)
    }

    /// slurmctld's own number of the job (`JobRecord.number`).
    public var number: UInt32
    /// What happened.
    public var kind: Kind

    /// A push about the job with this number.
    public init(number: UInt32, kind: Kind) {
        self.number = number
        self.kind = kind
    }
}
