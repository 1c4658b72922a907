import Kubernetes
import Slurm

/// What the pass-through scheduler does with a pod. There is one node; Slurm finds the place within it.
///
/// Rules about other pods (pod affinity and anti-affinity, topology spread) say nothing where all pods share one node, and are left to
/// Slurm. Our own taint keeps other schedulers' pods away, and is no reason for this one to hold a pod back; taints of others are.
public enum SchedulingDecision: Sendable, Equatable {
    /// Bind it.
    case bind
    /// Leave it where it is and say why; decide anew when pod or node changes.
    case wait(Refusal)
    /// Not for us.
    case ignore

    /// Why a pod waits.
    public struct Refusal: Sendable, Equatable {
        /// Reason of the condition PodScheduled.
        public var reason: String
        /// In the words of Kubernetes' scheduler.
        public var message: String
        /// Whether a `FailedScheduling` event says so too.
        public var hasEvent: Bool
    }

    /// The flags for Slurm that may spread a pod over several compute nodes.
    private static let slurmAnnotations = ["slurm.hpk.io/flags", "slurm.hpk.io/mpi-flags"]

    /// Decides.
    ///
    /// - Parameters:
    ///   - schedulerName: pods of other schedulers are not ours.
    ///   - namespace: only pods of this namespace; nil is all.
    ///   - ownTaintKey: taints of this key hold nothing back.
    ///   - totals: Slurm's nodes; nil, before Slurm has answered once, lets every amount pass, since the job can wait in Slurm as well.
    public init(
        _ pod: Pod, node: Node, schedulerName: String, namespace: String? = nil, ownTaintKey: String, totals: ClusterTotals?
    ) {
        let isOver = pod.status.phase == .succeeded || pod.status.phase == .failed
        guard pod.spec.nodeName.isEmpty, pod.metadata.deletionTimestamp == nil, !isOver,
            (pod.spec.schedulerName ?? "default-scheduler") == schedulerName, namespace == nil || namespace == pod.metadata.namespace
        else {
            self = .ignore
            return
        }
        if !pod.spec.schedulingGates.isEmpty {
            let message = "Scheduling is blocked due to non-empty scheduling gates"
            self = .wait(Refusal(reason: "SchedulingGated", message: message, hasEvent: false))
            return
        }
        var obstacles: [String] = []
        if node.spec.unschedulable, !Self.toleratesCordon(pod.spec.tolerations) { obstacles.append("node(s) were unschedulable") }
        if !NodeMatching.matches(pod.spec, node) { obstacles.append("node(s) didn't match Pod's node affinity/selector") }
        if let taint = Self.obstacle(pod.spec.tolerations, node, ownTaintKey) {
            obstacles.append("node(s) had untolerated taint {\(taint.key): \(taint.value ?? "")}")
        }
        // Kubernetes' scheduler names amounts only for nodes that pass the other filters.
        if obstacles.isEmpty, let totals { obstacles = Self.insufficient(pod, totals).map { "Insufficient \($0)" } }
        guard !obstacles.isEmpty else {
            self = .bind
            return
        }
        let words = obstacles.map { "1 \($0)" }.sorted().joined(separator: ", ")
        self = .wait(Refusal(reason: "Unschedulable", message: "0/1 nodes are available: \(words).", hasEvent: true))
    }

    private static func toleratesCordon(_ tolerations: [Toleration]) -> Bool {
        TaintMatching.tolerates(tolerations, Taint(key: "node.kubernetes.io/unschedulable", effect: .noSchedule))
    }

    private static func obstacle(_ tolerations: [Toleration], _ node: Node, _ ownKey: String) -> Taint? {
        node.spec.taints.first { taint in
            // The cordon has its own words.
            let isOther = taint.key != ownKey && taint.key != "node.kubernetes.io/unschedulable"
            return isOther && taint.effect != .preferNoSchedule && !TaintMatching.tolerates(tolerations, taint)
        }
    }

    /// Resources of which the pod asks more than Slurm can ever give: than one compute node has, or all together where flags may spread it.
    private static func insufficient(_ pod: Pod, _ totals: ClusterTotals) -> [String] {
        // Without a usable node there is nothing to compare with: the job waits in Slurm until nodes come back.
        guard totals.nodes > 0 else { return [] }
        let mayBeSpread = slurmAnnotations.contains { pod.metadata.annotations[$0] != nil }
        let cpus = mayBeSpread ? totals.cpus : UInt64(totals.largestNodeCPUs)
        let mebibytes = mayBeSpread ? totals.memoryMegabytes : totals.largestNodeMemoryMegabytes
        let bytes = Int64(clamping: mebibytes.multipliedReportingOverflow(by: 1 << 20).overflow ? .max : mebibytes << 20)
        var limits = ["cpu": Quantity(Int64(clamping: cpus)), "memory": Quantity(bytes, format: .binarySI)]
        let gpus = ExtendedResources.gpus(totals.gres)
        for name in ExtendedResources.names { limits[name] = Quantity(Int64(clamping: gpus[name] ?? 0)) }
        let request = PodRequest(pod.spec).amounts
        return limits.filter { name, limit in (request[name] ?? .zero) > limit }.map(\.key).sorted()
    }
}
