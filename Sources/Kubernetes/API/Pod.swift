/// A pod (core/v1).
public struct Pod: KubernetesResource, Equatable {
    /// Group, version, kind, plural and scope in the API.
    public static let descriptor = ResourceDescriptor(
        group: "", version: "v1", kind: "Pod", plural: "pods", isNamespaced: true)

    /// Name, namespace, UID, labels and the rest.
    public var metadata: ObjectMeta
    /// What is wanted.
    public var spec: PodSpec
    /// What was reported.
    public var status: PodStatus

    /// Makes the value; everything not given stays unset.
    public init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: PodSpec = PodSpec(),
        status: PodStatus = PodStatus()
    ) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }
}

/// What a pod should be (core/v1 PodSpec).
public struct PodSpec: Codable, Sendable, Equatable {
    /// Containers, run side by side.
    public var containers: [Container]
    /// Containers run one after the other before the rest.
    public var initContainers: [Container]
    /// Volumes that containers can mount.
    public var volumes: [Volume]
    /// When an ended container starts again; the server's default is Always.
    public var restartPolicy: RestartPolicy?
    /// Seconds from TERM to KILL; the server's default is 30.
    public var terminationGracePeriodSeconds: Int?
    /// Seconds from the start after which the pod fails.
    public var activeDeadlineSeconds: Int?
    /// Which resolver settings the pod gets.
    public var dnsPolicy: DNSPolicy?
    /// Resolver settings merged into those of the policy.
    public var dnsConfig: PodDNSConfig?
    /// Labels the node must have.
    public var nodeSelector: [String: String]
    /// Further rules for the choice of node.
    public var affinity: Affinity?
    /// Taints that the pod accepts.
    public var tolerations: [Toleration]
    /// Rules for the spread over nodes; kept so that a scheduler can refuse what it cannot meet.
    public var topologySpreadConstraints: [TopologySpreadConstraint]
    /// Node the pod is bound to; empty before that.
    public var nodeName: String
    /// Whether to use the node's network namespace.
    public var hostNetwork: Bool
    /// Whether to use the node's process namespace.
    public var hostPID: Bool
    /// Whether to use the node's IPC namespace.
    public var hostIPC: Bool
    /// False asks for a user namespace of the pod's own.
    public var hostUsers: Bool?
    /// Whether all containers share one process namespace.
    public var shareProcessNamespace: Bool?
    /// Users, groups and the like for all containers.
    public var securityContext: PodSecurityContext?
    /// Secrets with registry credentials.
    public var imagePullSecrets: [LocalObjectReference]
    /// Host name instead of the pod's name.
    public var hostname: String?
    /// Makes the full name `hostname.subdomain.namespace.svc.domain`.
    public var subdomain: String?
    /// Whether the kernel's host name is the full name.
    public var setHostnameAsFQDN: Bool?
    /// Further lines for /etc/hosts.
    public var hostAliases: [HostAlias]
    /// Scheduler that is to bind the pod.
    public var schedulerName: String?
    /// While not empty, the pod must not be bound.
    public var schedulingGates: [PodSchedulingGate]
    /// Priority class.
    public var priorityClassName: String?
    /// Priority as a number.
    public var priority: Int?
    /// `Never` or `PreemptLowerPriority`.
    public var preemptionPolicy: String?
    /// Service account the pod runs as.
    public var serviceAccountName: String?
    /// Whether a token is mounted.
    public var automountServiceAccountToken: Bool?
    /// Whether services appear as environment variables; the server's default is true.
    public var enableServiceLinks: Bool?
    /// Further conditions that must be true before the pod is ready.
    public var readinessGates: [PodReadinessGate]
    /// Runtime class.
    public var runtimeClassName: String?
    /// Resources of the sandbox itself.
    public var overhead: [String: Quantity]
    /// Operating system that the pod wants.
    public var os: PodOS?
    /// Requests and limits of the whole pod.
    public var resources: ResourceRequirements?

