import Foundation
import Kubernetes
import Testing

extension ClusterSuite.Pods {
    /// Pods on several nodes and of several tasks.
    @Suite("Parallel pods") struct Parallel {
        private static let twoByTwo = "--nodes=2 --ntasks-per-node=2"

        private static func pod(
            _ name: String, flags: String? = twoByTwo, mpi: String? = nil, script: String, container: [String: JSONValue] = [:],
            spec: [String: JSONValue] = [:]
        ) -> PodManifest {
            var annotations: [String: String] = [:]
            annotations["slurm.hpk.io/flags"] = flags
            annotations["slurm.hpk.io/mpi-flags"] = mpi
            return PodManifest("par-\(name)", script: script, container: container, annotations: annotations, spec: spec)
        }

        @Test("every task runs the container on its node; output, exit codes, volumes and secrets are those of one pod")
        func tasks() async throws {
            let shared = try SharedAgent.required()
            let kubectl = shared.kubectl
            try kubectl.must("create", "secret", "generic", "par-secret", "--from-literal=word=sesame")
            let manifests = [
                Self.pod(
                    "ranks", script: "echo rank $SLURM_PROCID of $SLURM_NTASKS on $SLURMD_NODENAME, $POD_IP",
                    container: [
                        "env": [["name": "POD_IP", "valueFrom": ["fieldRef": ["fieldPath": "status.podIP"]]]]
                    ]),
                Self.pod("fails", script: "[ $SLURM_PROCID = 2 ] && exit 5; exit $SLURM_PROCID"),
                Self.pod("one-dies", flags: "--ntasks=2", script: "[ $SLURM_PROCID = 1 ] && kill -9 $$$$; sleep 1"),
                Self.pod(
                    "flags-only", flags: nil, mpi: "-np 3", script: "echo $SLURM_PROCID",
                    container: [
                        "resources": ["requests": ["cpu": "3"]]
                    ]),
                Self.pod("too-many", flags: nil, mpi: "--nodes=3 -n 3", script: "echo ran"),
                Self.pod(
                    "volumes", script: "cat /v/prepared",
                    container: [
                        "volumeMounts": [PodManifest.mount("v", "/v")]
                    ],
                    spec: [
                        "volumes": [["name": "v", "emptyDir": [:]]],
                        "initContainers": [
                            PodManifest.shell(
                                "prepare", "echo by $SLURM_NTASKS for $SLURMD_NODENAME >> /v/prepared",
                                ["volumeMounts": [PodManifest.mount("v", "/v")]])
                        ],
                    ]),
                Self.pod(
                    "secret", flags: "--nodes=2", script: "echo $WORD $(cat /s/word)",
                    container: [
                        "env": [["name": "WORD", "valueFrom": ["secretKeyRef": ["name": "par-secret", "key": "word"]]]],
                        "volumeMounts": [PodManifest.mount("s", "/s")],
                    ], spec: ["volumes": [["name": "s", "secret": ["secretName": "par-secret"]]]]),
                Self.pod(
                    "lines",
                    script: "line=$(head -c 3000 /dev/zero | tr '\\0' $SLURM_PROCID); for i in $(seq 100); do echo $line; done"),
                Self.pod("user", flags: "--ntasks=2", script: "id -u", spec: ["securityContext": ["runAsUser": 1000]]),
                Self.pod(
                    "mpi", mpi: "--mpi=pmi2", script: "exec mpi-hello",
                    container: [
                        "image": "mpi:4.0", "env": [["name": "UCX_TLS", "value": "tcp,self"]],
                    ]),
                Self.pod("mpi-memory", flags: "--ntasks=3", mpi: "--mpi=pmi2", script: "exec mpi-hello", container: ["image": "mpi:4.0"]),
            ]
            let ended = try await PodBatch.ended(kubectl, manifests, seconds: 180)
            func sorted(_ name: String) -> [String] { ended.lines("par-\(name)").sorted() }

            for name in ["ranks", "flags-only", "volumes", "secret", "lines", "user", "mpi", "mpi-memory"] {
                let end = try #require(try ended.pod("par-\(name)").end())
                #expect(end.exitCode == 0, "\(name): \(end)")
            }
            let address = try #require(try ended.pod("par-ranks").status.podIP)
            let ranks = sorted("ranks")
            #expect(ranks.count == 4)
            for (rank, line) in ranks.enumerated() {
                #expect(line.hasPrefix("rank \(rank) of 4 on c") && line.hasSuffix(", \(address)"), "\(line)")
            }
            #expect(Set(ranks.map { $0.split(separator: " ")[5] }).count == 2, "two nodes: \(ranks)")
            let worst = try #require(try ended.pod("par-fails").end())
            #expect(worst.exitCode == 5, "\(worst)")
            #expect(try ended.pod("par-fails").status.phase == .failed)
            #expect(try ended.pod("par-one-dies").end()?.exitCode == 137)
            #expect(sorted("flags-only") == ["0", "1", "2"])
            let refused = try #require(try ended.pod("par-too-many").end())
            #expect(refused.reason == "StartError")
            #expect(refused.message?.contains("srun") == true || refused.message?.contains("odes") == true, "\(refused.message ?? "")")
            #expect(sorted("volumes").allSatisfy { $0.hasPrefix("by 2 for c") } && sorted("volumes").count == 4, "\(sorted("volumes"))")
            #expect(Set(sorted("volumes")).count == 2, "each node's own volume")
            #expect(sorted("secret") == ["sesame sesame", "sesame sesame"])
            let lines = sorted("lines")
            #expect(lines.count == 400)
            #expect(lines.allSatisfy { $0.count == 3000 && Set($0).count == 1 }, "every line is one task's, and whole")
            #expect(sorted("user") == ["1000", "1000"])
            #expect(sorted("mpi") == (0..<4).map { "rank \($0) of 4, sum of ranks 6" }, "\(ended.text("par-mpi"))")
            #expect(sorted("mpi-memory") == (0..<3).map { "rank \($0) of 3, sum of ranks 3" }, "\(ended.text("par-mpi-memory"))")
        }

