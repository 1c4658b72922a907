import Kubernetes
import Slurm
import Testing

@testable import HPKKubelet

@Suite("Scheduling decision")
struct SchedulingDecisionTests {
    /// A type of its own, so that the closure behind a row is the pod's.
    struct NodeChange: Sendable {
        var apply: @Sendable (inout Node) -> Void
        init(_ apply: @escaping @Sendable (inout Node) -> Void) { self.apply = apply }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var pod: @Sendable (inout Pod) -> Void = { _ in }
        var node: @Sendable (inout Node) -> Void = { _ in }
        var expected: SchedulingDecision
        var testDescription: String { name }

        init(
            _ name: String, _ expected: SchedulingDecision, node: NodeChange = NodeChange { _ in },
            pod: @escaping @Sendable (inout Pod) -> Void = { _ in }
        ) {
            self.name = name
            self.pod = pod
            self.node = node.apply
            self.expected = expected
        }
    }

    static func unschedulable(_ words: String) -> SchedulingDecision {
        .wait(.init(reason: "Unschedulable", message: "0/1 nodes are available: \(words).", hasEvent: true))
    }

    static let affinityWords = "1 node(s) didn't match Pod's node affinity/selector"

    static func container(_ requests: [String: Quantity], limits: [String: Quantity] = [:]) -> Container {
        Container(name: "c", resources: ResourceRequirements(limits: limits, requests: requests))
    }

    static func affinity(_ terms: [NodeSelectorTerm]) -> Affinity {
        Affinity(nodeAffinity: NodeAffinity(requiredDuringSchedulingIgnoredDuringExecution: NodeSelector(nodeSelectorTerms: terms)))
    }

    static func requirement(_ key: String, _ op: String, _ values: [String] = []) -> NodeSelectorRequirement {
        NodeSelectorRequirement(key: key, operator: op, values: values)
    }

    static func byAffinity(_ op: String, key: String = "zone", _ values: [String], _ expected: SchedulingDecision) -> Row {
        Row("affinity \(key) \(op) \(values)", expected) {
            $0.spec.affinity = affinity([NodeSelectorTerm(matchExpressions: [requirement(key, op, values)])])
        }
    }

