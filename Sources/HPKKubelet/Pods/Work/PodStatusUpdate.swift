import Kubernetes

/// A status to be written.
public struct PodStatusUpdate: Sendable, Equatable {
    public var namespace: String
    public var name: String
    public var uid: String
    public var status: PodStatus
    public var annotations: [String: String]

    public init(namespace: String, name: String, uid: String, status: PodStatus, annotations: [String: String]) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.status = status
        self.annotations = annotations
    }

    /// How soon this must be written, given what the API server holds.
    func urgency(after previous: PodStatusUpdate?) -> StatusUrgency {
        let old = previous?.status ?? PodStatus()
        if (status.phase ?? .pending) != (old.phase ?? .pending) || status.reason != old.reason { return .now }
        let isEnded = status.phase == .succeeded || status.phase == .failed
        if isEnded, status == old { return .afterwards }
        guard
            essence != (old.containerStatuses.isEmpty ? withoutContainerStates.essence : previous?.essence)
                || status.readiness != old.readiness
        else { return .later }
        // When a pod's last container has ended, the pod's own end or the next start follows within milliseconds.
        return status.containerStatuses.allSatisfy { $0.state.terminated != nil } ? .soon : .now
    }

    private var essence: [ContainerEssence] {
        (status.initContainerStatuses + status.containerStatuses).map(ContainerEssence.init)
    }

    /// The containers as they are before anything has run.
    private var withoutContainerStates: PodStatusUpdate {
        var update = self
        update.status.initContainerStatuses = status.initContainerStatuses.map { ContainerStatus(name: $0.name) }
        update.status.containerStatuses = status.containerStatuses.map { ContainerStatus(name: $0.name) }
        return update
    }
}

/// How soon a status must be written. What is not urgent is told together with what follows: each request costs the API server and etcd
/// more than the agent.
enum StatusUrgency: Int, CaseIterable, Sendable {
    /// Somebody may be waiting for just this: a phase, a container that began or ended, readiness.
    case now
    /// Something more important follows within milliseconds.
    case soon
    /// About a pod that still waits.
    case later
    /// About a pod that has ended: Slurm's last word on its job.
    case afterwards

    /// How long such an update waits for what follows.
    var delay: Duration {
        switch self {
        case .now: .zero
        case .soon: .milliseconds(100)
        case .later: .seconds(1)
        case .afterwards: .seconds(5)
        }
    }
}

/// Of a container's status, what is urgent.
private struct ContainerEssence: Equatable {
    let restartCount: Int
    let running: ContainerStateRunning?
    let terminated: ContainerStateTerminated?
    let ready: Bool

    init(_ status: ContainerStatus) {
        restartCount = status.restartCount
        running = status.state.running
        terminated = status.state.terminated
        ready = status.ready
    }
}

extension PodStatus {
    /// Whether a condition but `Initialized` is true.
    fileprivate var readiness: Bool { conditions.contains { $0.status == .true && $0.type != "Initialized" } }
}
