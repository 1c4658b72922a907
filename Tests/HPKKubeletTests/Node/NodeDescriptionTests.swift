import Foundation
import Kubernetes
import Slurm
import Testing

@testable import HPKKubelet

enum NodeSamples {
    static let now = Timestamp(secondsSince1970: 1_700_000_000)

    static var facts: NodeFacts {
        var facts = NodeFacts()
        facts.kernelVersion = "6.1.0"
        facts.osImage = "Debian GNU/Linux 12"
        facts.architecture = "amd64"
        facts.machineID = "machine"
        facts.bootID = "boot"
        facts.apptainerVersion = "1.4.5"
        return facts
    }

    static func description(_ change: (inout KubeletConfiguration) -> Void = { _ in }) -> NodeDescription {
        var configuration = KubeletConfiguration()
        change(&configuration)
        return NodeDescription(
            configuration, address: "10.0.0.5", facts: facts, storage: .init(totalBytes: 100 << 30, freeBytes: 50 << 30))
    }

    static func slurm(gres: String = "gpu:a100:4,gpu:mi250:2") -> SlurmObservation {
        let idle = NodeState(rawValue: 2)
        let down = NodeState(rawValue: 1)
        return SlurmObservation(
            totals: ClusterTotals([
                NodeRecord(name: "c1", state: idle, cpus: 64, memoryMegabytes: 64000, gres: GresCounts(gres)),
                NodeRecord(name: "c2", state: idle, cpus: 32, memoryMegabytes: 128_000),
                NodeRecord(name: "c3", state: down, cpus: 64, memoryMegabytes: 64000),
            ]), clusterName: "demo")
    }
}

@Suite("Node object")
struct NodeDescriptionTests {
    @Test("Golden: the whole object as JSON")
    func golden() throws {
        let node = NodeSamples.description().node(NodeSamples.slurm(), now: NodeSamples.now)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(node), as: UTF8.self)
        #expect(text == NodeGolden.json)
    }

    @Test("Without a taint where it is switched off, with the site's own where it is set")
    func taint() {
        #expect(NodeSamples.description { $0.isTainted = false }.node(NodeSamples.slurm(), now: NodeSamples.now).spec.taints.isEmpty)
        let own = NodeSamples.description {
            $0.taint.key = "site/t"
            $0.taint.value = ""
            $0.taint.effect = .noExecute
        }.node(NodeSamples.slurm(), now: NodeSamples.now)
        #expect(own.spec.taints == [Taint(key: "site/t", value: "", effect: TaintEffect(rawValue: "NoExecute"))])
    }

    @Test("Slurm's outage shows in a condition of its own; the node stays Ready and keeps its capacity")
    func outage() throws {
        let failing = NodeSamples.slurm().failing("Unable to contact slurm controller")
        let node = NodeSamples.description().node(failing, now: NodeSamples.now)
        let condition = try #require(node.status.conditions.first { $0.type == NodeDescription.slurmReachable })
        #expect(condition.status == .false)
        #expect(condition.message == "Unable to contact slurm controller")
        #expect(node.status.conditions.first { $0.type == "Ready" }?.status == .true)
        #expect(node.status.capacity["cpu"] == Quantity(96))
    }

    @Test("Before Slurm's first answer nothing is promised")
    func nothingKnown() {
        let node = NodeSamples.description().node(SlurmObservation(), now: NodeSamples.now)
        #expect(node.status.capacity["cpu"] == .zero)
        #expect(node.status.capacity["nvidia.com/gpu"] == nil)
    }

    @Test(
        "Disk pressure begins where less than 1 GiB or 1 % is free, whichever is less",
        arguments: [
            (100 << 30, 50 << 30, false), (100 << 30, (1 << 30) - 1, true), (10 << 30, 200 << 20, false), (10 << 30, 50 << 20, true),
        ])
    func diskPressure(total: Int, free: Int, isFull: Bool) {
        var description = NodeSamples.description()
        description.storage = .init(totalBytes: UInt64(total), freeBytes: UInt64(free))
        let node = description.node(NodeSamples.slurm(), now: NodeSamples.now)
        #expect(node.status.conditions.first { $0.type == "DiskPressure" }?.status == (isFull ? .true : .false))
    }

    @Test(
        "GPUs are counted by maker",
        arguments: [
            ("gpu:4", ["nvidia.com/gpu": UInt64(4)]), ("gpu:mi210:8", ["amd.com/gpu": 8]),
            ("gpu:nvidia:2,gpu:amd:3", ["nvidia.com/gpu": 2, "amd.com/gpu": 3]),
            ("shard:4", [:]), ("gpu:tesla:2(S:0-1),gpu:Radeon_VII:1", ["nvidia.com/gpu": 2, "amd.com/gpu": 1]),
        ])
    func gpus(text: String, expected: [String: UInt64]) {
        #expect(ExtendedResources.gpus(GresCounts(text)) == expected)
    }

    @Test(
        "A job asks for a vendor's GPUs by their type where both vendors' are there",
        arguments: [
            ("", "gpu", "gpu"), ("gpu:4", "gpu", "gpu"), ("gpu:a100:4", "gpu", "gpu"), ("gpu:amd:4", "gpu", "gpu"),
            ("gpu:nvidia:2,gpu:amd:2", "gpu:nvidia", "gpu:amd"), ("gpu:a100:2,gpu:v100:2,gpu:mi250:2", "gpu", "gpu:mi250"),
        ])
    func gpuRequests(text: String, nvidia: String, amd: String) {
        #expect(ExtendedResources.gres(GresCounts(text)) == ["nvidia.com/gpu": nvidia, "amd.com/gpu": amd])
    }

    @Test("The system's name comes from os-release")
    func osRelease() {
        #expect(NodeFacts.prettyName("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n") == "Debian GNU/Linux 12 (bookworm)")
        #expect(NodeFacts.prettyName("NAME=x\n") == nil)
        #expect(NodeFacts.goArchitecture("aarch64") == "arm64")
    }
}
