import Foundation
import Kubernetes
import Testing

extension ClusterSuite.Pods {
    @Suite("Node and scheduling") struct NodeTests {
        @Test("the node tells Slurm's size, its address, its port and how it is")
        func node() async throws {
            let shared = try SharedAgent.required()
            let kubectl = shared.kubectl
            let node = try JSONDecoder().decode(Node.self, from: Data(kubectl.must("get", "node", "hpk-kubelet", "-o", "json").utf8))
            let sizes = try shared.slurm.run("sinfo", "--noheader", "--Node", "--partition=main,hosts", "--format=%N %c %m").split(
                separator: "\n"
            )
            .map { $0.split(separator: " ").map(String.init) }
            let cpus = sizes.reduce(Int64(0)) { $0 + (Int64($1[1]) ?? 0) }
            let memory = sizes.reduce(Int64(0)) { $0 + (Int64($1[2]) ?? 0) } << 20
            for amounts in [node.status.capacity, node.status.allocatable] {
                #expect(amounts["cpu"]?.value == cpus)
                #expect(amounts["memory"]?.value == memory)
                #expect(amounts["nvidia.com/gpu"]?.value == 8)
                #expect(amounts["amd.com/gpu"]?.value == 8)
                #expect((amounts["pods"]?.value ?? 0) > 0)
            }
            #expect(node.metadata.labels["kubernetes.io/hostname"] == "hpk-kubelet")
            #expect(node.metadata.labels["kubernetes.io/os"] == "linux")
            #expect(node.metadata.labels["kubernetes.io/arch"] == "amd64")
            #expect(node.status.addresses.map(\.address) == ["127.0.0.1"])
            #expect(node.status.daemonEndpoints?.kubeletEndpoint.port == Int(kubectl.cluster["HPK_KUBELET_PORT"]))
            let conditions = Dictionary(node.status.conditions.map { ($0.type, $0.status) }, uniquingKeysWith: { $1 })
            #expect(conditions["Ready"] == .true)
            #expect(conditions["SlurmReachable"] == .true)
            for pressure in ["MemoryPressure", "DiskPressure", "PIDPressure"] { #expect(conditions[pressure] == .false, "\(pressure)") }
            #expect(node.spec.taints.contains { $0.key == "virtual-kubelet.io/provider" && $0.value == "hpk" && $0.effect == .noSchedule })
            func renewed() throws -> String {
                try kubectl.must("get", "lease", "hpk-kubelet", "-n", "kube-node-lease", "-o", "jsonpath={.spec.renewTime}")
            }
            let first = try renewed()
            try await kubectl.eventually("the lease is renewed", seconds: 20) { try renewed() > first }
        }

        @Test("pods are bound and told so; those that the node cannot take wait with a reason")
        func scheduling() async throws {
            let shared = try SharedAgent.required()
            let kubectl = shared.kubectl
            func refused(_ name: String, spec: [String: JSONValue] = [:], resources: JSONValue = [:]) -> PodManifest {
                PodManifest(name, script: "true", container: ["resources": resources], spec: spec)
            }
            let affinity: JSONValue = [
                "nodeAffinity": [
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        "nodeSelectorTerms": [["matchExpressions": [["key": "kubernetes.io/arch", "operator": "In", "values": ["s390x"]]]]]
                    ]
                ]
            ]
            let waiting = try PodBatch(
                kubectl,
                [
                    refused("wait-selector", spec: ["nodeSelector": ["disk": "ssd"]]),
                    refused("wait-affinity", spec: ["affinity": affinity]),
                    refused("wait-cpu", resources: ["requests": ["cpu": "5000"]]),
                    refused("wait-other", spec: ["schedulerName": "somebody-else"]),
                ])
            let ended = try await PodBatch.ended(
                kubectl,
                [
                    PodManifest("bound", script: "true"), PodManifest("bound-by-name", script: "true", spec: ["nodeName": "hpk-kubelet"]),
                    PodManifest(
                        "bound-by-selector", script: "true",
                        spec: ["nodeSelector": ["kubernetes.io/os": "linux", "type": "virtual-kubelet"]]),
                ])
            ended.expectSuccess()
            let sources = try kubectl.must(
                "get", "events", "--field-selector", "involvedObject.name=bound,reason=Scheduled", "-o",
                "jsonpath={.items[*].source.component}|{.items[*].message}")
            #expect(sources.hasPrefix("default-scheduler|Successfully assigned \(kubectl.namespace)/bound to hpk-kubelet"), "\(sources)")
            #expect(try !kubectl.eventReasons(of: "bound-by-name").contains("Scheduled"), "nobody had to choose a node")
            let words = [
                "wait-selector": "node affinity/selector", "wait-affinity": "node affinity/selector", "wait-cpu": "Insufficient cpu",
            ]
            for (name, text) in words {
                try await kubectl.eventually("\(name) has its event") { try kubectl.eventReasons(of: name).contains("FailedScheduling") }
                let condition = try #require(try kubectl.pod(name).status.conditions.first { $0.type == "PodScheduled" })
                #expect(condition.status == .false && condition.reason == "Unschedulable")
                #expect(condition.message?.contains(text) == true, "\(name): \(condition.message ?? "")")
            }
            for (name, pod) in try waiting.pods() {
                #expect(pod.status.phase == .pending && pod.spec.nodeName.isEmpty, "\(name)")
                #expect(try shared.slurm.jobs(namespace: kubectl.namespace, pod: name).isEmpty)
            }
            #expect(try kubectl.eventReasons(of: "wait-other").isEmpty, "a pod of another scheduler is not ours")
            try waiting.delete()
        }
    }
}
