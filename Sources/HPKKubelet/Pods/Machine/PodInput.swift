import Kubernetes
import PodProtocol
import Slurm

/// What can happen to a pod; the only way in which anything changes a ``PodMachine``.
public enum PodInput: Sendable {
    /// A version of the pod's object from the API server.
    case podChanged(Pod)
    /// The pod's object is gone from the API server.
    case podRemoved
    /// What was found of the pod after a restart of the node agent.
    case recovered(PodRecovery)
    /// Volumes, images and the plan are ready; `imageIDs` is by container.
    case prepared(imageIDs: [String: String])
    /// Something is in the way of starting the pod; it is tried again.
    case preparationDelayed(PreparationDelay)
    /// The pod can never start.
    case rejected(PodRejection)
    /// Slurm took the job.
    case submitted(JobID)
    /// The job cannot be submitted yet, and why.
    case submissionWaits(String)
    /// Slurm will never take the job.
    case submissionFailed(SubmissionFailure)
    /// Slurm's record of the job.
    case jobChanged(JobRecord)
    /// Slurm no longer knows the job.
    case jobForgotten
    /// An event that the supervisor pushed.
    case event(PodEvent)
    /// The whole journal, as asked for by ``PodEffect/readJournal``.
    case journal([PodEvent])
    /// The supervisor's connection came up or went away.
    case connectionOpened
    case connectionClosed
    case timerFired(PodTimer)
}

/// Timers that a ``PodMachine`` starts; one of each kind at a time.
public enum PodTimer: Hashable, Sendable, CaseIterable {
    case retryPreparation
    /// The grace period and some slack are over: end the job.
    case grace
    /// `activeDeadlineSeconds` is over.
    case activeDeadline
    /// A look at the journal that may lag behind Slurm's word on a shared file system.
    case journal
}

/// What was found of a pod when the node agent started.
public struct PodRecovery: Sendable {
    /// The job that belongs to the pod, by the record of the submission, the journal or Slurm's list.
    public var jobID: JobID?
    /// Everything in the pod's journal.
    public var events: [PodEvent]
    /// `imageID` of each container, from the record of the submission.
    public var imageIDs: [String: String]
    /// The directory of a pod that had already started is missing.
    public var isDirectoryLost: Bool

    public init(jobID: JobID? = nil, events: [PodEvent] = [], imageIDs: [String: String] = [:], isDirectoryLost: Bool = false) {
        self.jobID = jobID
        self.events = events
        self.imageIDs = imageIDs
        self.isDirectoryLost = isDirectoryLost
    }
}

/// Why a pod cannot start yet.
public struct PreparationDelay: Sendable, Equatable {
    /// The container that the reason belongs to; nil when it concerns the pod.
    public var container: String?
    /// Shown as the container's waiting reason: `ErrImagePull`, `ImagePullBackOff`, `CreateContainerConfigError`…; nil leaves
    /// `ContainerCreating`.
    public var waitingReason: String?
    /// Reason of the Kubernetes event: `Failed`, `FailedMount`, `BackOff`…
    public var eventReason: String
    public var message: String
    /// Seconds until the next try; nil lets the machine choose (2 s doubling to 120 s).
    public var retryAfterSeconds: Double?

    public init(
        container: String? = nil, waitingReason: String? = nil, eventReason: String, message: String, retryAfterSeconds: Double? = nil
    ) {
        self.container = container
        self.waitingReason = waitingReason
        self.eventReason = eventReason
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }
}

/// Why a pod can never start.
public struct PodRejection: Sendable, Equatable {
    /// Becomes `status.reason`.
    public var reason: String
    /// Becomes `status.message`.
    public var message: String

    public init(reason: String, message: String) {
        self.reason = reason
        self.message = message
    }
}

/// Why a job was not submitted, and never will be.
public struct SubmissionFailure: Sendable, Equatable {
    public var message: String

    public init(message: String) {
        self.message = message
    }
}
