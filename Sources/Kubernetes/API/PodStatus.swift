/// What was reported of a pod (core/v1 PodStatus).
public struct PodStatus: Codable, Sendable, Equatable {
    /// Generation that the report is about.
    public var observedGeneration: Int?
    /// Summary of the pod's life.
    public var phase: PodPhase?
    /// Conditions.
    public var conditions: [PodCondition]
    /// Why the pod is so, for people.
    public var message: String?
    /// Why, for machines, as `Evicted`.
    public var reason: String?
    /// Node that is being freed for the pod.
    public var nominatedNodeName: String?
    /// Address of the node.
    public var hostIP: String?
    /// Addresses of the node.
    public var hostIPs: [HostIP]
    /// Address of the pod.
    public var podIP: String?
    /// Addresses of the pod.
    public var podIPs: [PodIP]
    /// When the agent accepted the pod.
    public var startTime: Timestamp?
    /// Status of each init container.
    public var initContainerStatuses: [ContainerStatus]
    /// Status of each container.
    public var containerStatuses: [ContainerStatus]
    /// Status of each ephemeral container.
    public var ephemeralContainerStatuses: [ContainerStatus]
    /// Class that follows from requests and limits.
    public var qosClass: QOSClass?

    /// Makes the value; everything not given stays unset.
    public init(
        observedGeneration: Int? = nil,
        phase: PodPhase? = nil,
        conditions: [PodCondition] = [],
        message: String? = nil,
        reason: String? = nil,
        nominatedNodeName: String? = nil,
        hostIP: String? = nil,
        hostIPs: [HostIP] = [],
        podIP: String? = nil,
        podIPs: [PodIP] = [],
        startTime: Timestamp? = nil,
        initContainerStatuses: [ContainerStatus] = [],
        containerStatuses: [ContainerStatus] = [],
        ephemeralContainerStatuses: [ContainerStatus] = [],
        qosClass: QOSClass? = nil
    ) {
        self.observedGeneration = observedGeneration
        self.phase = phase
        self.conditions = conditions
        self.message = message
        self.reason = reason
        self.nominatedNodeName = nominatedNodeName
        self.hostIP = hostIP
        self.hostIPs = hostIPs
        self.podIP = podIP
        self.podIPs = podIPs
        self.startTime = startTime
        self.initContainerStatuses = initContainerStatuses
        self.containerStatuses = containerStatuses
        self.ephemeralContainerStatuses = ephemeralContainerStatuses
        self.qosClass = qosClass
    }
}

/// One address of a pod.
public struct PodIP: Codable, Sendable, Equatable {
    /// Address.
    public var ip: String

    /// Makes the value; everything not given stays unset.
    public init(
        ip: String = ""
    ) {
        self.ip = ip
    }
}

/// One address of a node.
public struct HostIP: Codable, Sendable, Equatable {
    /// Address.
    public var ip: String

    /// Makes the value; everything not given stays unset.
    public init(
        ip: String = ""
    ) {
        self.ip = ip
    }
}

/// One condition of a pod.
public struct PodCondition: Codable, Sendable, Equatable {
    /// As `PodScheduled`, `Initialized`, `ContainersReady`, `Ready`.
    public var type: String
    /// Whether it holds.
    public var status: ConditionStatus
    /// Generation that the condition is about.
    public var observedGeneration: Int?
    /// When it was looked at last.
    public var lastProbeTime: Timestamp?
    /// When the status changed last.
    public var lastTransitionTime: Timestamp?
    /// Why, for machines.
    public var reason: String?
    /// Why, for people.
    public var message: String?

    /// Makes the value; everything not given stays unset.
    public init(
        type: String = "",
        status: ConditionStatus = .unknown,
        observedGeneration: Int? = nil,
        lastProbeTime: Timestamp? = nil,
        lastTransitionTime: Timestamp? = nil,
        reason: String? = nil,
        message: String? = nil
    ) {
        self.type = type
        self.status = status
        self.observedGeneration = observedGeneration
        self.lastProbeTime = lastProbeTime
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }
}

/// Status of one container.
public struct ContainerStatus: Codable, Sendable, Equatable {
    /// Name of the container.
    public var name: String
    /// What it does now.
    public var state: ContainerState
    /// What it did before the last restart.
    public var lastState: ContainerState
    /// Whether it is ready.
    public var ready: Bool
    /// How often it was started again.
    public var restartCount: Int
    /// Image that runs.
    public var image: String
    /// Digest of the image that runs.
    public var imageID: String
    /// As `apptainer://id`.
    public var containerID: String?
    /// Whether the startup probe has succeeded.
    public var started: Bool?
    /// Requests that the node granted.
    public var allocatedResources: [String: Quantity]

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = "",
        state: ContainerState = ContainerState(),
        lastState: ContainerState = ContainerState(),
        ready: Bool = false,
        restartCount: Int = 0,
        image: String = "",
        imageID: String = "",
        containerID: String? = nil,
        started: Bool? = nil,
        allocatedResources: [String: Quantity] = [:]
    ) {
        self.name = name
        self.state = state
        self.lastState = lastState
        self.ready = ready
        self.restartCount = restartCount
        self.image = image
        self.imageID = imageID
        self.containerID = containerID
        self.started = started
        self.allocatedResources = allocatedResources
    }
}

