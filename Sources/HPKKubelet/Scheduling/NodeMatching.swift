import Kubernetes

/// Whether a node is one that a pod's `nodeSelector` and required node affinity choose.
enum NodeMatching {
    /// Terms are joined by or, what stands in a term by and; an empty term matches nothing.
    static func matches(_ spec: PodSpec, _ node: Node) -> Bool {
        for (key, value) in spec.nodeSelector where node.metadata.labels[key] != value { return false }
        guard let selector = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution else { return true }
        return selector.nodeSelectorTerms.contains { matches($0, node) }
    }

    private static func matches(_ term: NodeSelectorTerm, _ node: Node) -> Bool {
        guard !term.matchExpressions.isEmpty || !term.matchFields.isEmpty else { return false }
        let fields = ["metadata.name": node.metadata.name]
        return term.matchExpressions.allSatisfy { matches($0, node.metadata.labels) } && term.matchFields.allSatisfy { matches($0, fields) }
    }

    /// An operator that is not known matches nothing.
    private static func matches(_ requirement: NodeSelectorRequirement, _ values: [String: String]) -> Bool {
        let value = values[requirement.key]
        switch requirement.operator {
        case "In": return value.map(requirement.values.contains) ?? false
        case "NotIn": return value.map { !requirement.values.contains($0) } ?? true
        case "Exists": return value != nil
        case "DoesNotExist": return value == nil
        case "Gt": return numbers(value, requirement).map { $0 > $1 } ?? false
        case "Lt": return numbers(value, requirement).map { $0 < $1 } ?? false
        default: return false
        }
    }

    private static func numbers(_ value: String?, _ requirement: NodeSelectorRequirement) -> (Int64, Int64)? {
        guard requirement.values.count == 1, let value = value.flatMap(Int64.init), let bound = Int64(requirement.values[0]) else {
            return nil
        }
        return (value, bound)
    }
}

/// Whether a pod accepts a taint (core/v1 `Toleration.ToleratesTaint`).
enum TaintMatching {
    static func tolerates(_ tolerations: [Toleration], _ taint: Taint) -> Bool {
        tolerations.contains { toleration in
            if let effect = toleration.effect, effect != taint.effect { return false }
            let key = toleration.key ?? ""
            if !key.isEmpty && key != taint.key { return false }
            switch toleration.operator ?? "Equal" {
            case "Exists": return true
            // Without a key only Exists means something.
            case "Equal", "": return !key.isEmpty && (toleration.value ?? "") == (taint.value ?? "")
            default: return false
            }
        }
    }
}
