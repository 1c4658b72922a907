import Foundation
import Kubernetes
import Testing

extension ClusterSuite.Pods {
    @Suite("Slurm's side of a pod") struct JobTests {
        @Test("requests and flags of a pod are what Slurm knows of its job")
        func submission() async throws {
            let shared = try SharedAgent.required()
            let kubectl = shared.kubectl
            func pod(_ name: String, flags: String? = nil, resources: JSONValue = [:], spec: [String: JSONValue] = [:]) -> PodManifest {
                PodManifest(
                    name, script: "sleep 600", container: ["resources": resources],
                    annotations: flags.map { ["slurm.hpk.io/flags": $0] } ?? [:],
                    spec: ["terminationGracePeriodSeconds": 1].merging(spec) { $1 })
            }
            let rows: [(pod: PodManifest, expected: [String])] = [
                (pod("job-default"), ["Partition=main", "NumNodes=1", "NumTasks=1", "CPUs/Task=1"]),
                (
                    pod(
                        "job-requests",
                        resources: ["requests": ["cpu": "1500m", "memory": "200Mi"], "limits": ["cpu": "4", "memory": "300Mi"]]),
                    ["CPUs/Task=2", "MinMemoryNode=200M"]
                ),
                (pod("job-gpu", resources: ["limits": ["nvidia.com/gpu": 1]]), ["TresPerNode=gres:gpu:nvidia:1"]),
                (pod("job-gpu-amd", resources: ["limits": ["amd.com/gpu": 2]]), ["TresPerNode=gres:gpu:amd:2"]),
                (pod("job-deadline", spec: ["activeDeadlineSeconds": 600]), ["TimeLimit=00:12:00"]),
                (
                    pod("job-flags", flags: "--partition=short -t 1 --cpus-per-task=3 --mem=150M --nodelist=c2 --nice=7"),
                    [
                        "Partition=short", "TimeLimit=00:01:00", "CPUs/Task=3", "MinMemoryNode=150M", "ReqNodeList=c2", "NodeList=c2",
                        "Nice=7",
                    ]
                ),
                (
                    pod("job-flags-win", flags: "--mem=160M", resources: ["requests": ["cpu": "2", "memory": "100Mi"]]),
                    ["MinMemoryNode=160M", "CPUs/Task=2"]
                ),
                (pod("job-begin", flags: "--begin=now+1hour"), ["JobState=PENDING", "Reason=BeginTime"]),
            ]
            let batch = try PodBatch(kubectl, rows.map(\.pod))
            try await batch.wait("runs, or waits in Slurm") {
                $0.metadata.name == "job-begin" ? $0.isWaiting("SlurmPending") : $0.status.phase == .running
            }
            try await batch.wait("shows the job's state") { pod in
                let state = pod.metadata.annotations["slurm.hpk.io/job-state"]
                return state == (pod.metadata.name == "job-begin" ? "PENDING" : "RUNNING")
            }
            let pods = try batch.pods()
            for row in rows {
                let name = row.pod.name
                let pod = try #require(pods[name])
                let id = try #require(pod.metadata.annotations["slurm.hpk.io/job-id"], "\(name)")
                let job = try shared.slurm.run("scontrol", "--details", "show", "job", id)
                // From 23.11 on Slurm writes gres/gpu where it wrote gres:gpu.
                let fields = Set(job.split(whereSeparator: \.isWhitespace).map { String($0.replacing("=gres/", with: "=gres:")) })
                #expect(fields.contains("JobName=\(kubectl.namespace)/\(name)"), "\(job)")
                #expect(job.contains(pod.metadata.uid), "the UID is in the job's comment")
                #expect(fields.contains { $0.hasPrefix("UserId=\(shared.cluster.user)(") })
                for field in row.expected { #expect(fields.contains(field), "\(name) lacks \(field):\n\(job)") }
            }
            let waiting = try #require(pods["job-begin"])
            #expect(waiting.status.phase == .pending)
            #expect(waiting.container()?.state.waiting?.message?.contains("BeginTime") == true)
            #expect(try kubectl.eventReasons(of: "job-begin").contains("SlurmPending"))
            try batch.delete()
        }

        @Test("a flag that is unknown, malformed or refused fails its pod with a message that names it")
        func badFlags() async throws {
            let shared = try SharedAgent.required()
            let rows: [(name: String, flags: String, words: String)] = [
                ("unknown", "--no-such-flag=1", "--no-such-flag"), ("time", "--time=banana", "--time"), ("memory", "--mem=-5", "--mem"),
                ("cpus", "--cpus-per-task=many", "--cpus-per-task"), ("wrap", "--wrap='rm -rf /'", "--wrap"),
                ("stray", "partition=main", "partition=main"), ("quote", "--comment='open", "no end"),
                ("newline", "--partition=\"ma\nin\"", "--partition"), ("missing", "--partition", "--partition"),
            ]
            let rejected: [(name: String, flags: String)] = [
                ("partition", "--partition=nowhere"), ("constraint", "--constraint=quantum"),
            ]
            let ended = try await PodBatch.ended(
                shared.kubectl,
                (rows.map { ($0.name, $0.flags) } + rejected.map { ($0.name, $0.flags) }).map {
                    PodManifest("flag-\($0.0)", script: "echo ran", annotations: ["slurm.hpk.io/flags": $0.1])
                })
            for row in rows {
                let pod = try ended.pod("flag-\(row.name)")
                #expect(pod.status.phase == .failed, "\(row.name)")
                #expect(pod.status.reason == "InvalidSlurmFlags", "\(row.name): \(pod.status.message ?? "")")
                #expect(pod.status.message?.contains(row.words) == true, "\(row.name): \(pod.status.message ?? "")")
                #expect(try shared.slurm.jobs(namespace: shared.kubectl.namespace, pod: "flag-\(row.name)").isEmpty)
            }
            for row in rejected {
                let pod = try ended.pod("flag-\(row.name)")
                #expect(pod.status.phase == .failed, "\(row.name)")
                #expect(pod.status.reason == "SlurmRejected", "\(row.name): \(pod.status.message ?? "")")
                #expect(pod.status.message?.isEmpty == false)
            }
            #expect(ended.logs.isEmpty, "none of them has run")
        }
    }
}
