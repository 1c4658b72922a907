/// A node (core/v1).
public struct Node: KubernetesResource, Equatable {
    /// Group, version, kind, plural and scope in the API.
    public static let descriptor = ResourceDescriptor(
        group: "", version: "v1", kind: "Node", plural: "nodes", isNamespaced: false)

    /// Name, labels and the rest.
    public var metadata: ObjectMeta
    /// What is wanted.
    public var spec: NodeSpec
    /// What was reported.
    public var status: NodeStatus

    /// Makes the value; everything not given stays unset.
    public init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: NodeSpec = NodeSpec(),
        status: NodeStatus = NodeStatus()
    ) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }
}

/// What a node should be.
public struct NodeSpec: Codable, Sendable, Equatable {
    /// Address range of its pods.
    public var podCIDR: String?
    /// Address ranges of its pods.
    public var podCIDRs: [String]
    /// Name at the cloud provider.
    public var providerID: String?
    /// Whether new pods stay away (cordoned).
    public var unschedulable: Bool
    /// What keeps pods away.
    public var taints: [Taint]

    /// Makes the value; everything not given stays unset.
    public init(
        podCIDR: String? = nil,
        podCIDRs: [String] = [],
        providerID: String? = nil,
        unschedulable: Bool = false,
        taints: [Taint] = []
    ) {
        self.podCIDR = podCIDR
        self.podCIDRs = podCIDRs
        self.providerID = providerID
        self.unschedulable = unschedulable
        self.taints = taints
    }
}

/// What keeps pods without a matching toleration away.
public struct Taint: Codable, Sendable, Equatable {
    /// Key.
    public var key: String
    /// Value.
    public var value: String?
    /// What it does.
    public var effect: TaintEffect
    /// When it was added (NoExecute only).
    public var timeAdded: Timestamp?

    /// Makes the value; everything not given stays unset.
    public init(
        key: String = "",
        value: String? = nil,
        effect: TaintEffect = .noSchedule,
        timeAdded: Timestamp? = nil
    ) {
        self.key = key
        self.value = value
        self.effect = effect
        self.timeAdded = timeAdded
    }
}

/// What was reported of a node.
public struct NodeStatus: Codable, Sendable, Equatable {
    /// All it has, by resource name.
    public var capacity: [String: Quantity]
    /// What pods may use, by resource name.
    public var allocatable: [String: Quantity]
    /// Conditions.
    public var conditions: [NodeCondition]
    /// Addresses.
    public var addresses: [NodeAddress]
    /// Where the agent listens.
    public var daemonEndpoints: NodeDaemonEndpoints?
    /// System and versions.
    public var nodeInfo: NodeSystemInfo?

    /// Makes the value; everything not given stays unset.
    public init(
        capacity: [String: Quantity] = [:],
        allocatable: [String: Quantity] = [:],
        conditions: [NodeCondition] = [],
        addresses: [NodeAddress] = [],
        daemonEndpoints: NodeDaemonEndpoints? = nil,
        nodeInfo: NodeSystemInfo? = nil
    ) {
        self.capacity = capacity
        self.allocatable = allocatable
        self.conditions = conditions
        self.addresses = addresses
        self.daemonEndpoints = daemonEndpoints
        self.nodeInfo = nodeInfo
    }
}

/// One condition of a node.
public struct NodeCondition: Codable, Sendable, Equatable {
    /// As `Ready`, `MemoryPressure`.
    public var type: String
    /// Whether it holds.
    public var status: ConditionStatus
    /// When it was reported last.
    public var lastHeartbeatTime: Timestamp?
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
        lastHeartbeatTime: Timestamp? = nil,
        lastTransitionTime: Timestamp? = nil,
        reason: String? = nil,
        message: String? = nil
    ) {
        self.type = type
        self.status = status
        self.lastHeartbeatTime = lastHeartbeatTime
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }
}

/// One address of a node.
public struct NodeAddress: Codable, Sendable, Equatable {
    /// `Hostname`, `InternalIP`, `InternalDNS`, `ExternalIP` or `ExternalDNS`.
    public var type: String
    /// Address or name.
    public var address: String

    /// Makes the value; everything not given stays unset.
    public init(
        type: String = "",
        address: String = ""
    ) {
        self.type = type
        self.address = address
    }
}

/// Where the agent listens.
public struct NodeDaemonEndpoints: Codable, Sendable, Equatable {
    /// The kubelet port.
    public var kubeletEndpoint: DaemonEndpoint

    /// Makes the value; everything not given stays unset.
    public init(
        kubeletEndpoint: DaemonEndpoint = DaemonEndpoint()
    ) {
        self.kubeletEndpoint = kubeletEndpoint
    }
}

/// A port.
public struct DaemonEndpoint: Codable, Sendable, Equatable {
    /// Number. The API spells the key with a capital letter.
    public var port: Int

    /// Makes the value; everything not given stays unset.
    public init(port: Int = 0) {
        self.port = port
    }

    private enum CodingKeys: String, CodingKey {
        case port = "Port"
    }
}

/// System and versions of a node.
public struct NodeSystemInfo: Codable, Sendable, Equatable {
    /// From /etc/machine-id.
    public var machineID: String
    /// From the firmware.
    public var systemUUID: String
    /// Changes with each boot.
    public var bootID: String
    /// From uname.
    public var kernelVersion: String
    /// From /etc/os-release.
    public var osImage: String
    /// As `apptainer://1.4.0`.
    public var containerRuntimeVersion: String
    /// Version of the agent.
    public var kubeletVersion: String
    /// Version of kube-proxy; deprecated.
    public var kubeProxyVersion: String
    /// `linux`.
    public var operatingSystem: String
    /// As `amd64`.
    public var architecture: String

    /// Makes the value; everything not given stays unset.
    public init(
        machineID: String = "",
        systemUUID: String = "",
        bootID: String = "",
        kernelVersion: String = "",
        osImage: String = "",
        containerRuntimeVersion: String = "",
        kubeletVersion: String = "",
        kubeProxyVersion: String = "",
        operatingSystem: String = "",
        architecture: String = ""
    ) {
        self.machineID = machineID
        self.systemUUID = systemUUID
        self.bootID = bootID
        self.kernelVersion = kernelVersion
        self.osImage = osImage
        self.containerRuntimeVersion = containerRuntimeVersion
        self.kubeletVersion = kubeletVersion
        self.kubeProxyVersion = kubeProxyVersion
        self.operatingSystem = operatingSystem
        self.architecture = architecture
    }
}

extension NodeSpec: AbsentValue {
    static var absent: NodeSpec { NodeSpec() }
}

extension NodeStatus: AbsentValue {
    static var absent: NodeStatus { NodeStatus() }
}

extension DaemonEndpoint: AbsentValue {
    static var absent: DaemonEndpoint { DaemonEndpoint() }
}
