import Kubernetes

/// The API server as ``SchedulingService`` needs it. Every function throws where asking again later can help.
public protocol SchedulingObjects: Sendable {
    /// Binds a pod.
    func bind(_ pod: Pod, to node: String) async throws -> BindOutcome
    /// Writes a condition of a pod; a pod that is gone is no fault.
    func patch(_ condition: PodCondition, of pod: Pod) async throws
    /// Records an event about a pod. Nothing depends on it, so a failure is only logged.
    func record(_ event: SchedulingEvent, of pod: Pod) async
}

/// What the server said to a binding.
public enum BindOutcome: Sendable, Equatable {
    case bound
    /// The pod has a node already, or is another or ending one (409): the watch will tell.
    case conflict
    /// There is no such pod.
    case gone
}

/// An event in the words of Kubernetes' scheduler.
public struct SchedulingEvent: Sendable, Equatable {
    /// `Scheduled` or `FailedScheduling`.
    public var reason: String
    public var message: String
    public var isWarning: Bool
}

/// What became of a pod without a node.
public enum UnboundPodChange: Sendable {
    /// It is there, or has changed.
    case upserted(Pod)
    /// It is gone, or has a node now.
    case removed(uid: String)
}
