import Kubernetes
import Slurm

/// What the agent's node object should say, as a pure function of settings, host and Slurm.
public struct NodeDescription: Sendable, Equatable {
    /// Condition that tells whether slurmctld answers. The node stays Ready without it: pods that run go on, new ones wait.
    public static let slurmReachable = "SlurmReachable"

    public var name: String
    /// Address at which the API server reaches the kubelet port.
    public var address: String
    public var port: Int
    public var maxPods: Int
    /// nil leaves the node without a taint of ours.
    public var taint: TaintSetting?
    /// Key of the taint that is ours, whether it is wanted or not: it goes away when it is not.
    public var taintKey: String
    public var facts: NodeFacts
    /// Size and free space, in bytes, of the file system that holds the working directory; nil when it cannot be asked.
    public var storage: Storage?

    /// A file system's size.
    public struct Storage: Sendable, Equatable {
        public var totalBytes: UInt64
        public var freeBytes: UInt64

        /// Names the two, in bytes.
        public init(totalBytes: UInt64, freeBytes: UInt64) {
            self.totalBytes = totalBytes
            self.freeBytes = freeBytes
        }
    }

    /// Takes what a configuration says of the node.
    public init(_ configuration: KubeletConfiguration, address: String, facts: NodeFacts, storage: Storage? = nil) {
        name = configuration.nodeName
        self.address = address
        port = configuration.kubeletPort
        maxPods = configuration.maxPods
        taint = configuration.isTainted ? configuration.taint : nil
        taintKey = configuration.taint.key
        self.facts = facts
        self.storage = storage
    }

    /// The object as it should be, with all times set to `now`.
    public func node(_ slurm: SlurmObservation, now: Timestamp) -> Node {
        Node(
            metadata: ObjectMeta(name: name, labels: labels),
            spec: NodeSpec(taints: taint.map { [Self.taint($0)] } ?? []),
            status: NodeStatus(
                capacity: capacity(slurm), allocatable: capacity(slurm), conditions: conditions(slurm, now),
                // No Hostname address: API servers try it first and give up when they cannot resolve it.
                addresses: [NodeAddress(type: "InternalIP", address: address)],
                daemonEndpoints: NodeDaemonEndpoints(kubeletEndpoint: DaemonEndpoint(port: port)), nodeInfo: nodeInfo))
    }

    private var labels: [String: String] {
        [
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": facts.architecture,
            "kubernetes.io/role": "agent",
            "node-role.kubernetes.io/agent": "",
            "type": "virtual-kubelet",
        ]
    }

    /// Takes the labels away that a node's own credentials may not set where the admission plugin NodeRestriction is on.
    static func removeRole(from node: inout Node) {
        node.metadata.labels = node.metadata.labels.filter {
            $0.key != "kubernetes.io/role" && !$0.key.hasPrefix("node-role.kubernetes.io/")
        }
    }

    private static func taint(_ setting: TaintSetting) -> Taint {
        Taint(key: setting.key, value: setting.value, effect: TaintEffect(rawValue: setting.effect.rawValue))
    }

    private func capacity(_ slurm: SlurmObservation) -> [String: Quantity] {
        var capacity = ["pods": Quantity(Int64(maxPods))]
        capacity["cpu"] = Quantity(Int64(clamping: slurm.totals?.cpus ?? 0))
        let mebibytes = Int64(clamping: slurm.totals?.memoryMegabytes ?? 0)
        let (bytes, overflow) = mebibytes.multipliedReportingOverflow(by: 1 << 20)
        capacity["memory"] = Quantity(overflow ? .max : bytes, format: .binarySI)
        if let storage { capacity["ephemeral-storage"] = Quantity(Int64(clamping: storage.totalBytes), format: .binarySI) }
        for (name, count) in ExtendedResources.gpus(slurm.totals?.gres ?? GresCounts()) {
            capacity[name] = Quantity(Int64(clamping: count))
        }
        return capacity
    }

    private func conditions(_ slurm: SlurmObservation, _ now: Timestamp) -> [NodeCondition] {
        func condition(_ type: String, _ holds: Bool, _ reason: String, _ message: String) -> NodeCondition {
            NodeCondition(
                type: type, status: holds ? .true : .false, lastHeartbeatTime: now, lastTransitionTime: now, reason: reason,
                message: message)
        }
        let disk = diskCondition
        return [
            condition(
                "MemoryPressure", false, "KubeletHasSufficientMemory", "Slurm gives each pod the memory that it asks for"),
            condition("DiskPressure", disk.isFull, disk.reason, disk.message),
            condition("PIDPressure", false, "KubeletHasSufficientPID", "Slurm limits processes on each compute node"),
            condition("NetworkUnavailable", false, "SlurmNetwork", "pods use the compute nodes' network"),
            condition(
                Self.slurmReachable, slurm.isReachable, slurm.isReachable ? "SlurmAnswers" : "SlurmDoesNotAnswer",
                slurm.isReachable ? slurmSummary(slurm) : slurm.problem),
            condition("Ready", true, "KubeletReady", "hpk-kubelet is posting ready status"),
        ]
    }

    private func slurmSummary(_ slurm: SlurmObservation) -> String {
        let totals = slurm.totals
        let away = totals.map { $0.unusableNodes > 0 ? ", \($0.unusableNodes) not usable" : "" } ?? ""
        return "cluster \(slurm.clusterName): \(totals?.nodes ?? 0) nodes usable\(away)"
    }

    /// Full is below 1 GiB or 1 % of the working directory's file system, whichever is less.
    private var diskCondition: (isFull: Bool, reason: String, message: String) {
        guard let storage else { return (false, "KubeletHasNoDiskPressure", "the working directory's file system was not asked") }
        let isFull = storage.freeBytes < min(1 << 30, storage.totalBytes / 100)
        return isFull
            ? (true, "KubeletHasDiskPressure", "the working directory's file system is nearly full")
            : (false, "KubeletHasNoDiskPressure", "the working directory's file system has room")
    }

    private var nodeInfo: NodeSystemInfo {
        NodeSystemInfo(
            machineID: facts.machineID, systemUUID: facts.machineID, bootID: facts.bootID, kernelVersion: facts.kernelVersion,
            osImage: facts.osImage, containerRuntimeVersion: "apptainer://\(facts.apptainerVersion ?? "unknown")",
            kubeletVersion: HPKVersion.kubelet, kubeProxyVersion: HPKVersion.kubelet, operatingSystem: "linux",
            architecture: facts.architecture)
    }
}