    static let rows: [Row] = [
        Row("a plain pod is bound", .bind),
        Row(
            "a pod without our taint's toleration is bound all the same", .bind,
            node: NodeChange { node in
                node.spec.taints = [Taint(key: "virtual-kubelet.io/provider", value: "hpk", effect: .noSchedule)]
            }),
        Row("a pod of another scheduler", .ignore) { $0.spec.schedulerName = "volcano" },
        Row("a pod that names no scheduler", .bind) { $0.spec.schedulerName = nil },
        Row("a pod that has a node", .ignore) { $0.spec.nodeName = "x" },
        Row("a pod that is being deleted", .ignore) { $0.metadata.deletionTimestamp = NodeSamples.now },
        Row("a pod that is over", .ignore) { $0.status.phase = .failed },
        Row(
            "a gated pod",
            .wait(.init(reason: "SchedulingGated", message: "Scheduling is blocked due to non-empty scheduling gates", hasEvent: false))
        ) { $0.spec.schedulingGates = [PodSchedulingGate(name: "quota")] },
        Row("a selector that matches", .bind) { $0.spec.nodeSelector = ["zone": "a"] },
        Row("a selector that does not", unschedulable(affinityWords)) { $0.spec.nodeSelector = ["zone": "b"] },
        byAffinity("In", ["b", "a"], .bind), byAffinity("In", ["b"], unschedulable(affinityWords)),
        byAffinity("NotIn", ["b"], .bind), byAffinity("NotIn", ["a"], unschedulable(affinityWords)),
        byAffinity("NotIn", key: "absent", ["a"], .bind),
        byAffinity("Exists", [], .bind), byAffinity("Exists", key: "absent", [], unschedulable(affinityWords)),
        byAffinity("DoesNotExist", key: "absent", [], .bind), byAffinity("DoesNotExist", [], unschedulable(affinityWords)),
        byAffinity("Gt", key: "rank", ["4"], .bind), byAffinity("Gt", key: "rank", ["5"], unschedulable(affinityWords)),
        byAffinity("Lt", key: "rank", ["6"], .bind), byAffinity("Lt", key: "rank", ["5"], unschedulable(affinityWords)),
        byAffinity("Gt", key: "zone", ["1"], unschedulable(affinityWords)), byAffinity("Gt", key: "rank", [], unschedulable(affinityWords)),
        byAffinity("Like", ["a"], unschedulable(affinityWords)),
        Row("terms are joined by or", .bind) {
            $0.spec.affinity = affinity([
                NodeSelectorTerm(matchExpressions: [requirement("zone", "In", ["b"])]),
                NodeSelectorTerm(matchFields: [requirement("metadata.name", "In", ["hpk-kubelet"])]),
            ])
        },
        Row("within a term everything must match", unschedulable(affinityWords)) {
            $0.spec.affinity = affinity([
                NodeSelectorTerm(
                    matchExpressions: [requirement("zone", "In", ["a"])], matchFields: [requirement("metadata.name", "In", ["other"])])
            ])
        },
        Row("an empty term matches nothing", unschedulable(affinityWords)) { $0.spec.affinity = affinity([NodeSelectorTerm()]) },
        Row("a cordoned node", unschedulable("1 node(s) were unschedulable"), node: NodeChange { $0.spec.unschedulable = true }),
        Row("a cordoned node and a pod that tolerates it", .bind, node: NodeChange { $0.spec.unschedulable = true }) {
            $0.spec.tolerations = [Toleration(operator: "Exists")]
        },
        Row(
            "a foreign taint", unschedulable("1 node(s) had untolerated taint {dedicated: x}"),
            node: NodeChange { $0.spec.taints = [Taint(key: "dedicated", value: "x", effect: .noSchedule)] }),
        Row(
            "a foreign taint that is tolerated", .bind,
            node: NodeChange { $0.spec.taints = [Taint(key: "dedicated", value: "x", effect: .noSchedule)] }
        ) { $0.spec.tolerations = [Toleration(key: "dedicated", value: "x", effect: .noSchedule)] },
        Row(
            "a toleration with another effect does not help", unschedulable("1 node(s) had untolerated taint {dedicated: x}"),
            node: NodeChange { $0.spec.taints = [Taint(key: "dedicated", value: "x", effect: .noSchedule)] }
        ) { $0.spec.tolerations = [Toleration(key: "dedicated", value: "x", effect: TaintEffect(rawValue: "NoExecute"))] },
        Row("a taint that only prefers", .bind, node: NodeChange { $0.spec.taints = [Taint(key: "p", effect: .preferNoSchedule)] }),
        Row("as many CPUs as the largest node has", .bind) { $0.spec.containers = [container(["cpu": Quantity(64)])] },
        Row("more CPUs than any node has", unschedulable("1 Insufficient cpu")) {
            $0.spec.containers = [container(["cpu": Quantity(milli: 64_001)])]
        },
        Row("more of everything", unschedulable("1 Insufficient cpu, 1 Insufficient memory")) {
            $0.spec.containers = [container(["cpu": Quantity(100), "memory": Quantity(1 << 40)])]
        },
        Row("containers are added up", unschedulable("1 Insufficient cpu")) {
            $0.spec.containers = [container(["cpu": Quantity(40)]), container(["cpu": Quantity(40)])]
        },
        Row("an init container that alone asks too much", unschedulable("1 Insufficient cpu")) {
            $0.spec.initContainers = [container(["cpu": Quantity(65)])]
        },
        Row("init containers run one after the other", .bind) {
            $0.spec.initContainers = [container(["cpu": Quantity(40)]), container(["cpu": Quantity(40)])]
        },
        Row("overhead counts", unschedulable("1 Insufficient memory")) { $0.spec.overhead = ["memory": Quantity(1 << 40)] },
        Row("a limit without a request counts as one", unschedulable("1 Insufficient nvidia.com/gpu")) {
            $0.spec.containers = [container([:], limits: ["nvidia.com/gpu": Quantity(5)])]
        },
        Row("GPUs that there are", .bind) { $0.spec.containers = [container([:], limits: ["nvidia.com/gpu": Quantity(4)])] },
        Row("resources that are not Slurm's are no matter of ours", .bind) {
            $0.spec.containers = [container(["example.org/thing": Quantity(9)])]
        },
        Row("flags for Slurm may spread a pod over nodes", .bind) {
            $0.metadata.annotations["slurm.hpk.io/flags"] = "--nodes=2"
            $0.spec.containers = [container(["cpu": Quantity(96)])]
        },
        Row("but not beyond what all nodes have", unschedulable("1 Insufficient cpu")) {
            $0.metadata.annotations["slurm.hpk.io/flags"] = "--nodes=2"
            $0.spec.containers = [container(["cpu": Quantity(97)])]
        },
        Row(
            "amounts are only named for a node that would do otherwise", unschedulable("\(affinityWords), 1 node(s) were unschedulable"),
            node: NodeChange { $0.spec.unschedulable = true }
        ) {
            $0.spec.nodeSelector = ["zone": "b"]
            $0.spec.containers = [container(["cpu": Quantity(100)])]
        },
    ]

    private func decide(_ pod: Pod, _ node: Node, namespace: String? = nil, totals: ClusterTotals? = NodeSamples.slurm().totals)
        -> SchedulingDecision
    {
        SchedulingDecision(
            pod, node: node, schedulerName: "default-scheduler", namespace: namespace, ownTaintKey: "virtual-kubelet.io/provider",
            totals: totals)
    }

    private func pod() -> Pod {
        Pod(
            metadata: ObjectMeta(name: "p", namespace: "default", uid: "u"),
            spec: PodSpec(containers: [Container(name: "c")], schedulerName: "default-scheduler"))
    }

    private func node() -> Node { Node(metadata: ObjectMeta(name: "hpk-kubelet", labels: ["zone": "a", "rank": "5"])) }

    @Test("Each case", arguments: rows)
    func decision(row: Row) {
        var pod = pod()
        var node = node()
        row.pod(&pod)
        row.node(&node)
        #expect(decide(pod, node) == row.expected)
    }

    @Test("Only the namespace that is served")
    func namespace() {
        #expect(decide(pod(), node(), namespace: "default") == .bind)
        #expect(decide(pod(), node(), namespace: "other") == .ignore)
    }

    @Test(
        "Amounts pass while Slurm has not answered, or has no usable node: the job can wait in Slurm", arguments: [nil, ClusterTotals([])])
    func unknownTotals(totals: ClusterTotals?) {
        var pod = pod()
        pod.spec.containers = [Self.container(["cpu": Quantity(1000)])]
        #expect(decide(pod, node(), totals: totals) == .bind)
    }
}
