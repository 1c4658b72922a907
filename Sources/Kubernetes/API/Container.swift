/// One container of a pod (core/v1 Container).
public struct Container: Codable, Sendable, Equatable {
    /// Name, unique in the pod.
    public var name: String
    /// Image reference.
    public var image: String
    /// When the image is pulled.
    public var imagePullPolicy: ImagePullPolicy?
    /// Instead of the image's entrypoint.
    public var command: [String]
    /// Instead of the image's arguments.
    public var args: [String]
    /// Working directory.
    public var workingDir: String?
    /// Ports, for people and for named ports.
    public var ports: [ContainerPort]
    /// Environment.
    public var env: [EnvVar]
    /// Whole config maps or secrets as environment.
    public var envFrom: [EnvFromSource]
    /// Requests and limits.
    public var resources: ResourceRequirements
    /// Volumes mounted in the container.
    public var volumeMounts: [VolumeMount]
    /// Block devices; kept so that they can be refused.
    public var volumeDevices: [VolumeDevice]
    /// Hooks after the start and before the stop.
    public var lifecycle: Lifecycle?
    /// Restarts the container when it fails.
    public var livenessProbe: Probe?
    /// Makes the container not ready when it fails.
    public var readinessProbe: Probe?
    /// Holds the other probes back until it succeeds.
    public var startupProbe: Probe?
    /// Users, capabilities and the like.
    public var securityContext: SecurityContext?
    /// Whether standard input stays open.
    public var stdin: Bool
    /// Whether standard input closes after the first attach.
    public var stdinOnce: Bool
    /// Whether there is a terminal.
    public var tty: Bool
    /// File with the last words; the server's default is /dev/termination-log.
    public var terminationMessagePath: String?
    /// Where the last words come from.
    public var terminationMessagePolicy: TerminationMessagePolicy?
    /// Always on an init container makes a sidecar.
    public var restartPolicy: RestartPolicy?

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = "",
        image: String = "",
        imagePullPolicy: ImagePullPolicy? = nil,
        command: [String] = [],
        args: [String] = [],
        workingDir: String? = nil,
        ports: [ContainerPort] = [],
        env: [EnvVar] = [],
        envFrom: [EnvFromSource] = [],
        resources: ResourceRequirements = ResourceRequirements(),
        volumeMounts: [VolumeMount] = [],
        volumeDevices: [VolumeDevice] = [],
        lifecycle: Lifecycle? = nil,
        livenessProbe: Probe? = nil,
        readinessProbe: Probe? = nil,
        startupProbe: Probe? = nil,
        securityContext: SecurityContext? = nil,
        stdin: Bool = false,
        stdinOnce: Bool = false,
        tty: Bool = false,
        terminationMessagePath: String? = nil,
        terminationMessagePolicy: TerminationMessagePolicy? = nil,
        restartPolicy: RestartPolicy? = nil
    ) {
        self.name = name
        self.image = image
        self.imagePullPolicy = imagePullPolicy
        self.command = command
        self.args = args
        self.workingDir = workingDir
        self.ports = ports
        self.env = env
        self.envFrom = envFrom
        self.resources = resources
        self.volumeMounts = volumeMounts
        self.volumeDevices = volumeDevices
        self.lifecycle = lifecycle
        self.livenessProbe = livenessProbe
        self.readinessProbe = readinessProbe
        self.startupProbe = startupProbe
        self.securityContext = securityContext
        self.stdin = stdin
        self.stdinOnce = stdinOnce
        self.tty = tty
        self.terminationMessagePath = terminationMessagePath
        self.terminationMessagePolicy = terminationMessagePolicy
        self.restartPolicy = restartPolicy
    }
}

/// One port of a container.
public struct ContainerPort: Codable, Sendable, Equatable {
    /// Name by which probes and services can refer to it.
    public var name: String?
    /// Number, 1 to 65535.
    public var containerPort: Int
    /// Port on the node.
    public var hostPort: Int?
    /// Address on the node.
    public var hostIP: String?
    /// `TCP` (the default), `UDP` or `SCTP`.
    public var `protocol`: String?