    /// Makes the value; everything not given stays unset.
    public init(
        containers: [Container] = [],
        initContainers: [Container] = [],
        volumes: [Volume] = [],
        restartPolicy: RestartPolicy? = nil,
        terminationGracePeriodSeconds: Int? = nil,
        activeDeadlineSeconds: Int? = nil,
        dnsPolicy: DNSPolicy? = nil,
        dnsConfig: PodDNSConfig? = nil,
        nodeSelector: [String: String] = [:],
        affinity: Affinity? = nil,
        tolerations: [Toleration] = [],
        topologySpreadConstraints: [TopologySpreadConstraint] = [],
        nodeName: String = "",
        hostNetwork: Bool = false,
        hostPID: Bool = false,
        hostIPC: Bool = false,
        hostUsers: Bool? = nil,
        shareProcessNamespace: Bool? = nil,
        securityContext: PodSecurityContext? = nil,
        imagePullSecrets: [LocalObjectReference] = [],
        hostname: String? = nil,
        subdomain: String? = nil,
        setHostnameAsFQDN: Bool? = nil,
        hostAliases: [HostAlias] = [],
        schedulerName: String? = nil,
        schedulingGates: [PodSchedulingGate] = [],
        priorityClassName: String? = nil,
        priority: Int? = nil,
        preemptionPolicy: String? = nil,
        serviceAccountName: String? = nil,
        automountServiceAccountToken: Bool? = nil,
        enableServiceLinks: Bool? = nil,
        readinessGates: [PodReadinessGate] = [],
        runtimeClassName: String? = nil,
        overhead: [String: Quantity] = [:],
        os: PodOS? = nil,
        resources: ResourceRequirements? = nil
    ) {
        self.containers = containers
        self.initContainers = initContainers
        self.volumes = volumes
        self.restartPolicy = restartPolicy
        self.terminationGracePeriodSeconds = terminationGracePeriodSeconds
        self.activeDeadlineSeconds = activeDeadlineSeconds
        self.dnsPolicy = dnsPolicy
        self.dnsConfig = dnsConfig
        self.nodeSelector = nodeSelector
        self.affinity = affinity
        self.tolerations = tolerations
        self.topologySpreadConstraints = topologySpreadConstraints
        self.nodeName = nodeName
        self.hostNetwork = hostNetwork
        self.hostPID = hostPID
        self.hostIPC = hostIPC
        self.hostUsers = hostUsers
        self.shareProcessNamespace = shareProcessNamespace
        self.securityContext = securityContext
        self.imagePullSecrets = imagePullSecrets
        self.hostname = hostname
        self.subdomain = subdomain
        self.setHostnameAsFQDN = setHostnameAsFQDN
        self.hostAliases = hostAliases
        self.schedulerName = schedulerName
        self.schedulingGates = schedulingGates
        self.priorityClassName = priorityClassName
        self.priority = priority
        self.preemptionPolicy = preemptionPolicy
        self.serviceAccountName = serviceAccountName
        self.automountServiceAccountToken = automountServiceAccountToken
        self.enableServiceLinks = enableServiceLinks
        self.readinessGates = readinessGates
        self.runtimeClassName = runtimeClassName
        self.overhead = overhead
        self.os = os
        self.resources = resources
    }
}

/// One gate that holds a pod back from scheduling.
public struct PodSchedulingGate: Codable, Sendable, Equatable {
    /// Name of the gate.
    public var name: String

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = ""
    ) {
        self.name = name
    }
}

/// One condition that must be true before the pod is ready.
public struct PodReadinessGate: Codable, Sendable, Equatable {
    /// Type of the pod condition.
    public var conditionType: String

    /// Makes the value; everything not given stays unset.
    public init(
        conditionType: String = ""
    ) {
        self.conditionType = conditionType
    }
}

/// Operating system of a pod.
public struct PodOS: Codable, Sendable, Equatable {
    /// `linux` or `windows`.
    public var name: String

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = ""
    ) {
        self.name = name
    }
}

/// One line of /etc/hosts.
public struct HostAlias: Codable, Sendable, Equatable {
    /// Address.
    public var ip: String
    /// Names of the address.
    public var hostnames: [String]

    /// Makes the value; everything not given stays unset.
    public init(
        ip: String = "",
        hostnames: [String] = []
    ) {
        self.ip = ip
        self.hostnames = hostnames
    }
}

/// Resolver settings of a pod.
public struct PodDNSConfig: Codable, Sendable, Equatable {
    /// Addresses of name servers.
    public var nameservers: [String]
    /// Search domains.
    public var searches: [String]
    /// Options of resolv.conf.
    public var options: [PodDNSConfigOption]

    /// Makes the value; everything not given stays unset.
    public init(
        nameservers: [String] = [],
        searches: [String] = [],
        options: [PodDNSConfigOption] = []
    ) {
        self.nameservers = nameservers
        self.searches = searches
        self.options = options
    }
}

/// One option of resolv.conf.
public struct PodDNSConfigOption: Codable, Sendable, Equatable {
    /// Name, as `ndots`.
    public var name: String?
    /// Value, where the option has one.
    public var value: String?

    /// Makes the value; everything not given stays unset.
    public init(
        name: String? = nil,
        value: String? = nil
    ) {
        self.name = name
        self.value = value
    }
}

extension PodSpec: AbsentValue {
    static var absent: PodSpec { PodSpec() }
}
