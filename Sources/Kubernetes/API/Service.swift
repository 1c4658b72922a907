/// A service (core/v1).
public struct Service: KubernetesResource, Equatable {
    /// Group, version, kind, plural and scope in the API.
    public static let descriptor = ResourceDescriptor(
        group: "", version: "v1", kind: "Service", plural: "services", isNamespaced: true)

    /// Name, namespace and the rest.
    public var metadata: ObjectMeta
    /// What is wanted.
    public var spec: ServiceSpec

    /// Makes the value; everything not given stays unset.
    public init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: ServiceSpec = ServiceSpec()
    ) {
        self.metadata = metadata
        self.spec = spec
    }
}

/// What a service should be.
public struct ServiceSpec: Codable, Sendable, Equatable {
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    public var type: String?
    /// Address; `None` for headless.
    public var clusterIP: String?
    /// Addresses.
    public var clusterIPs: [String]
    /// Labels of its pods.
    public var selector: [String: String]
    /// Ports.
    public var ports: [ServicePort]
    /// Name it stands for, with `ExternalName`.
    public var externalName: String?
    /// Whether pods count before they are ready.
    public var publishNotReadyAddresses: Bool?

    /// Makes the value; everything not given stays unset.
    public init(
        type: String? = nil,
        clusterIP: String? = nil,
        clusterIPs: [String] = [],
        selector: [String: String] = [:],
        ports: [ServicePort] = [],
        externalName: String? = nil,
        publishNotReadyAddresses: Bool? = nil
    ) {
        self.type = type
        self.clusterIP = clusterIP
        self.clusterIPs = clusterIPs
        self.selector = selector
        self.ports = ports
        self.externalName = externalName
        self.publishNotReadyAddresses = publishNotReadyAddresses
    }
}

/// One port of a service.
public struct ServicePort: Codable, Sendable, Equatable {
    /// Name.
    public var name: String?
    /// `TCP` (the default), `UDP` or `SCTP`.
    public var `protocol`: String?
    /// Port of the service.
    public var port: Int
    /// Port of the pods, by number or name.
    public var targetPort: IntOrString?
    /// Port on the nodes.
    public var nodePort: Int?

    /// Makes the value; everything not given stays unset.
    public init(
        name: String? = nil,
        `protocol`: String? = nil,
        port: Int = 0,
        targetPort: IntOrString? = nil,
        nodePort: Int? = nil
    ) {
        self.name = name
        self.protocol = `protocol`
        self.port = port
        self.targetPort = targetPort
        self.nodePort = nodePort
    }
}

/// A namespace (core/v1).
public struct Namespace: KubernetesResource, Equatable {
    /// Group, version, kind, plural and scope in the API.
    public static let descriptor = ResourceDescriptor(
        group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)

    /// Name and the rest.
    public var metadata: ObjectMeta
    /// What was reported.
    public var status: NamespaceStatus?

    /// Makes the value; everything not given stays unset.
    public init(
        metadata: ObjectMeta = ObjectMeta(),
        status: NamespaceStatus? = nil
    ) {
        self.metadata = metadata
        self.status = status
    }
}

/// What was reported of a namespace.
public struct NamespaceStatus: Codable, Sendable, Equatable {
    /// `Active` or `Terminating`.
    public var phase: String?

    /// Makes the value; everything not given stays unset.
    public init(
        phase: String? = nil
    ) {
        self.phase = phase
    }
}

extension ServiceSpec: AbsentValue {
    static var absent: ServiceSpec { ServiceSpec() }
}
