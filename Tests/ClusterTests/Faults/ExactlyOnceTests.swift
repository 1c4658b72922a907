import Foundation
import Kubernetes
import Testing

extension ClusterSuite {
    /// The agent keeps no database: whatever moment it dies at, every pod runs in exactly one job.
    @Suite struct ExactlyOnce {
        static let podCount = 100
        static let deletedCount = 10
        static let killCount = 20

        @Test("100 pods run once each while the agent is killed 20 times at random instants")
        func kills() async throws {
            var random = SeededGenerator()
            print("HPK_TEST_SEED=\(random.seed) repeats this run's random instants")
            try await AgentProcess.running { agent in
                let folder = try SharedFolder(agent.cluster)
                defer { folder.remove() }
                var uids: [String] = []
                var jobIDs: [String] = []
                let slurm = SlurmCommands(cluster: agent.cluster)
                let namespace = try await Kubectl.withNamespace("once") { kubectl in
                    let board = PodBoard(kubectl)
                    let pods = (0..<Self.podCount).map { self.pod("run-\($0)", folder, seconds: Int.random(in: 0...6, using: &random)) }
                    let deleted = (0..<Self.deletedCount).map { self.pod("deleted-\($0)", folder, seconds: 600) }
                    async let creation: Void = kubectl.create(TestPod.list(pods + deleted))
                    for kill in 0..<Self.killCount {
                        // The instants count from the start of the process: some fall into its start, some into its recovery.
                        try await Task.sleep(for: .milliseconds(Int.random(in: 20...3000, using: &random)))
                        #expect(agent.isRunning, "the agent ended by itself")
                        agent.kill()
                        if kill == Self.killCount / 2 {
                            // Nobody is there to see these deletions.
                            try await creation
                            try kubectl.must(["delete", "pods", "--wait=false"] + deleted.map(\.name))
                        }
                        try agent.start()
                    }
                    let ended = try await board.all(Self.podCount, "have succeeded, and no other is there", seconds: 180) {
                        $0.status.phase == .succeeded
                    }
                    uids = ended.map(\.metadata.uid)
                    jobIDs = ended.compactMap(\.jobID)
                    for pod in ended {
                        let lines = folder.lines(of: pod.metadata.name)
                        #expect(lines == [pod.metadata.uid], "\(pod.metadata.name) ran \(lines.count) times")
                        #expect(pod.status.containerStatuses.map(\.restartCount) == [0], "\(pod.metadata.name)")
                    }
                    return kubectl.namespace
                }
                try await Leftovers(cluster: agent.cluster, namespace: namespace, uids: uids).mustVanish()
                let jobs = try slurm.endedJobs(namespace: namespace)
                #expect(Set(jobIDs).count == Self.podCount, "each pod has a job of its own")
                for id in jobIDs { #expect(jobs[id] == ["COMPLETED"], "job \(id)") }
                // Those that were deleted may never have been submitted.
                #expect(jobs.count <= Self.podCount + Self.deletedCount)
                #expect(jobs.values.count { $0.contains("COMPLETED") } == Self.podCount)
                for index in 0..<Self.deletedCount {
                    #expect(folder.lines(of: "deleted-\(index)").count <= 1)
                }
            }
        }

        /// Leaves its UID in a file of its own, then lives for a while.
        private func pod(_ name: String, _ folder: SharedFolder, seconds: Int) -> TestPod {
            TestPod(name, script: "echo $POD_UID >> \(folder.path)/\(name); exec sleep \(seconds)") {
                $0.grace = 1
                $0.mount(hostPath: folder.path)
                $0.container["env"] = [["name": "POD_UID", "valueFrom": ["fieldRef": ["fieldPath": "metadata.uid"]]]]
                $0.container["resources"] = ["requests": ["cpu": "1", "memory": "64Mi"]]
            }
        }
    }
}
