import Kubernetes

/// What must be done so that the API server's node object says what it should.
public struct NodeReconciliation: Sendable, Equatable {
    /// There is no such node: make `desired`.
    public var creates = false
    /// Labels and taints, with the resource version they were computed from; nil when they are right.
    public var metadataPatch: Patch?
    /// The status; nil when it is right and fresh enough.
    public var statusPatch: Patch?
    /// The node was not Ready for the API server (its controller had given it up), so its pods' Ready conditions were set to False and
    /// nobody but the agent sets them back.
    public var wasGivenUp = false

    /// Compares.
    ///
    /// - Parameters:
    ///   - current: the object on the API server; nil when there is none.
    ///   - desired: what ``NodeDescription`` wants.
    ///   - taintKey: taints of this key are ours, all others stay.
    ///   - heartbeat: seconds after which an unchanged status is reported again.
    public init(current: Node?, desired: Node, taintKey: String, now: Timestamp, heartbeat: Int64 = 300) throws {
        guard let current else {
            creates = true
            return
        }
        metadataPatch = try Self.metadata(current, desired, taintKey)
        wasGivenUp = current.status.conditions.first { $0.type == "Ready" }.map { $0.status != .true } ?? false
        statusPatch = try Self.status(current.status, desired.status, now, heartbeat)
    }

    private static func metadata(_ current: Node, _ desired: Node, _ taintKey: String) throws -> Patch? {
        let labels = desired.metadata.labels.filter { current.metadata.labels[$0.key] != $0.value }
        let taints = current.spec.taints.filter { $0.key != taintKey } + desired.spec.taints
        let ours = { (taint: Taint) in taint.key == taintKey }
        let taintsAreRight = current.spec.taints.filter(ours) == desired.spec.taints
        guard !labels.isEmpty || !taintsAreRight else { return nil }
        var metadata: [String: JSONValue] = ["labels": .object(labels.mapValues { .string($0) })]
        var body: [String: JSONValue] = [:]
        if !taintsAreRight {
            // The list is replaced as a whole: refuse to do so over a taint that somebody added meanwhile.
            metadata["resourceVersion"] = .string(current.metadata.resourceVersion)
            body["spec"] = ["taints": taints.isEmpty ? .null : try JSONValue(encoding: taints)]
        }
        body["metadata"] = .object(metadata)
        return .merge(.object(body))
    }

    private static func status(_ current: NodeStatus, _ desired: NodeStatus, _ now: Timestamp, _ heartbeat: Int64) throws -> Patch? {
        var status = desired
        var isDue = false
        status.conditions = desired.conditions.map { condition in
            guard let known = current.conditions.first(where: { $0.type == condition.type }) else {
                isDue = true
                return condition
            }
            let isStale = known.lastHeartbeatTime.map { now.secondsSince1970 - $0.secondsSince1970 >= heartbeat } ?? true
            if isStale || known.status != condition.status || known.reason != condition.reason || known.message != condition.message {
                isDue = true
            }
            var condition = condition
            if known.status == condition.status { condition.lastTransitionTime = known.lastTransitionTime }
            return condition
        }
        let ours = current.addresses.filter { address in desired.addresses.contains { $0.type == address.type } }
        if differs(current.capacity, desired.capacity) || differs(current.allocatable, desired.allocatable) || ours != desired.addresses
            || current.daemonEndpoints != desired.daemonEndpoints || current.nodeInfo != desired.nodeInfo
        {
            isDue = true
        }
        guard isDue, case .object(var fields) = try JSONValue(encoding: status) else { return nil }
        fields["capacity"] = withRemovals(fields["capacity"], current.capacity, desired.capacity)
        fields["allocatable"] = withRemovals(fields["allocatable"], current.allocatable, desired.allocatable)
        // Strategic: conditions and addresses of others stay.
        return .strategic(["status": .object(fields)])
    }

    /// Whether an amount of ours is missing, wrong or left over; resources that others added do not count.
    private static func differs(_ current: [String: Quantity], _ desired: [String: Quantity]) -> Bool {
        desired.contains { current[$0.key] != $0.value } || removable.contains { current[$0] != nil && desired[$0] == nil }
    }

    private static let removable = ExtendedResources.names + ["ephemeral-storage"]

    /// A patch merges maps, so a resource that is gone must be removed by name. Only resources that come from Slurm are ours to remove.
    private static func withRemovals(_ value: JSONValue?, _ current: [String: Quantity], _ desired: [String: Quantity]) -> JSONValue {
        guard case .object(var object)? = value else { return .object([:]) }
        for name in removable where current[name] != nil && desired[name] == nil {
            object[name] = .null
        }
        return .object(object)
    }
}
