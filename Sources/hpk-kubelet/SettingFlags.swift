import ArgumentParser
import HPKKubelet

/// One flag for each ``Setting``. Values stay text here: they are checked where the file's and the environment's are.
struct SettingFlags: ParsableArguments {
    @Option(help: ArgumentHelp("YAML file with settings (also HPK_CONFIG).", valueName: "file"))
    var config: String?

    @OptionGroup(title: "NODE")
    var node: NodeFlags
    @OptionGroup(title: "API SERVER AND SCHEDULER")
    var server: ServerFlags
    @OptionGroup(title: "PODS")
    var pods: PodFlags
    @OptionGroup(title: "LOGS")
    var logs: LogFlags

    /// What was given, by setting.
    var values: [Setting: [String]] {
        node.values.merging(server.values) { $1 }.merging(pods.values) { $1 }.merging(logs.values) { $1 }
    }
}

struct NodeFlags: ParsableArguments {
    @Option(help: ArgumentHelp("Name of the node (default hpk-kubelet).", valueName: "name"))
    var nodename: String?
    @Option(help: ArgumentHelp("Address at which the API server reaches this agent (also VKUBELET_ADDRESS).", valueName: "ip"))
    var kubeletAddr: String?
    @Option(help: ArgumentHelp("The kubelet port (default 10250).", valueName: "port"))
    var kubeletPort: String?
    @Option(help: ArgumentHelp("PEM file of the kubelet port's certificate (also APISERVER_CERT_LOCATION).", valueName: "file"))
    var certificate: String?
    @Option(help: ArgumentHelp("PEM file of its key (also APISERVER_KEY_LOCATION).", valueName: "file"))
    var key: String?
    @Option(
        name: .customLong("client-ca-file"),
        help: ArgumentHelp("PEM file of the authority of the kubelet port's clients (default the kubeconfig's).", valueName: "file"))
    var clientCAFile: String?
    @Option(help: ArgumentHelp("Only pods of this namespace (default all).", valueName: "name"))
    var namespace: String?
    @Option(help: ArgumentHelp("Most pods at a time (default 10000).", valueName: "count"))
    var maxPods: String?
    @Flag(inversion: .prefixedEnableDisable, help: "Whether the node bears the taint (default it does).")
    var taint: Bool?
    @Option(help: ArgumentHelp("The taint's key (default virtual-kubelet.io/provider).", valueName: "key"))
    var taintKey: String?
    @Option(help: ArgumentHelp("The taint's value (default hpk).", valueName: "value"))
    var taintValue: String?
    @Option(help: ArgumentHelp("NoSchedule (default), PreferNoSchedule or NoExecute.", valueName: "effect"))
    var taintEffect: String?

    var values: [Setting: [String]] {
        Setting.given([
            (.nodename, nodename), (.kubeletAddr, kubeletAddr), (.kubeletPort, kubeletPort), (.certificate, certificate), (.key, key),
            (.clientCAFile, clientCAFile), (.namespace, namespace), (.maxPods, maxPods), (.disableTaint, taint.map { "\(!$0)" }),
            (.taintKey, taintKey), (.taintValue, taintValue), (.taintEffect, taintEffect),
        ])
    }
}

struct ServerFlags: ParsableArguments {
    @Option(help: ArgumentHelp("kubeconfig file (also KUBECONFIG).", valueName: "file"))
    var kubeconfig: String?
    @Option(help: ArgumentHelp("Context of the kubeconfig (default its current one).", valueName: "name"))
    var context: String?
    @Option(help: ArgumentHelp("How many pods are worked on at the same time (default 10).", valueName: "count"))
    var podSyncWorkers: String?
    @Option(help: ArgumentHelp("Pause between comparisons of all pods with Slurm and API server (default 1m).", valueName: "duration"))
    var fullResyncPeriod: String?
    @Option(help: ArgumentHelp("How long to wait for API server and Slurm at the start; 0 for ever (default 0).", valueName: "duration"))
    var startupTimeout: String?
    @Flag(inversion: .prefixedNo, help: "Whether waiting pods are bound to this node (default they are).")
    var scheduler: Bool?
    @Option(help: ArgumentHelp("Bind pods of this spec.schedulerName (default default-scheduler).", valueName: "name"))
    var schedulerName: String?
    @Option(help: ArgumentHelp("Path of slurm.conf (also SLURM_CONF).", valueName: "file"))
    var slurmConf: String?
    @Flag(inversion: .prefixedEnableDisable, help: "Whether pods of one shape go to Slurm together as a job array (default they do).")
    var gathering: Bool?

