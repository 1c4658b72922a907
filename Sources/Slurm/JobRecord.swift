import Foundation

/// One job as slurmctld knows it: what we use of libslurm's `slurm_job_info_t`.
public struct JobRecord: Sendable, Equatable {
    /// The job's id; a task's names its array and index, and that of tasks which wait together (`arrayTasks`) the array.
    public var id: JobID
    /// slurmctld's own number of this record. A task that has started bears one of its own, by which pushes name it.
    public var number: UInt32
    /// Indices of the array `id` that wait together in this record; nil for plain jobs and tasks with a record of their own.
    public var arrayTasks: ArrayTasks?
    /// Job name.
    public var name: String
    /// The whole comment.
    public var comment: String?
    /// What an administrator wrote to the job.
    public var adminComment: String?
    /// What Slurm itself wrote to the job.
    public var systemComment: String?
    /// Owner of the job.
    public var userID: UInt32
    /// Group that the job runs as.
    public var groupID: UInt32
    /// Base state and flags.
    public var state: JobState
    /// Why it waits, or failed.
    public var stateReason: StateReason
    /// More about the reason, when Slurm has more.
    public var stateDescription: String?
    /// How the batch script ended; meaningful when `state.isFinal`.
    public var exitStatus: ExitStatus
    /// The highest exit code of all steps.
    public var derivedExitStatus: ExitStatus
    /// When it was submitted.
    public var submitTime: Date?
    /// When it may start at the earliest.
    public var eligibleTime: Date?
    /// When it started, or is expected to; see `state`.
    public var startTime: Date?
    /// When it ended, or will be ended by its time limit; see `state`.
    public var endTime: Date?
    /// Nodes of the allocation as a host list (`c[1-3]`).
    public var nodeList: String?
    /// The node that runs the batch script.
    public var batchHost: String?
    /// Nodes that the scheduler has in mind for a pending job.
    public var scheduledNodes: String?
    /// How often the job went back to the queue.
    public var restartCount: Int
    /// Partition, or several parted by commas while it waits.
    public var partition: String?
    /// Account.
    public var account: String?
    /// Quality of service.
    public var qos: String?
    /// Reservation.
    public var reservation: String?
    /// Feature expression.
    public var constraint: String?
    /// Dependencies that are not met yet.
    public var dependency: String?
    /// Licenses.
    public var licenses: String?
    /// Priority; 0 is held.
    public var priority: UInt32
    /// Time limit in minutes; nil is none.
    public var timeLimitMinutes: UInt32?
    /// CPUs, asked for or allocated.
    public var numCPUs: UInt32
    /// Nodes, asked for or allocated.
    public var numNodes: UInt32
    /// Tasks.
    public var numTasks: UInt32
    /// What was asked for: `cpu=2,mem=1G,node=1,billing=2,gres/gpu=1`.
    public var tresRequested: String?
    /// What was allocated, in the same form; nil until it starts.
    public var tresAllocated: String?
    /// What was asked for on each node: `gres:gpu:2`.
    public var tresPerNode: String?
    /// Working directory.
    public var workingDirectory: String?
    /// File of standard output.
    public var standardOutput: String?
    /// File of standard error.
    public var standardError: String?
    /// Host that submitted the job.
    public var allocNode: String?

    /// The submitter's own part of the comment: all up to the first white space (`JobSubmission.comment`).
    public var ownComment: String? {
        comment?.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init)
    }

    /// The record of one task that waits in this one.
    public func waitingTask(_ index: UInt32) -> JobRecord {
        var record = self
        record.id = JobID(array: id.rawValue, task: index)
        record.arrayTasks = nil
        return record
    }

    /// This record; of tasks that wait together, one for each.
    public var tasks: [JobRecord] {
        guard let arrayTasks else { return [self] }
        return arrayTasks.ranges.flatMap { $0.map { waitingTask($0) } }
    }

    /// A record with the given parts and Slurm's "not set" for all else; for tests and simulations.
    public init(id: JobID, name: String, comment: String? = nil, userID: UInt32 = 0, state: JobState, stateReason: StateReason) {
        self.id = id
        number = id.rawValue
        self.name = name
        self.comment = comment
        self.userID = userID
        self.groupID = userID
        self.state = state
        self.stateReason = stateReason
        exitStatus = ExitStatus(rawValue: 0)
        derivedExitStatus = ExitStatus(rawValue: 0)
        restartCount = 0
        priority = 0
        numCPUs = 0
        numNodes = 0
        numTasks = 0
    }
}
