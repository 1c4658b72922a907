/// A lease: the node's heartbeat (coordination.k8s.io/v1).
public struct Lease: KubernetesResource, Equatable {
    /// Group, version, kind, plural and scope in the API.
    public static let descriptor = ResourceDescriptor(
        group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", isNamespaced: true)

    /// Name, namespace and the rest.
    public var metadata: ObjectMeta
    /// Holder and times.
    public var spec: LeaseSpec

    /// Makes the value; everything not given stays unset.
    public init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: LeaseSpec = LeaseSpec()
    ) {
        self.metadata = metadata
        self.spec = spec
    }
}

/// Holder and times of a lease.
public struct LeaseSpec: Codable, Sendable, Equatable {
    /// Who holds it.
    public var holderIdentity: String?
    /// Seconds after renewal until it is stale.
    public var leaseDurationSeconds: Int?
    /// When the holder took it.
    public var acquireTime: MicroTime?
    /// When the holder renewed it last; six fraction digits, else the server answers 422.
    public var renewTime: MicroTime?
    /// How often the holder changed.
    public var leaseTransitions: Int?

    /// Makes the value; everything not given stays unset.
    public init(
        holderIdentity: String? = nil,
        leaseDurationSeconds: Int? = nil,
        acquireTime: MicroTime? = nil,
        renewTime: MicroTime? = nil,
        leaseTransitions: Int? = nil
    ) {
        self.holderIdentity = holderIdentity
        self.leaseDurationSeconds = leaseDurationSeconds
        self.acquireTime = acquireTime
        self.renewTime = renewTime
        self.leaseTransitions = leaseTransitions
    }
}

extension LeaseSpec: AbsentValue {
    static var absent: LeaseSpec { LeaseSpec() }
}
