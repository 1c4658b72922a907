import Kubernetes
import Slurm
import Testing

@testable import HPKKubelet

@Suite("Node reconciliation")
struct NodeReconciliationTests {
    private let now = NodeSamples.now
    private var desired: Node { NodeSamples.description().node(NodeSamples.slurm(), now: now) }

    private func plan(_ current: Node?, later seconds: Int64 = 0) throws -> NodeReconciliation {
        try NodeReconciliation(
            current: current, desired: desired, taintKey: "virtual-kubelet.io/provider",
            now: Timestamp(secondsSince1970: now.secondsSince1970 + seconds))
    }

    private func changed(_ change: (inout Node) -> Void) -> Node {
        var node = desired
        node.metadata.resourceVersion = "7"
        change(&node)
        return node
    }

    @Test("No node: make it")
    func missing() throws {
        #expect(try plan(nil).creates)
    }

    @Test("Nothing to do for a node that is as it should be")
    func same() throws {
        #expect(try plan(changed { _ in }) == plan(changed { _ in }))
        let plan = try plan(changed { _ in })
        #expect(!plan.creates && plan.metadataPatch == nil && plan.statusPatch == nil && !plan.wasGivenUp)
    }

    @Test("An unchanged status is reported again after five minutes, not before", arguments: [(299, false), (300, true)])
    func heartbeat(seconds: Int64, isDue: Bool) throws {
        #expect(try (plan(changed { _ in }, later: seconds).statusPatch != nil) == isDue)
    }

    @Test("Labels of others stay: only ours are in the patch")
    func labels() throws {
        let node = changed {
            $0.metadata.labels["site"] = "a"
            $0.metadata.labels["type"] = "other"
        }
        #expect(try plan(node).metadataPatch == .merge(["metadata": ["labels": ["type": "virtual-kubelet"]]]))
    }

    @Test("Taints of others stay, ours are put right, and the list is only replaced at the version it was read at")
    func taints() throws {
        let foreign = Taint(key: "dedicated", value: "x", effect: .noSchedule)
        let node = changed { $0.spec.taints = [foreign, Taint(key: "virtual-kubelet.io/provider", value: "old", effect: .noSchedule)] }
        let patch = try #require(try plan(node).metadataPatch)
        #expect(patch.body["metadata"]?["resourceVersion"] == "7")
        #expect(patch.body["spec"]?["taints"] == (try JSONValue(encoding: [foreign] + desired.spec.taints)))
        #expect(try plan(changed { $0.spec.taints.append(foreign) }).metadataPatch == nil)
    }

    @Test("A node that was given up is reported Ready and noticed, with the old transition times where nothing changed")
    func givenUp() throws {
        let old = Timestamp(secondsSince1970: 1_600_000_000)
        let node = changed { node in
            for index in node.status.conditions.indices {
                node.status.conditions[index].lastTransitionTime = old
                if node.status.conditions[index].type == "Ready" { node.status.conditions[index].status = .unknown }
            }
        }
        let plan = try plan(node)
        #expect(plan.wasGivenUp)
        let conditions = try #require(plan.statusPatch?.body["status"]?["conditions"]?.array)
        let ready = try #require(conditions.first { $0["type"] == "Ready" })
        #expect(ready["status"] == "True")
        #expect(ready["lastTransitionTime"]?.string == now.description)
        #expect(conditions.first { $0["type"] == "DiskPressure" }?["lastTransitionTime"]?.string == old.description)
    }

    @Test("A resource that Slurm no longer has is removed by name; those of others stay")
    func vanishedResource() throws {
        var without = desired
        without.status.capacity["nvidia.com/gpu"] = nil
        without.status.allocatable["nvidia.com/gpu"] = nil
        let current = changed { $0.status.capacity["example.org/thing"] = Quantity(3) }
        let plan = try NodeReconciliation(current: current, desired: without, taintKey: "k", now: now)
        let capacity = try #require(plan.statusPatch?.body["status"]?["capacity"])
        #expect(capacity["nvidia.com/gpu"] == .null)
        #expect(capacity["example.org/thing"] == nil)
    }

    @Test("A resource of somebody else is no reason to patch every minute")
    func foreignResource() throws {
        #expect(try plan(changed { $0.status.capacity["example.org/thing"] = Quantity(3) }).statusPatch == nil)
    }
}