    var values: [Setting: [String]] {
        Setting.given([
            (.kubeconfig, kubeconfig), (.context, context), (.podSyncWorkers, podSyncWorkers), (.fullResyncPeriod, fullResyncPeriod),
            (.startupTimeout, startupTimeout), (.noScheduler, scheduler.map { "\(!$0)" }), (.schedulerName, schedulerName),
            (.slurmConf, slurmConf), (.disableGathering, gathering.map { "\(!$0)" }),
        ])
    }
}

struct PodFlags: ParsableArguments {
    @Option(help: ArgumentHelp("The apptainer program, a path or a name (default apptainer).", valueName: "program"))
    var apptainer: String?
    @Option(help: ArgumentHelp("Put before images that name no transport (default docker://).", valueName: "prefix"))
    var registry: String?
    @Option(help: ArgumentHelp("Registry that is spoken to without TLS; may be repeated.", valueName: "host:port"))
    var insecureRegistry: [String] = []
    @Option(help: ArgumentHelp("Folder whose images pods may name by path; may be repeated.", valueName: "folder"))
    var imagePath: [String] = []
    @Option(help: ArgumentHelp("Folder on the shared file system, state goes into its .hpk (default the home).", valueName: "folder"))
    var workingDir: String?
    @Option(help: ArgumentHelp("Folder on each compute node's own disk (default /tmp).", valueName: "folder"))
    var localDir: String?
    @Flag(inversion: .prefixedEnableDisable, help: "Known for compatibility; enabling is refused, since Slurm's limits hold.")
    var cgroupv2: Bool?
    @Option(help: ArgumentHelp("The pods' network: host (default) or private.", valueName: "mode"))
    var network: String?
    @Flag(inversion: .prefixedNo, help: "Whether every container is a Slurm step of its own (default it is not).")
    var containerSteps: Bool?
    @Option(
        name: .customLong("cluster-dns"),
        help: ArgumentHelp("Name server for pods; may be repeated (default those of kube-system/kube-dns).", valueName: "ip"))
    var clusterDNS: [String] = []
    @Option(help: ArgumentHelp("Domain of the cluster (default cluster.local).", valueName: "domain"))
    var clusterDomain: String?
    @Option(help: ArgumentHelp("The supervisor program (default hpk-pod beside this one).", valueName: "file"))
    var podProgram: String?
    @Option(help: ArgumentHelp("The program bound into containers (default hpk-init beside this one).", valueName: "file"))
    var initProgram: String?
    @Option(
        help: ArgumentHelp(
            "Where compute nodes reach this agent, with a port where a relay stands in front (default the kubelet address).",
            valueName: "host"))
    var supervisorAddress: String?
    @Option(help: ArgumentHelp("Port for that; 0 is any free one (default 10260).", valueName: "port"))
    var supervisorPort: String?

    var values: [Setting: [String]] {
        var values = Setting.given([
            (.apptainer, apptainer), (.registry, registry), (.workingDir, workingDir), (.localDir, localDir),
            (.enableCgroupV2, cgroupv2.map { "\($0)" }), (.network, network),
            (.containerSteps, containerSteps.map { "\($0)" }), (.clusterDomain, clusterDomain), (.podProgram, podProgram),
            (.initProgram, initProgram), (.supervisorAddress, supervisorAddress), (.supervisorPort, supervisorPort),
        ])
        for (setting, list) in [(Setting.insecureRegistry, insecureRegistry), (.imagePath, imagePath), (.clusterDNS, clusterDNS)]
        where !list.isEmpty {
            values[setting] = list.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        }
        return values
    }
}

struct LogFlags: ParsableArguments {
    @Option(help: ArgumentHelp("trace, debug, info, notice (default), warning, error or critical.", valueName: "level"))
    var logLevel: String?
    @Option(help: ArgumentHelp("text (default) or json.", valueName: "format"))
    var logFormat: String?

    var values: [Setting: [String]] { Setting.given([(.logLevel, logLevel), (.logFormat, logFormat)]) }
}

extension Setting {
    /// The pairs that have a value.
    fileprivate static func given(_ pairs: [(Setting, String?)]) -> [Setting: [String]] {
        var values: [Setting: [String]] = [:]
        for case (let setting, let value?) in pairs { values[setting] = [value] }
        return values
    }
}
