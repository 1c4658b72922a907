import Foundation
import Kubernetes
import Testing

extension ClusterSuite {
    /// Every daemon that the agent depends on goes away and comes back while pods are in flight.
    @Suite struct Outages {
        /// A component of the cluster, and how its outage looks.
        struct Outage: Sendable, CustomTestStringConvertible {
            var component: String
            /// `stop` asks it to end, `kill` is a crash.
            var action: String
            /// Submissions are impossible meanwhile, while the API server answers.
            var stopsSlurm: Bool
            /// libslurm says within seconds that it cannot reach anybody; without munged it goes on trying for most of a minute.
            var isToldAtOnce = false

            var testDescription: String { "\(action) \(component)" }
        }

        static let outages = [
            Outage(component: "slurmctld", action: "stop", stopsSlurm: true, isToldAtOnce: true),
            Outage(component: "munged", action: "kill", stopsSlurm: true),
            Outage(component: "kube-apiserver", action: "kill", stopsSlurm: false),
            Outage(component: "etcd", action: "kill", stopsSlurm: false),
        ]

        @Test("20 pods in flight end right after an outage of", arguments: outages)
        func outage(_ outage: Outage) async throws {
            try await AgentProcess.running { agent in
                let cluster = agent.cluster
                let process = agent.processID
                var uids: [String] = []
                let namespace = try await Kubectl.withNamespace("outage") { kubectl in
                    let board = PodBoard(kubectl)
                    let pods = (0..<18).map { TestPod("job-\($0)", script: "sleep \($0 % 9); exit \($0 % 3)") }
                    try kubectl.create(TestPod.list([TestPod("running", script: "exec sleep 600")] + pods))
                    let running = try await board.running("running")
                    uids = try kubectl.pods().map(\.metadata.uid)

                    try cluster.component(outage.action, outage.component)
                    do {
                        if outage.stopsSlurm {
                            try kubectl.create(TestPod.list([TestPod("late", script: "true")]))
                            uids.append(try kubectl.pod("late").metadata.uid)
                            try kubectl.must("delete", "pod", "running", "--wait=false")
                        }
                        if outage.isToldAtOnce {
                            let late = try await board.pod("late", "shows that Slurm does not answer", seconds: 45) {
                                $0.mainState?.waiting?.reason == "SubmissionWaits"
                            }
                            #expect(late.status.phase == .pending)
                            #expect(late.mainState?.waiting?.message?.isEmpty == false)
                        } else {
                            // Long enough that pods end meanwhile.
                            try await Task.sleep(for: .seconds(5))
                        }
                    } catch {
                        try cluster.component("start", outage.component)
                        throw error
                    }
                    try cluster.component("start", outage.component)

                    if !outage.stopsSlurm { try kubectl.must("delete", "pod", "running", "--wait=false") }
                    try await board.gone("running", seconds: 60)
                    let ended = try await board.all(outage.stopsSlurm ? 19 : 18, "ended", seconds: 90) {
                        [.succeeded, .failed].contains($0.status.phase)
                    }
                    for pod in ended {
                        let number = Int(pod.metadata.name.dropFirst("job-".count)) ?? 0
                        #expect(pod.mainState?.terminated?.exitCode == number % 3, "\(pod.metadata.name): \(PodBoard.summary(of: pod))")
                    }
                    try await kubectl.eventually("the jobs are over", seconds: 20) {
                        try SlurmCommands(cluster: cluster).unfinishedJobs(namespace: kubectl.namespace).isEmpty
                    }
                    try await kubectl.eventually("the node is ready, as before the outage", seconds: 60) {
                        try kubectl.must(
                            "get", "node", "hpk-kubelet", "-o", "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}") == "True"
                    }
                    #expect(agent.isRunning && agent.processID == process, "the agent lived through it")
                    #expect(running.jobID != nil)
                    return kubectl.namespace
                }
                try await Leftovers(cluster: cluster, namespace: namespace, uids: uids).mustVanish()
                let jobs = try SlurmCommands(cluster: cluster).endedJobs(namespace: namespace)
                #expect(jobs.values.allSatisfy { $0.count == 1 }, "no job ended twice: \(jobs)")
                #expect(jobs.count == (outage.stopsSlurm ? 20 : 19))
            }
        }

        @Test("a running pod goes on while the agent is away, and what happened meanwhile is told afterwards")
        func agentAway() async throws {
            try await AgentProcess.running { agent in
                let folder = try SharedFolder(agent.cluster)
                defer { folder.remove() }
                try await Kubectl.withNamespace("away") { kubectl in
                    let board = PodBoard(kubectl)
                    let script =
                        "echo run >> \(folder.path)/runs; while [ ! -e \(folder.path)/go ]; do sleep 0.2; done; rm \(folder.path)/go; "
                        + "[ $(wc -l < \(folder.path)/runs) -ge 2 ] && exit 0; exit 5"
                    try kubectl.create(
                        TestPod.list([
                            TestPod("restarting", script: script) {
                                $0.mount(hostPath: folder.path)
                                $0.spec["restartPolicy"] = "OnFailure"
                            }
                        ]))
                    let before = try await board.running("restarting")
                    agent.stop()
                    try Data().write(to: URL(fileURLWithPath: "\(folder.path)/go"))
                    try await kubectl.eventually("the container runs again without an agent", seconds: 30) {
                        folder.lines(of: "runs").count == 2
                    }
                    try agent.start()
                    let after = try await board.pod("restarting", "has been restarted") {
                        $0.status.containerStatuses.first?.restartCount == 1
                    }
                    #expect(after.jobID == before.jobID)
                    #expect(after.mainState?.running != nil)
                    #expect(after.status.containerStatuses.first?.lastState.terminated?.exitCode == 5)
                    // A frozen agent: the connection stands, but nobody answers.
                    if let process = agent.processID {
                        Foundation.kill(process, SIGSTOP)
                        try Data().write(to: URL(fileURLWithPath: "\(folder.path)/go"))
                        try await Task.sleep(for: .seconds(2))
                        Foundation.kill(process, SIGCONT)
                    }
                    let ended = try await board.ended("restarting")
                    #expect(ended.status.phase == .succeeded)
                    #expect(folder.lines(of: "runs").count == 2)
                }
            }
        }
    }
}
