/// Everything the supervisor needs to run one pod, written by the node agent as `plan.json` (mode 0600) in the pod's directory.
///
/// The plan is data: no part of it is ever evaluated by a shell. It holds no secret of the pod; secrets arrive as a ``Delivery`` over the
/// supervisor's connection.
public struct LaunchPlan: Codable, Sendable, Equatable {
    /// The version of the plan's format that this build writes and reads.
    public static let currentVersion = 1

    /// Format version; a supervisor refuses a plan of another version.
    public var version: Int
    /// The pod's UID, namespace and name as the API server knows them.
    public var uid: String
    public var namespace: String
    public var name: String
    /// Name of the Kubernetes node that the pod is bound to.
    public var nodeName: String
    /// `spec.restartPolicy`.
    public var restartPolicy: RestartPolicy
    /// Seconds between TERM and KILL when the pod is stopped; 0 or more.
    public var terminationGracePeriodSeconds: Int64
    /// Host name that the containers see, at most 64 bytes; empty for the compute node's own.
    public var hostname: String
    /// Fully qualified name (`hostname.subdomain.namespace.svc.domain`) where the pod asks for one.
    public var fullyQualifiedName: String?
    /// Which sandbox the pod lives in.
    public var network: NetworkMode
    /// The text of `/etc/resolv.conf`; nil leaves the compute node's own file.
    public var resolvConf: String?
    /// Whether the supervisor writes `/etc/hosts` (false leaves the image's or node's file alone).
    public var managesHostsFile: Bool
    /// `spec.hostAliases`, appended to the managed `/etc/hosts`.
    public var hostAliases: [HostAlias]
    /// Containers of the pod see each other's processes (`spec.shareProcessNamespace`).
    public var sharesProcessNamespace: Bool
    /// Group that owns the pod's volumes (`securityContext.fsGroup`).
    public var fsGroup: UInt32?
    public var volumes: [VolumePlan]
    /// Run one after the other, each to completion, before `containers`.
    public var initContainers: [ContainerPlan]
    /// Run side by side.
    public var containers: [ContainerPlan]
    /// The plan refers to a ``Delivery`` (secret values or volumes): the supervisor waits for it before the first container.
    public var needsDelivery: Bool
    /// Absolute path, or name looked up in PATH on the compute node, of the `apptainer` program.
    public var apptainer: String
    /// Absolute path of the static `hpk-init` program that is bound into each container.
    public var initProgram: String
    /// Folder on the compute node's own disk for emptyDir volumes and writable layers, e.g. `/tmp`.
    public var localDirectory: String
    public var logLimits: LogLimits
    public var restartBackoff: RestartBackoff
    /// How the node agent was reached when it wrote the plan, so that one file is enough to start; ``PodDirectory/connection`` overrides it.
    public var connection: ConnectionSettings?
    /// The containers run as Slurm steps; nil lets the supervisor start them itself.
    public var steps: StepPlan?

    public init(
        uid: String, namespace: String, name: String, nodeName: String, restartPolicy: RestartPolicy = .always,
        terminationGracePeriodSeconds: Int64 = 30, hostname: String, fullyQualifiedName: String? = nil, network: NetworkMode = .host,
        resolvConf: String? = nil, managesHostsFile: Bool = true, hostAliases: [HostAlias] = [], sharesProcessNamespace: Bool = false,
        fsGroup: UInt32? = nil, volumes: [VolumePlan] = [], initContainers: [ContainerPlan] = [], containers: [ContainerPlan],
        needsDelivery: Bool = false, apptainer: String = "apptainer", initProgram: String, localDirectory: String = "/tmp",
        logLimits: LogLimits = LogLimits(), restartBackoff: RestartBackoff = RestartBackoff(),
        steps: StepPlan? = nil
    ) {
        self.version = Self.currentVersion
        self.uid = uid
        self.namespace = namespace
        self.name = name
        self.nodeName = nodeName
        self.restartPolicy = restartPolicy
        self.terminationGracePeriodSeconds = terminationGracePeriodSeconds
        self.hostname = hostname
        self.fullyQualifiedName = fullyQualifiedName
        self.network = network
        self.resolvConf = resolvConf
        self.managesHostsFile = managesHostsFile
        self.hostAliases = hostAliases
        self.sharesProcessNamespace = sharesProcessNamespace
        self.fsGroup = fsGroup
        self.volumes = volumes
        self.initContainers = initContainers
        self.containers = containers
        self.needsDelivery = needsDelivery
        self.apptainer = apptainer
        self.initProgram = initProgram
        self.localDirectory = localDirectory
        self.logLimits = logLimits
        self.restartBackoff = restartBackoff
        self.steps = steps
    }
}

/// `spec.restartPolicy` of a pod.
public enum RestartPolicy: String, Codable, Sendable {
    case always = "Always"
    case onFailure = "OnFailure"
    case never = "Never"
}

/// The kind of network a pod's sandbox has.
public enum NetworkMode: String, Codable, Sendable, CaseIterable {
    /// The compute node's own network; the pod's address is the node's.
    case host
    /// A network namespace of its own with `pasta` as the way out and no way in.
    case `private`
}

/// One line of `spec.hostAliases`.
public struct HostAlias: Codable, Sendable, Equatable {
    public var address: String
    public var hostnames: [String]

    public init(address: String, hostnames: [String]) {
        self.address = address
        self.hostnames = hostnames
    }
}

/// Rotation of a container's log file, as the kubelet's `containerLogMaxSize` and `containerLogMaxFiles`.
public struct LogLimits: Codable, Sendable, Equatable {
    /// Size in bytes after which a log file is rotated; default 10 MiB.
    public var maximumBytes: Int64
    /// How many files are kept for one container instance, the live one included; 2 or more, default 5.
    public var maximumFiles: Int

    public init(maximumBytes: Int64 = 10 << 20, maximumFiles: Int = 5) {
        self.maximumBytes = maximumBytes
        self.maximumFiles = maximumFiles
    }
}

/// Pause before a container is started again: doubled each time, forgotten after a long good run, as the kubelet does.
public struct RestartBackoff: Codable, Sendable, Equatable {
    /// First pause in seconds; default 10.
    public var initialSeconds: Double
    /// Longest pause in seconds; default 300.
    public var maximumSeconds: Double
    /// A run of at least this many seconds resets the pause; default 600.
    public var resetAfterSeconds: Double

    public init(initialSeconds: Double = 10, maximumSeconds: Double = 300, resetAfterSeconds: Double = 600) {
        self.initialSeconds = initialSeconds
        self.maximumSeconds = maximumSeconds
        self.resetAfterSeconds = resetAfterSeconds
    }
}
