import Foundation
import Kubernetes
import Slurm
import Testing

extension ClusterSuite {
    /// Pods that are ready together go to Slurm as job arrays, and each is as exact as if it had gone alone.
    @Suite struct Gathering {
        /// Stops slurmctld for a while, so that what it is asked meanwhile waits, as for a busy one.
        private static func whileSlurmIsBusy(_ cluster: ClusterEnvironment, _ body: () async throws -> Void) async throws {
            let text = try String(contentsOfFile: "\(cluster["HPK_RUN_DIR"])/slurmctld.pid", encoding: .utf8)
            let process = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            Foundation.kill(process, SIGSTOP)
            defer { Foundation.kill(process, SIGCONT) }
            try await body()
            // Shorter than MessageTimeout, so that no call is given up.
            try await Task.sleep(for: .seconds(7))
        }

        @Test("200 pods of one shape, and some of another among them, run once each in few submissions")
        func burst() async throws {
            try await AgentProcess.running { agent in
                let folder = try SharedFolder(agent.cluster)
                defer { folder.remove() }
                var uids: [String] = []
                let namespace = try await Kubectl.withNamespace("gather") { kubectl in
                    let board = PodBoard(kubectl)
                    let pods = (0..<200).map { Self.pod("web-\($0)", folder) }
                    let others = (0..<10).map { number in
                        Self.pod("other-\(number)", folder) { $0.container["resources"] = ["requests": ["cpu": "2", "memory": "64Mi"]] }
                    }
                    try await Self.whileSlurmIsBusy(agent.cluster) { try kubectl.create(TestPod.list(pods + others)) }
                    let ended = try await board.all(210, "have succeeded", seconds: 240) { $0.status.phase == .succeeded }
                    uids = ended.map(\.metadata.uid)
                    for pod in ended { #expect(folder.lines(of: pod.metadata.name) == [pod.metadata.uid]) }
                    let ids = ended.compactMap { $0.jobID.flatMap { JobID($0) } }
                    #expect(Set(ids).count == 210)
                    let submissions = Set(ids.map(\.rawValue)).count
                    print("210 pods went in \(submissions) submissions")
                    #expect(submissions <= 105)
                    return kubectl.namespace
                }
                try await Leftovers(cluster: agent.cluster, namespace: namespace, uids: uids).mustVanish()
                try await Self.mustVanish(agent.cluster)
            }
        }

        @Test("An agent that is killed in the middle of a burst finds every task again; half of the pods are deleted, the others stay")
        func killed() async throws {
            try await AgentProcess.running { agent in
                let slurm = SlurmCommands(cluster: agent.cluster)
                let namespace = try await Kubectl.withNamespace("gatherkill") { kubectl in
                    let board = PodBoard(kubectl)
                    let pods = (0..<200).map { TestPod("later-\($0)", flags: "--hold", script: "true") }
                    async let creation: Void = kubectl.create(TestPod.list(pods))
                    for _ in 0..<3 {
                        let before = try slurm.jobs(namespace: kubectl.namespace).count
                        try await kubectl.eventually("the burst goes on") {
                            try slurm.jobs(namespace: kubectl.namespace).count > before || before == 200
                        }
                        agent.kill()
                        try agent.start()
                    }
                    try await creation
                    let waiting = try await board.all(200, "wait in Slurm's queue", seconds: 120) { $0.pendingReason == "JobHeldUser" }
                    let ids = Set(waiting.compactMap(\.jobID))
                    #expect(ids.count == 200)
                    #expect(Set(try slurm.unfinishedJobs(namespace: kubectl.namespace).map(\.id)) == ids, "no job but the pods'")

                    let half = waiting.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
                    try kubectl.must(["delete", "pods", "--wait=false"] + half.map(\.metadata.name))
                    let left = try await board.all(100, "are left", seconds: 60) { $0.metadata.deletionTimestamp == nil }
                    #expect(Set(try slurm.unfinishedJobs(namespace: kubectl.namespace).map(\.id)) == Set(left.compactMap(\.jobID)))
                    // Somebody else's cancellation of one task that waits is told of that pod alone.
                    let victim = try #require(left.first)
                    _ = try slurm.run("scancel", try #require(victim.jobID))
                    let failed = try await board.ended(victim.metadata.name)
                    #expect(failed.status.reason == "SlurmJobCancelled")
                    _ = try await board.all(100, "wait but for one", seconds: 60) {
                        $0.pendingReason == "JobHeldUser" || $0.metadata.name == victim.metadata.name
                    }
                    return kubectl.namespace
                }
                try await Leftovers(cluster: agent.cluster, namespace: namespace, uids: []).mustVanish()
                try await Self.mustVanish(agent.cluster)
            }
        }

        @Test("When slurmctld is full in the middle of a burst, the rest says what it waits for, and goes when there is room")
        func full() async throws {
            let cluster = try ClusterEnvironment.required()
            let path = cluster["SLURM_CONF"]
            let configuration = try String(contentsOfFile: path, encoding: .utf8)
            let small = configuration.replacing("MaxJobCount=100000", with: "MaxJobCount=60")
                .replacing("MinJobAge=120", with: "MinJobAge=2").replacing("MaxArraySize=10001", with: "MaxArraySize=50")
            #expect(small != configuration)
            // Jobs of earlier tests would take the room.
            try cluster.component("stop", "slurmctld")
            try small.write(toFile: path, atomically: false, encoding: .utf8)
            try cluster.component("start", "slurmctld")
            let result = await Result { try await self.burstIntoFull() }
            try cluster.component("stop", "slurmctld")
            try configuration.write(toFile: path, atomically: false, encoding: .utf8)
            try cluster.component("start", "slurmctld")
            try result.get()
        }

        private func burstIntoFull() async throws {
            try await AgentProcess.running { agent in
                let slurm = SlurmCommands(cluster: agent.cluster)
                try await Kubectl.withNamespace("full") { kubectl in
                    let board = PodBoard(kubectl)
                    try await kubectl.eventually("Slurm has forgotten the jobs of earlier tests", seconds: 180) {
                        try slurm.run("squeue", "--noheader", "--states=all").isEmpty
                    }
                    try kubectl.create(TestPod.list((0..<110).map { TestPod("many-\($0)", flags: "--hold", script: "true") }))
                    let pods = try await board.all(110, "are in Slurm's queue or told to wait", seconds: 120) {
                        $0.pendingReason == "JobHeldUser" || $0.mainState?.waiting?.reason == "SubmissionWaits"
                    }
                    let queued = pods.filter { $0.jobID != nil }
                    let waiting = pods.filter { $0.jobID == nil }
                    #expect((50...60).contains(queued.count), "\(queued.count) of 60 were taken")
                    #expect(waiting.allSatisfy { $0.mainState?.waiting?.message?.contains("MaxJobCount") == true })
                    let one = try #require(waiting.first)
                    // The events of a hundred pods take their time.
                    try await kubectl.eventually("the pod's event says what it waits for") {
                        try kubectl.eventReasons(of: one.metadata.name).contains("SubmissionWaits")
                    }
                    let told = try kubectl.eventReasons(of: one.metadata.name).count { $0 == "SubmissionWaits" }
                    #expect(told == 1, "once, not for each try")
                    #expect(try slurm.unfinishedJobs(namespace: kubectl.namespace).count == queued.count)

                    try kubectl.must(["delete", "pods", "--wait=false"] + queued.map(\.metadata.name) + [one.metadata.name])
                    let rest = waiting.count - 1
                    let taken = try await board.all(rest, "have a job now", seconds: 240) { $0.pendingReason == "JobHeldUser" }
                    #expect(Set(taken.compactMap(\.jobID)) == Set(try slurm.unfinishedJobs(namespace: kubectl.namespace).map(\.id)))
                }
            }
        }

        @Test("With gathering switched off every pod has a plain job")
        func off() async throws {
            try await AgentProcess.running(arguments: ["--disable-gathering"]) { agent in
                try await Kubectl.withNamespace("apart") { kubectl in
                    let board = PodBoard(kubectl)
                    try kubectl.create(TestPod.list((0..<20).map { TestPod("single-\($0)", script: "true") }))
                    let ended = try await board.all(20, "have succeeded", seconds: 120) { $0.status.phase == .succeeded }
                    let ids = ended.compactMap { $0.jobID.flatMap { JobID($0) } }
                    #expect(Set(ids).count == 20)
                    #expect(ids.allSatisfy { $0.task == nil })
                }
            }
        }

        /// Waits until no batch file is left.
        private static func mustVanish(_ cluster: ClusterEnvironment) async throws {
            let folder = "\(cluster.home)/.hpk/batches"
            var left = ["all"]
            for _ in 0..<60 where !left.isEmpty {
                left = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
                if !left.isEmpty { try await Task.sleep(for: .milliseconds(300)) }
            }
            #expect(left.isEmpty, "batch files are left")
        }

        /// Leaves its UID in a file of its own.
        private static func pod(_ name: String, _ folder: SharedFolder, _ change: (inout TestPod) -> Void = { _ in }) -> TestPod {
            TestPod(name, script: "echo $POD_UID >> \(folder.path)/\(name)") {
                $0.mount(hostPath: folder.path)
                $0.container["env"] = [["name": "POD_UID", "valueFrom": ["fieldRef": ["fieldPath": "metadata.uid"]]]]
                $0.container["resources"] = ["requests": ["cpu": "1", "memory": "64Mi"]]
                change(&$0)
            }
        }
    }
}