/// What a container does: one of these, or none for waiting.
public struct ContainerState: Codable, Sendable, Equatable {
    /// Not yet started.
    public var waiting: ContainerStateWaiting?
    /// Runs.
    public var running: ContainerStateRunning?
    /// Has ended.
    public var terminated: ContainerStateTerminated?

    /// Makes the value; everything not given stays unset.
    public init(
        waiting: ContainerStateWaiting? = nil,
        running: ContainerStateRunning? = nil,
        terminated: ContainerStateTerminated? = nil
    ) {
        self.waiting = waiting
        self.running = running
        self.terminated = terminated
    }
}

/// A container that has not yet started.
public struct ContainerStateWaiting: Codable, Sendable, Equatable {
    /// As `ContainerCreating`, `ImagePullBackOff`, `CrashLoopBackOff`.
    public var reason: String?
    /// Why, for people.
    public var message: String?

    /// Makes the value; everything not given stays unset.
    public init(
        reason: String? = nil,
        message: String? = nil
    ) {
        self.reason = reason
        self.message = message
    }
}

/// A container that runs.
public struct ContainerStateRunning: Codable, Sendable, Equatable {
    /// Since when.
    public var startedAt: Timestamp?

    /// Makes the value; everything not given stays unset.
    public init(
        startedAt: Timestamp? = nil
    ) {
        self.startedAt = startedAt
    }
}

/// A container that has ended.
public struct ContainerStateTerminated: Codable, Sendable, Equatable {
    /// Exit code; 128 + n after signal n.
    public var exitCode: Int
    /// Signal that ended it.
    public var signal: Int?
    /// As `Completed`, `Error`, `OOMKilled`.
    public var reason: String?
    /// The container's last words.
    public var message: String?
    /// When this run began.
    public var startedAt: Timestamp?
    /// When it ended.
    public var finishedAt: Timestamp?
    /// As `apptainer://id`.
    public var containerID: String?

    /// Makes the value; everything not given stays unset.
    public init(
        exitCode: Int = 0,
        signal: Int? = nil,
        reason: String? = nil,
        message: String? = nil,
        startedAt: Timestamp? = nil,
        finishedAt: Timestamp? = nil,
        containerID: String? = nil
    ) {
        self.exitCode = exitCode
        self.signal = signal
        self.reason = reason
        self.message = message
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.containerID = containerID
    }
}

/// Summary of a pod's life.
public struct PodPhase: OpenEnumeration {
    /// The word as the API writes it.
    public let rawValue: String

    /// Takes any word, also one that this list does not have.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Accepted, not all containers were started yet.
    public static let pending = Self(rawValue: "Pending")

    /// Bound, at least one container runs or restarts.
    public static let running = Self(rawValue: "Running")

    /// All containers ended with 0 and will not restart.
    public static let succeeded = Self(rawValue: "Succeeded")

    /// All containers ended, at least one in failure.
    public static let failed = Self(rawValue: "Failed")

    /// The node does not report.
    public static let unknown = Self(rawValue: "Unknown")
}

/// Class that follows from requests and limits.
public struct QOSClass: OpenEnumeration {
    /// The word as the API writes it.
    public let rawValue: String

    /// Takes any word, also one that this list does not have.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Limits equal requests, for each container.
    public static let guaranteed = Self(rawValue: "Guaranteed")

    /// Some request or limit.
    public static let burstable = Self(rawValue: "Burstable")

    /// No request and no limit.
    public static let bestEffort = Self(rawValue: "BestEffort")
}

/// Whether a condition holds.
public struct ConditionStatus: OpenEnumeration {
    /// The word as the API writes it.
    public let rawValue: String

    /// Takes any word, also one that this list does not have.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// It does.
    public static let `true` = Self(rawValue: "True")

    /// It does not.
    public static let `false` = Self(rawValue: "False")

    /// It is not known.
    public static let unknown = Self(rawValue: "Unknown")
}

extension PodStatus: AbsentValue {
    static var absent: PodStatus { PodStatus() }
}

extension ContainerState: AbsentValue {
    static var absent: ContainerState { ContainerState() }
}
