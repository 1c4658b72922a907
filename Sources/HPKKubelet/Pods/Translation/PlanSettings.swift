import Kubernetes
import PodProtocol

/// What the translation of a pod needs to know of the node agent's configuration.
public struct PlanSettings: Sendable, Equatable {
    /// Name of the Kubernetes node that the agent stands for.
    public var nodeName: String
    /// Tells apart the clusters that one user runs on the same Slurm; part of each job's comment. Letters, digits, `.`, `_` and `-`.
    public var clusterName: String
    /// Host (name or address) and port at which pods reach the API server: `KUBERNETES_SERVICE_HOST` and its kin.
    public var apiServerHost: String
    public var apiServerPort: Int
    /// Addresses of the cluster's name servers; empty where the cluster has none.
    public var clusterDNS: [String]
    /// DNS domain of the cluster, default `cluster.local`.
    public var clusterDomain: String
    /// The compute nodes' own resolver settings, used where a pod's `dnsPolicy` asks for the node's and adds to it.
    public var nodeResolver: ResolverConfiguration?
    /// Network of pods that do not ask for one.
    public var defaultNetwork: NetworkMode
    /// What a container without a limit sees as its limit in `resourceFieldRef`: the node's allocatable amounts.
    public var allocatable: [String: Quantity]

    /// Absolute paths, as the compute nodes see them; `apptainer` may be a name that is looked up in PATH there.
    public var apptainer: String
    public var podProgram: String
    public var initProgram: String
    /// Folder on the compute node's own disk.
    public var localDirectory: String
    public var logLimits: LogLimits
    public var restartBackoff: RestartBackoff

    /// Slurm gres by Kubernetes resource, e.g. `nvidia.com/gpu` → `gpu:nvidia`. Amounts of resources with the same gres are added.
    public var gres: [String: String]
    /// CPUs and MiB of memory of a pod that names none; nil leaves it to Slurm.
    public var defaultCPUs: Int?
    public var defaultMemoryMegabytes: Int?
    /// Every container gets a Slurm step of its own, also in pods of one task.
    public var containerSteps = false
    /// `PATH`, `HOME`, `USER`, `LANG` of the job's batch step.
    public var jobEnvironment: [String: String]

    /// Settings with the documented defaults.
    public init(
        nodeName: String, clusterName: String = "default", apiServerHost: String, apiServerPort: Int = 6443, clusterDNS: [String] = [],
        clusterDomain: String = "cluster.local", nodeResolver: ResolverConfiguration? = nil, defaultNetwork: NetworkMode = .host,
        allocatable: [String: Quantity] = [:], apptainer: String = "apptainer", podProgram: String, initProgram: String,
        localDirectory: String = "/tmp", logLimits: LogLimits = LogLimits(), restartBackoff: RestartBackoff = RestartBackoff(),
        gres: [String: String] = PlanSettings.defaultGres, defaultCPUs: Int? = 1, defaultMemoryMegabytes: Int? = nil,
        jobEnvironment: [String: String] = ["PATH": PlanSettings.defaultPath]
    ) {
        self.nodeName = nodeName
        self.clusterName = clusterName
        self.apiServerHost = apiServerHost
        self.apiServerPort = apiServerPort
        self.clusterDNS = clusterDNS
        self.clusterDomain = clusterDomain
        self.nodeResolver = nodeResolver
        self.defaultNetwork = defaultNetwork
        self.allocatable = allocatable
        self.apptainer = apptainer
        self.podProgram = podProgram
        self.initProgram = initProgram
        self.localDirectory = localDirectory
        self.logLimits = logLimits
        self.restartBackoff = restartBackoff
        self.gres = gres
        self.defaultCPUs = defaultCPUs
        self.defaultMemoryMegabytes = defaultMemoryMegabytes
        self.jobEnvironment = jobEnvironment
    }

    /// Both vendors' devices are Slurm's `gpu`; a site with typed gres names its own.
    public static let defaultGres = ["nvidia.com/gpu": "gpu", "amd.com/gpu": "gpu"]
    /// Search path of a container whose image names none (the container runtimes' default), and of the batch step.
    public static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}
