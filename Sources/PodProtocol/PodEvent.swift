/// One thing that happened to a pod on its compute node.
///
/// The supervisor appends each event to the journal in the pod's directory and sends the same event over its connection.
public struct PodEvent: Codable, Sendable, Equatable {
    /// Counts from 1 without gaps over all attempts of the pod's job.
    public var sequence: UInt64
    /// Nanoseconds since the Unix epoch, by the compute node's clock.
    public var time: Int64
    public var kind: Kind

    public init(sequence: UInt64, time: Int64, kind: Kind) {
        self.sequence = sequence
        self.time = time
        self.kind = kind
    }

    /// What happened.
    public enum Kind: Codable, Sendable, Equatable {
        /// The supervisor began; a higher attempt means that Slurm requeued the job and nothing of the earlier attempt lives.
        case supervisorStarted(SupervisorStart)
        /// Namespaces, network and volumes are ready.
        case sandboxReady(podAddresses: [String], hostAddress: String)
        /// The sandbox cannot be made; the supervisor ends after this.
        case sandboxFailed(reason: String, message: String)
        /// A container is not running and the reason is worth showing: `CrashLoopBackOff`, `CreateContainerConfigError`, `StartError`…
        case containerWaiting(container: String, reason: String, message: String)
        /// A container's process was started.
        case containerStarted(container: String, restartCount: Int, containerID: String)
        /// A container's process has ended.
        case containerExited(container: String, restartCount: Int, exit: ContainerExit)
        /// The pod is being stopped.
        case stopping(reason: String)
        /// Every container has ended for good and the supervisor leaves.
        case finished
    }
}

/// Identity of one run of the supervisor.
public struct SupervisorStart: Codable, Sendable, Equatable {
    /// Slurm's job id (`SLURM_JOB_ID`); a task of a job array has one of its own.
    public var jobID: UInt32
    /// The job array that the job is a task of (`SLURM_ARRAY_JOB_ID`); nil for a plain job.
    public var arrayJobID: UInt32?
    /// Its index in the array (`SLURM_ARRAY_TASK_ID`).
    public var arrayTaskID: UInt32?
    /// Slurm's restart count of the job: 0 for the first attempt.
    public var attempt: UInt32
    /// Name of the compute node as Slurm calls it.
    public var host: String
    public var processID: Int32

    public init(
        jobID: UInt32, arrayJobID: UInt32? = nil, arrayTaskID: UInt32? = nil, attempt: UInt32, host: String, processID: Int32
    ) {
        self.jobID = jobID
        self.arrayJobID = arrayJobID
        self.arrayTaskID = arrayTaskID
        self.attempt = attempt
        self.host = host
        self.processID = processID
    }
}

extension SupervisorStart {
    /// The job as squeue writes it: `123`, or `123_4` for a task of an array, which keeps that name when Slurm requeues it.
    public var jobName: String {
        guard let arrayJobID, let arrayTaskID else { return String(jobID) }
        return "\(arrayJobID)_\(arrayTaskID)"
    }
}

/// How a container's process ended.
public struct ContainerExit: Codable, Sendable, Equatable {
    /// 0 to 255; 128 + signal for a process that a signal ended.
    public var exitCode: Int32
    /// The signal that ended the process, if one did.
    public var signal: Int32?
    /// `Completed`, `Error`, `OOMKilled`, `StartError`, `ContainerCannotRun`.
    public var reason: String
    /// The termination message, at most 4096 bytes.
    public var message: String
    /// Nanoseconds since the Unix epoch.
    public var startedAt: Int64
    public var finishedAt: Int64

    public init(exitCode: Int32, signal: Int32? = nil, reason: String, message: String = "", startedAt: Int64, finishedAt: Int64) {
        self.exitCode = exitCode
        self.signal = signal
        self.reason = reason
        self.message = message
        self.startedAt = startedAt
        self.finishedAt = finishedAt
    }
}
