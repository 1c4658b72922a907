import Foundation
import Kubernetes
import Testing

extension ClusterSuite {
    /// `--container-steps`: each container is a step of its own, and otherwise as it would be without.
    @Suite struct ContainerSteps {
        @Test("every container is seen as a step, and its log, exit code, signal and end are exact")
        func steps() async throws {
            try await AgentProcess.running(arguments: ["--container-steps"]) { agent in
                let slurm = SlurmCommands(cluster: agent.cluster)
                var uids: [String] = []
                let namespace = try await Kubectl.withNamespace("steps") { kubectl in
                    let restarts = "if [ -e /v/once ]; then exit 0; fi; touch /v/once; exit 4"
                    let batch = try PodBatch(
                        kubectl,
                        [
                            PodManifest("code", script: "echo out; echo err >&2; echo why > /dev/termination-log; exit 7"),
                            // The first process of a namespace of its own cannot be killed from within.
                            PodManifest("signal", script: "kill -9 $$$$; sleep 9", spec: ["shareProcessNamespace": true]),
                            PodManifest("missing", containers: [["command": ["no-such-program"]]]),
                            PodManifest(
                                "user", script: "id -u; id -g; hostname; echo ${SLURM_JOB_ID:-none}",
                                spec: [
                                    "securityContext": ["runAsUser": 1000, "runAsGroup": 1001]
                                ]),
                            PodManifest(
                                "init", script: "cat /v/made", container: ["volumeMounts": [PodManifest.mount("v", "/v")]],
                                spec: [
                                    "volumes": [["name": "v", "emptyDir": [:]]],
                                    "initContainers": [
                                        PodManifest.shell("first", "echo made > /v/made", ["volumeMounts": [PodManifest.mount("v", "/v")]])
                                    ],
                                ]),
                            PodManifest(
                                "again", script: restarts, container: ["volumeMounts": [PodManifest.mount("v", "/v")]],
                                spec: [
                                    "restartPolicy": "OnFailure", "volumes": [["name": "v", "emptyDir": [:]]],
                                ]),
                            PodManifest("memory", script: "tail /dev/zero", container: ["resources": ["limits": ["memory": "96Mi"]]]),
                            PodManifest("private", script: "wc -l < /proc/net/dev", annotations: ["hpk.io/network": "private"]),
                        ])
                    let ended = try await batch.end()
                    let code = try #require(try ended.pod("code").end())
                    #expect((code.exitCode, code.reason, code.message) == (7, "Error", "why\n"))
                    #expect(ended.lines("code").sorted() == ["err", "out"])
                    let signal = try #require(try ended.pod("signal").end())
                    #expect((signal.exitCode, signal.signal) == (137, 9))
                    let missing = try #require(try ended.pod("missing").end())
                    #expect((missing.exitCode, missing.reason) == (128, "StartError"))
                    #expect(missing.message?.contains("no-such-program") == true)
                    #expect(ended.lines("user") == ["1000", "1001", "user", "none"])
                    #expect(ended.lines("init") == ["made"])
                    #expect(try ended.pod("again").container()?.restartCount == 1)
                    #expect(try ended.pod("again").status.phase == .succeeded)
                    let memory = try ended.pod("memory")
                    #expect(memory.status.phase == .failed)
                    #expect(memory.end()?.reason == "OOMKilled", "\(memory.status.reason ?? "") \(memory.endText)")
                    // Two lines of heading, loopback, and the way out.
                    #expect(ended.lines("private") == ["4"])

                    let live = try PodBatch(
                        kubectl,
                        [
                            PodManifest(
                                "live",
                                containers: [
                                    ["command": ["sh", "-c", "trap 'echo asked; exit 0' TERM; echo ready; sleep 600 & wait"]],
                                    ["command": ["sh", "-c", "trap '' TERM; echo ready; sleep 600"]],
                                ], spec: ["terminationGracePeriodSeconds": 3])
                        ])
                    let pod = try #require(try await live.wait("runs") { $0.status.phase == .running }["live"])
                    let job = try #require(pod.metadata.annotations["slurm.hpk.io/job-id"])
                    #expect(try slurm.steps(of: job).map(\.name).sorted() == ["main", "other1"])
                    try await kubectl.eventually("both are ready") { try live.logs().values.count { $0 == ["ready"] } == 2 }
                    uids = try kubectl.pods().map(\.metadata.uid)
                    let began = ContinuousClock.now
                    try kubectl.must("delete", "pod", "live", "--timeout=30s")
                    let took = (ContinuousClock.now - began) / .seconds(1)
                    #expect((3..<12).contains(took), "the grace is kept, took \(took) s")
                    return kubectl.namespace
                }
                try await Leftovers(cluster: agent.cluster, namespace: namespace, uids: uids).mustVanish()
            }
        }
    }
}
