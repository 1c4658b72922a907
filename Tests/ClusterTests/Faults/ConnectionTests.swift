import Foundation
import Kubernetes
import Testing

extension ClusterSuite {
    /// Supervisors and agent cannot speak for a while; pods write, restart, end, begin and are deleted meanwhile.
    @Suite struct Connections {
        enum Fault: String, Sendable, CaseIterable, CustomTestStringConvertible {
            /// The connection is reset, and nobody listens for a while.
            case refused
            /// The connection stands, but nothing comes through it any more; both sides have to find out by their pings.
            case forgotten
            /// The agent does not run for 20 s: SIGSTOP.
            case frozen
            /// The agent is killed and started 20 s later.
            case killed

            var testDescription: String { rawValue }
            /// Whether the agent works, so that what it learns without the connection can be seen while the fault lasts.
            var agentWorks: Bool { self == .refused || self == .forgotten }
        }

        private static let lines = 200

        @Test("each pod has one job, the true status and every line of its log, though the connection is", arguments: Fault.allCases)
        func fault(_ fault: Fault) async throws {
            let home = try ClusterEnvironment.required().home
            let relay = try Relay {
                let text = try? String(contentsOfFile: "\(home)/.hpk/agent/port", encoding: .utf8)
                return text.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
            }
            defer { relay.stop() }
            try await AgentProcess.running(arguments: ["--supervisor-address", "127.0.0.1:\(relay.port)"]) { agent in
                let folder = try SharedFolder(agent.cluster)
                defer { folder.remove() }
                var uids: [String] = []
                let namespace = try await Kubectl.withNamespace("cut") { kubectl in
                    let board = PodBoard(kubectl)
                    try kubectl.create(TestPod.list(pods(folder)))
                    for name in ["writes", "ends", "restarts", "deleted"] { _ = try await board.running(name) }

                    #expect(relay.relayed >= 4, "the supervisors go by the relay")
                    let began = ContinuousClock.now
                    try begin(fault, relay, agent)
                    try kubectl.create(
                        TestPod.list([late("late", folder, needsToken: false), late("late-token", folder, needsToken: true)]))
                    uids = try kubectl.pods().map(\.metadata.uid)
                    try Data().write(to: URL(fileURLWithPath: "\(folder.path)/go"))
                    try kubectl.must("delete", "pod", "deleted", "--wait=false")
                    if fault.agentWorks {
                        let ended = try await board.ended("ends", seconds: 40)
                        #expect(ended.mainState?.terminated?.exitCode == 3)
                        try await board.gone("deleted", seconds: 40)
                        // The agent's own search for dead peers takes 50 s, and its look at the journals 3 s more.
                        try await board.pod("restarts", "has been restarted", seconds: 80) {
                            $0.status.containerStatuses.first?.restartCount == 1
                        }
                        let late = try await board.ended("late", seconds: 40)
                        #expect(late.status.phase == .succeeded)
                    } else {
                        try await Task.sleep(until: began + .seconds(20))
                        #expect(folder.lines(of: "restarts").count == 2, "the container restarted without an agent")
                    }
                    try end(fault, relay, agent)

                    try await board.gone("deleted", seconds: 40)
                    try Data().write(to: URL(fileURLWithPath: "\(folder.path)/over"))
                    let pods = try await board.all(5, "ended", seconds: 90) { [.succeeded, .failed].contains($0.status.phase) }
                    let byName = Dictionary(uniqueKeysWithValues: pods.map { ($0.metadata.name, $0) })
                    for (name, code) in ["writes": 0, "ends": 3, "restarts": 0, "late": 0, "late-token": 0] {
                        let pod = try #require(byName[name])
                        #expect(pod.mainState?.terminated?.exitCode == code, "\(name): \(PodBoard.summary(of: pod))")
                        #expect(pod.status.phase == (code == 0 ? .succeeded : .failed), "\(name)")
                        #expect(pod.status.containerStatuses.map(\.restartCount) == [name == "restarts" ? 1 : 0], "\(name)")
                        #expect(folder.lines(of: name).count == (name == "restarts" ? 2 : 1), "runs of \(name)")
                    }
                    #expect(byName["restarts"]?.status.containerStatuses.first?.lastState.terminated?.exitCode == 5)
                    let written = try kubectl.must("logs", "writes").split(separator: "\n").map(String.init)
                    #expect(written == (1...Self.lines).map { "line \($0)" }, "\(written.count) lines")
                    return kubectl.namespace
                }
                try await Leftovers(cluster: agent.cluster, namespace: namespace, uids: uids).mustVanish()
                let jobs = try SlurmCommands(cluster: agent.cluster).endedJobs(namespace: namespace)
                #expect(jobs.count == 6, "\(jobs.keys.sorted())")
                #expect(jobs.values.allSatisfy { $0.count == 1 }, "no pod has two jobs: \(jobs)")
            }
        }

        private func begin(_ fault: Fault, _ relay: Relay, _ agent: AgentProcess) throws {
            switch fault {
            case .refused: relay.set(.refusing)
            case .forgotten: relay.set(.forgetful)
            case .frozen: Foundation.kill(try #require(agent.processID), SIGSTOP)
            case .killed: agent.kill()
            }
        }

        private func end(_ fault: Fault, _ relay: Relay, _ agent: AgentProcess) throws {
            switch fault {
            case .refused, .forgotten: relay.set(.open)
            case .frozen: Foundation.kill(try #require(agent.processID), SIGCONT)
            case .killed: try agent.start()
            }
        }

        private func pods(_ folder: SharedFolder) -> [TestPod] {
            let run = { (name: String) in "echo run >> \(folder.path)/\(name); " }
            let wait = { (file: String) in "while [ ! -e \(folder.path)/\(file) ]; do sleep 0.1; done; " }
            let again = "[ $(wc -l < \(folder.path)/restarts) -ge 2 ] && { \(wait("over")) exit 0; }; "
            return [
                TestPod("writes", script: run("writes") + "for i in $(seq \(Self.lines)); do echo line $i; sleep 0.1; done") {
                    $0.mount(hostPath: folder.path)
                },
                TestPod("ends", script: run("ends") + wait("go") + "exit 3") { $0.mount(hostPath: folder.path) },
                TestPod("restarts", script: run("restarts") + again + wait("go") + "exit 5") {
                    $0.mount(hostPath: folder.path)
                    $0.spec["restartPolicy"] = "OnFailure"
                },
                TestPod("deleted", script: run("deleted") + "exec sleep 600") { $0.mount(hostPath: folder.path) },
            ]
        }

        /// Created while the fault lasts: with a token it has to wait for the connection, without one it does not.
        private func late(_ name: String, _ folder: SharedFolder, needsToken: Bool) -> TestPod {
            TestPod(name, script: "echo run >> \(folder.path)/\(name)") {
                $0.mount(hostPath: folder.path)
                $0.spec["automountServiceAccountToken"] = .bool(needsToken)
            }
        }
    }
}
