import Logging
import PodProtocol

/// Everything that can be set on the node agent, with its defaults.
///
/// Filled by ``ConfigurationLoader`` from a file, then the environment, then flags; the later source wins. ``Setting`` holds the name
/// and the meaning of each one as users see them.
public struct KubeletConfiguration: Sendable, Equatable {
    // MARK: Node

    /// Name of the node object; a DNS-1123 name of at most 63 characters.
    public var nodeName = "hpk-kubelet"
    /// Address at which the API server reaches the kubelet port; nil is the address of this host's own name or first interface.
    public var kubeletAddress: String?
    /// The kubelet port, 1 to 65535.
    public var kubeletPort = 10250
    /// PEM file of the kubelet port's certificate; nil lets the agent make one.
    public var certificateFile: String?
    /// PEM file of the certificate's key.
    public var keyFile: String?
    /// PEM file of the authority whose client certificates may use the kubelet port; nil is the cluster's authority in the kubeconfig.
    public var clientAuthorityFile: String?
    /// Only pods of this namespace are run; nil is all of them.
    public var namespace: String?
    /// Most pods at a time, as the node's capacity says.
    public var maxPods = 10_000
    /// Whether the node bears `taint`.
    public var isTainted = true
    public var taint = TaintSetting()

    // MARK: API server

    /// Paths of kubeconfig files as in the variable KUBECONFIG (joined by colons); nil is `~/.kube/config`, or the service account in a pod.
    public var kubeconfig: String?
    /// Context of the kubeconfig; nil is its current one.
    public var context: String?
    /// How many pods are worked on at the same time, 1 to 1000.
    public var podSyncWorkers = 10
    /// Pause between two comparisons of all pods with Slurm and the API server's objects, 1 second or more; changes are seen at once by
    /// watches and pushes.
    public var fullResyncPeriod = Duration.seconds(60)
    /// How long the agent waits at its start for the API server and Slurm; zero waits for ever.
    public var startupTimeout = Duration.zero

    // MARK: Scheduler

    /// Whether this agent binds waiting pods to its node.
    public var runsScheduler = true
    /// Pods whose `spec.schedulerName` is this one are bound.
    public var schedulerName = "default-scheduler"

    // MARK: Slurm

    /// Path of slurm.conf; nil is what libslurm was built with.
    public var slurmConfiguration: String?
    /// Whether pods of one shape that are ready together are submitted as one job array.
    public var gathersSubmissions = true

    // MARK: Pods

    /// The `apptainer` program: a path, or a name looked up in PATH on the compute node.
    public var apptainer = "apptainer"
    /// Put before an image reference that names no transport, e.g. `docker://` or `docker://registry.example.org/`.
    public var registry = "docker://"
    /// Registries (`host` or `host:port`) that are spoken to without TLS.
    public var insecureRegistries: [String] = []
    /// Absolute paths below which pods may name local images.
    public var imagePaths: [String] = []
    /// Folder on the shared file system; the agent keeps its state in ``stateDirectory``.
    public var workingDirectory = "/"
    /// Folder on each compute node's own disk.
    public var localDirectory = "/tmp"
    public var network = NetworkMode.host
    /// Whether every container is a Slurm step of its own, for sites that account by step.
    public var containerSteps = false
    /// Name servers of pods whose `dnsPolicy` is ClusterFirst; empty asks the Service `kube-system/kube-dns` for its endpoints.
    public var clusterDNS: [String] = []
    public var clusterDomain = "cluster.local"
    /// The supervisor program, at a path that the compute nodes see; nil is `hpk-pod` beside this program.
    public var podProgram: String?
    /// The static program bound into each container; nil is `hpk-init` beside this program.
    public var initProgram: String?
    /// Address or name at which compute nodes reach this agent; nil is the kubelet address.
    public var supervisorAddress: String?
    /// Port that compute nodes dial at ``supervisorAddress`` where a relay or port forwarding stands in front; nil is the listener's own.
    public var supervisorPublicPort: Int?
    /// Port for the supervisors' connections; 0 is any free one.
    public var supervisorPort = 10260

    // MARK: Logs

    /// Least severe messages that are written.
    public var logLevel = Logger.Level.notice
    public var logFormat = LogFormat.text

    /// The defaults.
    public init() {}

    /// The agent's own folder, mode 0700: pods, images, identity.
    public var stateDirectory: String {
        workingDirectory == "/" ? "/.hpk" : workingDirectory + "/.hpk"
    }
}

/// The taint that keeps pods without a matching toleration away from the node.
public struct TaintSetting: Sendable, Equatable {
    public var key = "virtual-kubelet.io/provider"
    public var value = "hpk"
    public var effect = Effect.noSchedule

    /// The defaults of the original.
    public init() {}

    /// What the taint does (core/v1 `TaintEffect`).
    public enum Effect: String, Sendable, CaseIterable {
        case noSchedule = "NoSchedule"
        case preferNoSchedule = "PreferNoSchedule"
        case noExecute = "NoExecute"
    }
}

/// How log lines look.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `time level message key=value …`
    case text
    /// One JSON object a line.
    case json
}
