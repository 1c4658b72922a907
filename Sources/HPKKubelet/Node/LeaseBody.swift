import Kubernetes

/// What is written into the node's lease.
enum LeaseBody {
    static let namespace = "kube-node-lease"

    static func new(name: String, identity: String, node: Node?, now: MicroTime) -> Lease {
        Lease(
            metadata: ObjectMeta(name: name, namespace: namespace, ownerReferences: owner(node)),
            spec: LeaseSpec(
                holderIdentity: identity, leaseDurationSeconds: LeaseDecision.durationSeconds, acquireTime: now, renewTime: now,
                leaseTransitions: 0))
    }

    /// Renews a lease that is ours. The resource version lets the server refuse when somebody else wrote meanwhile.
    static func renewal(_ lease: Lease, node: Node?, now: MicroTime) throws -> Patch {
        var metadata: [String: JSONValue] = ["resourceVersion": .string(lease.metadata.resourceVersion)]
        // The lease goes when the node goes.
        if let node, !node.metadata.uid.isEmpty, lease.metadata.ownerReferences.map(\.uid) != [node.metadata.uid] {
            metadata["ownerReferences"] = try JSONValue(encoding: owner(node))
        }
        return .merge(["metadata": .object(metadata), "spec": ["renewTime": .string(now.description)]])
    }

    /// Takes a lease over that nobody renews.
    static func takeover(resourceVersion: String, identity: String, isForeign: Bool, transitions: Int, now: MicroTime) -> Patch {
        var spec: [String: JSONValue] = [
            "holderIdentity": .string(identity), "leaseDurationSeconds": .int(Int64(LeaseDecision.durationSeconds)),
            "renewTime": .string(now.description),
        ]
        if isForeign {
            spec["acquireTime"] = .string(now.description)
            spec["leaseTransitions"] = .int(Int64(transitions + 1))
        }
        return .merge(["metadata": ["resourceVersion": .string(resourceVersion)], "spec": .object(spec)])
    }

    static func heldByOther(name: String, holder: String) -> StartupFailure {
        StartupFailure(
            .temporary, problem: "node \(name) is served by another agent, \(String(holder.prefix(200)).debugDescription)",
            advice: "Stop that agent, or give this one another --nodename; two agents for one node would run every pod twice.")
    }

    private static func owner(_ node: Node?) -> [OwnerReference] {
        guard let node, !node.metadata.uid.isEmpty else { return [] }
        return [OwnerReference(apiVersion: "v1", kind: "Node", name: node.metadata.name, uid: node.metadata.uid)]
    }
}
