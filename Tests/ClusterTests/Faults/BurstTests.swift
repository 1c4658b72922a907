import Foundation
import Kubernetes
import Slurm
import Testing

extension ClusterSuite {
    /// Slurm fails in the middle of a large burst.
    @Suite struct Bursts {
        private static let count = 2000

        @Test(
            "2,000 pods: slurmctld dies, then takes no jobs; none is lost or doubled, each says what it waits for, and Slurm is asked calmly"
        )
        func faults() async throws {
            try await AgentProcess.running { agent in
                let slurm = SlurmCommands(cluster: agent.cluster)
                let namespace = try await Kubectl.withNamespace("storm") { kubectl in
                    let board = PodBoard(kubectl)
                    let pods = (0..<Self.count).map { TestPod("p-\($0)", flags: "--hold", script: "true") }
                    async let creation: Void = kubectl.create(TestPod.list(pods))
                    try await kubectl.eventually("the burst goes on", seconds: 60) {
                        try slurm.jobs(namespace: kubectl.namespace).count >= 100
                    }
                    try await Self.whileDead(agent.cluster) { try await Self.someWait(board) }
                    // A partition that is drained refuses all submissions, as a controller in maintenance does.
                    try slurm.setPartition("main", "DRAIN")
                    let drained = await Result { try await Self.someWait(board) }
                    try slurm.setPartition("main", "UP")
                    try drained.get()
                    try await creation
                    let queued = try await board.all(Self.count, "wait in Slurm's queue", seconds: 180) {
                        $0.pendingReason == "JobHeldUser"
                    }
                    let ids = Set(queued.compactMap(\.jobID))
                    #expect(ids.count == Self.count)
                    #expect(Set(try slurm.unfinishedJobs(namespace: kubectl.namespace).map(\.id)) == ids, "no job but the pods'")
                    return kubectl.namespace
                }
                try await Leftovers(cluster: agent.cluster, namespace: namespace, uids: []).mustVanish(seconds: 90)
            }
        }

        /// Kills slurmctld for the time of a body, and counts who asks for it meanwhile.
        private static func whileDead(_ cluster: ClusterEnvironment, _ body: () async throws -> Void) async throws {
            let port = try #require(UInt16(cluster["HPK_SLURMCTLD_PORT"]))
            try cluster.component("kill", "slurmctld")
            let result: Result<Double, any Error>
            do {
                let counter = try ConnectionCounter(address: "\(cluster["HPK_HOSTS_NETWORK"]).1", port: port)
                defer { counter.stop() }
                let began = ContinuousClock.now
                result = await Result {
                    try await body()
                    // The calls that were under way have been given up by then, and what is counted is the pace of new ones.
                    let before = (counter.count, ContinuousClock.now)
                    try await Task.sleep(for: .seconds(10))
                    let rate = Double(counter.count - before.0) / ((ContinuousClock.now - before.1) / .seconds(1))
                    print(
                        "\(counter.count) connections in \((ContinuousClock.now - began) / .seconds(1)) s without slurmctld, then \(rate)/s"
                    )
                    return rate
                }
            }
            try cluster.component("start", "slurmctld")
            #expect(try result.get() <= 5)
        }

        /// Waits until a pod tells that its job cannot be submitted.
        private static func someWait(_ board: PodBoard) async throws {
            try await board.any("tells that its submission waits", seconds: 60) { $0.mainState?.waiting?.reason == "SubmissionWaits" }
        }
    }
}

extension SlurmCommands {
    fileprivate func setPartition(_ name: String, _ state: String) throws {
        _ = try run("scontrol", "update", "PartitionName=\(name)", "State=\(state)")
    }
}