    /// Makes the value; everything not given stays unset.
    public init(
        name: String? = nil,
        containerPort: Int = 0,
        hostPort: Int? = nil,
        hostIP: String? = nil,
        `protocol`: String? = nil
    ) {
        self.name = name
        self.containerPort = containerPort
        self.hostPort = hostPort
        self.hostIP = hostIP
        self.protocol = `protocol`
    }
}

/// Requests and limits.
public struct ResourceRequirements: Codable, Sendable, Equatable {
    /// Most that may be used, by resource name.
    public var limits: [String: Quantity]
    /// Least that is needed, by resource name.
    public var requests: [String: Quantity]

    /// Makes the value; everything not given stays unset.
    public init(
        limits: [String: Quantity] = [:],
        requests: [String: Quantity] = [:]
    ) {
        self.limits = limits
        self.requests = requests
    }
}

/// A volume mounted in a container.
public struct VolumeMount: Codable, Sendable, Equatable {
    /// Volume.
    public var name: String
    /// Path in the container.
    public var mountPath: String
    /// Whether it is read-only.
    public var readOnly: Bool
    /// `Disabled`, `IfPossible` or `Enabled`.
    public var recursiveReadOnly: String?
    /// Part of the volume.
    public var subPath: String?
    /// Part of the volume, with `$(NAME)` expanded from the environment.
    public var subPathExpr: String?
    /// `None`, `HostToContainer` or `Bidirectional`.
    public var mountPropagation: String?

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = "",
        mountPath: String = "",
        readOnly: Bool = false,
        recursiveReadOnly: String? = nil,
        subPath: String? = nil,
        subPathExpr: String? = nil,
        mountPropagation: String? = nil
    ) {
        self.name = name
        self.mountPath = mountPath
        self.readOnly = readOnly
        self.recursiveReadOnly = recursiveReadOnly
        self.subPath = subPath
        self.subPathExpr = subPathExpr
        self.mountPropagation = mountPropagation
    }
}

/// A block device in a container.
public struct VolumeDevice: Codable, Sendable, Equatable {
    /// Volume.
    public var name: String
    /// Path in the container.
    public var devicePath: String

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = "",
        devicePath: String = ""
    ) {
        self.name = name
        self.devicePath = devicePath
    }
}

/// When an image is pulled.
public struct ImagePullPolicy: OpenEnumeration {
    /// The word as the API writes it.
    public let rawValue: String

    /// Takes any word, also one that this list does not have.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// At every start.
    public static let always = Self(rawValue: "Always")

    /// When it is not there yet.
    public static let ifNotPresent = Self(rawValue: "IfNotPresent")

    /// Not at all.
    public static let never = Self(rawValue: "Never")
}

/// When an ended container starts again.
public struct RestartPolicy: OpenEnumeration {
    /// The word as the API writes it.
    public let rawValue: String

    /// Takes any word, also one that this list does not have.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// After every end.
    public static let always = Self(rawValue: "Always")

    /// After an end with another code than 0.
    public static let onFailure = Self(rawValue: "OnFailure")

    /// Not at all.
    public static let never = Self(rawValue: "Never")
}

/// Where a container's last words come from.
public struct TerminationMessagePolicy: OpenEnumeration {
    /// The word as the API writes it.
    public let rawValue: String

    /// Takes any word, also one that this list does not have.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// From the file only.
    public static let file = Self(rawValue: "File")

    /// From the log's end when the file is empty and the container failed.
    public static let fallbackToLogsOnError = Self(rawValue: "FallbackToLogsOnError")
}

/// Which resolver settings a pod gets.
public struct DNSPolicy: OpenEnumeration {
    /// The word as the API writes it.
    public let rawValue: String

    /// Takes any word, also one that this list does not have.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The cluster's, except on the node's network.
    public static let clusterFirst = Self(rawValue: "ClusterFirst")

    /// The cluster's, always.
    public static let clusterFirstWithHostNet = Self(rawValue: "ClusterFirstWithHostNet")

    /// The node's.
    public static let `default` = Self(rawValue: "Default")

    /// Only those of `dnsConfig`.
    public static let none = Self(rawValue: "None")
}

extension ResourceRequirements: AbsentValue {
    static var absent: ResourceRequirements { ResourceRequirements() }
}
