/// One thing that can be set, by the name that the file (`kubelet-port: 10250`), the environment (`HPK_KUBELET_PORT`) and the
/// command line (`--kubelet-port`) share.
public enum Setting: String, Sendable, CaseIterable {
    case nodename
    case kubeletAddr = "kubelet-addr"
    case kubeletPort = "kubelet-port"
    case certificate
    case key
    case clientCAFile = "client-ca-file"
    case namespace
    case maxPods = "max-pods"
    case disableTaint = "disable-taint"
    case taintKey = "taint-key"
    case taintValue = "taint-value"
    case taintEffect = "taint-effect"
    case kubeconfig
    case context
    case podSyncWorkers = "pod-sync-workers"
    case fullResyncPeriod = "full-resync-period"
    case startupTimeout = "startup-timeout"
    case noScheduler = "no-scheduler"
    case schedulerName = "scheduler-name"
    case slurmConf = "slurm-conf"
    case disableGathering = "disable-gathering"
    case apptainer
    case registry
    case insecureRegistry = "insecure-registry"
    case imagePath = "image-path"
    case workingDir = "working-dir"
    case localDir = "local-dir"
    case enableCgroupV2 = "enable-cgroupv2"
    case network
    case containerSteps = "container-steps"
    case clusterDNS = "cluster-dns"
    case clusterDomain = "cluster-domain"
    case podProgram = "pod-program"
    case initProgram = "init-program"
    case supervisorAddress = "supervisor-address"
    case supervisorPort = "supervisor-port"
    case logLevel = "log-level"
    case logFormat = "log-format"

    /// The environment variables that set it, the strongest first: our own name, then the one that users of HPK, Kubernetes or Slurm know.
    public var variables: [String] {
        let own = "HPK_" + rawValue.replacing("-", with: "_").uppercased()
        switch self {
        case .kubeconfig: return [own, "KUBECONFIG"]
        case .kubeletAddr: return [own, "VKUBELET_ADDRESS"]
        case .certificate: return [own, "APISERVER_CERT_LOCATION"]
        case .key: return [own, "APISERVER_KEY_LOCATION"]
        case .slurmConf: return [own, "SLURM_CONF"]
        default: return [own]
        }
    }

    /// Whether several values may be given: a list in the file, commas in the environment, the flag again and again.
    public var isList: Bool {
        switch self {
        case .insecureRegistry, .imagePath, .clusterDNS: true
        default: false
        }
    }
}

/// Where a value came from.
public enum ConfigurationSource: Sendable, Hashable, CustomStringConvertible {
    /// A line, from 1, of the configuration file.
    case file(path: String, line: Int)
    /// A variable of the environment.
    case environment(String)
    /// A flag of the command line.
    case flag(String)

    /// `line 3 of /etc/hpk.yaml`, `the variable HPK_NODENAME`, `the flag --nodename`.
    public var description: String {
        switch self {
        case .file(let path, let line): "line \(line) of \(path)"
        case .environment(let name): "the variable \(name)"
        case .flag(let name): "the flag --\(name)"
        }
    }
}

/// A setting that cannot be used.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// What is wrong: names the setting, its source and its value.
    public let problem: String
    /// What to do.
    public let advice: String

    /// Names the two.
    public init(problem: String, advice: String) {
        self.problem = problem
        self.advice = advice
    }

    /// An unusable value of a setting. The value is shown quoted, control characters escaped, and cut at 100 characters.
    public init(_ setting: Setting, _ value: String, from source: ConfigurationSource, _ refusal: ValueRefusal) {
        self.init(
            problem: "\(setting.rawValue) from \(source) is \(String(value.prefix(100)).debugDescription): \(refusal.problem)",
            advice: refusal.advice)
    }

    /// The problem and, on a second line, the advice.
    public var description: String { problem + "\n" + advice }
}

/// Why a value is refused, without knowing where it came from.
public struct ValueRefusal: Error, Equatable {
    /// What is wrong with it.
    public var problem: String
    /// What would be right.
    public var advice: String
}