        @Test("mpi-flags that srun must not get fail the pod, and nothing of them runs")
        func badFlags() async throws {
            let shared = try SharedAgent.required()
            let mark = "\(shared.cluster.home)/mpi-flags-ran"
            let rows = [
                ("program", "/bin/touch \(mark)", "/bin/touch"), ("shell", "-n 1; touch \(mark)", "1;"),
                ("substitution", "--mpi=$(touch \(mark))", "$(touch"), ("output", "--output=\(mark)", "--output"),
                ("prolog", "--task-prolog=/bin/touch", "--task-prolog"), ("quote", "--mpi='pmi2", "no end"),
                ("job", "--jobid=1", "--jobid"),
                ("programs", "--multi-prog", "--multi-prog"), ("het", "--het-group=0", "--het-group"),
            ]
            let ended = try await PodBatch.ended(
                shared.kubectl, rows.map { Self.pod("bad-\($0.0)", flags: nil, mpi: $0.1, script: "echo ran") })
            for (name, _, words) in rows {
                let pod = try ended.pod("par-bad-\(name)")
                #expect(pod.status.phase == .failed)
                #expect(pod.status.reason == "InvalidMPIFlags", "\(name): \(pod.status.message ?? "")")
                #expect(pod.status.message?.contains(words) == true, "\(name): \(pod.status.message ?? "")")
            }
            #expect(ended.logs.isEmpty)
            #expect(!FileManager.default.fileExists(atPath: mark))
        }

        @Test("a deletion ends every task on every node within the grace, and leaves no step, process or folder")
        func deletion() async throws {
            let shared = try SharedAgent.required()
            let kubectl = shared.kubectl
            let heeds = Self.pod(
                "heeds", script: "trap 'echo asked $SLURM_PROCID; exit 0' TERM; echo ready; sleep 600 & wait",
                spec: ["terminationGracePeriodSeconds": 20])
            let ignores = Self.pod(
                "ignores", script: "trap '' TERM; echo ready; sleep 600 & wait; sleep 600", spec: ["terminationGracePeriodSeconds": 3])
            let batch = try PodBatch(kubectl, [heeds, ignores])
            let pods = try await batch.wait("runs") { $0.status.phase == .running }
            try await kubectl.eventually("every task is ready") { try batch.logs().values.allSatisfy { $0.count == 4 } }
            let jobs = pods.values.compactMap { $0.metadata.annotations["slurm.hpk.io/job-id"] }
            #expect(jobs.count == 2)
            for job in jobs { #expect(try shared.slurm.steps(of: job).map(\.name).sorted() == ["main", "sandbox"]) }
            let follow = try FollowedCommand(kubectl, "logs", "-f", "par-heeds")
            let began = ContinuousClock.now
            for name in batch.podNames { try kubectl.must("delete", "pod", name, "--wait=false") }
            try await kubectl.eventually("both pods are gone", seconds: 30) { try batch.pods().isEmpty }
            let took = (ContinuousClock.now - began) / .seconds(1)
            #expect(took < 15, "took \(took) s")
            try await follow.end()
            let lines = Set(try follow.output().split(separator: "\n").map(String.init))
            #expect(lines == ["ready", "asked 0", "asked 1", "asked 2", "asked 3"])
            try await Leftovers(cluster: shared.cluster, namespace: kubectl.namespace, uids: pods.values.map(\.metadata.uid)).mustVanish()
            for job in jobs { #expect(try shared.slurm.steps(of: job).isEmpty) }
            let folders = try FileManager.default.contentsOfDirectory(atPath: "/tmp")
            for pod in pods.values { #expect(!folders.contains { $0.contains(pod.metadata.uid) }, "\(folders)") }
        }
    }
}

extension SlurmCommands {
    /// The steps of a job that run now, its batch step left out.
    func steps(of job: String) throws -> [(id: String, name: String)] {
        try run("squeue", "--noheader", "--steps", "--format=%i|%j").split(separator: "\n").compactMap { line in
            let parts = line.trimmingCharacters(in: .whitespaces).split(separator: "|").map(String.init)
            guard parts.count == 2, parts[0].hasPrefix("\(job)."), parts[1] != "batch" else { return nil }
            return (parts[0], parts[1])
        }
    }
}
