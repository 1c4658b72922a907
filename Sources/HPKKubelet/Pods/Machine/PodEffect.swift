import PodProtocol
import Slurm

/// What a ``PodMachine`` wants done; the pod's worker does it and reports back by a ``PodInput``.
public enum PodEffect: Sendable, Equatable {
    /// Fetch references and images, write the plan.
    case prepare
    case cancelPreparation
    /// Record the intent, then submit the job.
    case submit
    /// The pod is not wanted any more: take it out of what waits to be submitted. A submission under way still answers.
    case withdrawSubmission
    /// Tell of changes of this job from now on.
    case follow(JobID)
    /// Slurm has lost this job: it is no longer followed, and its batch file is not for this pod any more.
    case abandon(JobID)
    /// Ask Slurm soon: something about the job is expected to have changed.
    case refresh(JobID)
    /// End the job at once.
    case cancelJob(JobID)
    /// Ask the supervisor to stop by a TERM to the job's batch step, where it has no connection.
    case terminateJob(JobID)
    /// Ask the supervisor to stop by its connection.
    case stop(StopRequest)
    /// Hand secrets to a supervisor that has just connected.
    case deliver
    case readJournal
    case startTimer(PodTimer, seconds: Double)
    case stopTimer(PodTimer)
    case record(PodNote)
    /// Remove the pod's object from the API server, after the last status has been written.
    case confirmDeletion
    /// Remove the pod's directory and end the worker.
    case discard
}

/// A Kubernetes event about a pod.
public struct PodNote: Sendable, Equatable {
    public var isWarning: Bool
    public var reason: String
    public var message: String
    /// The container that it concerns, if one.
    public var container: String?

    public init(_ reason: String, _ message: String, isWarning: Bool = false, container: String? = nil) {
        self.isWarning = isWarning
        self.reason = reason
        self.message = message
        self.container = container
    }
}
