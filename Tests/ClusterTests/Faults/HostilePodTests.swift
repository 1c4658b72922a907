import Foundation
import Kubernetes
import Testing

extension ClusterSuite {
    /// Bad input through the API: each pod ends with a clear reason in its right place, and the agent goes on.
    @Suite struct HostilePods {
        @Test("hostile and malformed pods are refused or fail with a clear reason, and none of their text becomes a command")
        func all() async throws {
            try await AgentProcess.running { agent in
                let process = agent.processID
                let folder = try SharedFolder(agent.cluster)
                defer { folder.remove() }
                try await Kubectl.withNamespace("hostile") { kubectl in
                    let board = PodBoard(kubectl)
                    let rows = HostilePod.all(canary: "\(folder.path)/canary")
                    await withTaskGroup(of: Void.self) { group in
                        for row in rows {
                            group.addTask {
                                do { try await self.check(row, kubectl, board) } catch { Issue.record(error, "\(row.pod.name)") }
                            }
                        }
                    }
                    #expect(folder.files.isEmpty, "text of a pod was run as a command")
                    #expect(agent.isRunning && agent.processID == process, "the agent lived through all of it")
                    try kubectl.create(TestPod.list([TestPod("afterwards", script: "true")]))
                    #expect(try await board.ended("afterwards").status.phase == .succeeded)
                }
            }
        }

        private func check(_ row: HostilePod, _ kubectl: Kubectl, _ board: PodBoard) async throws {
            let name = row.pod.name
            let created = try kubectl.run("create", "--validate=false", "-f", "-", input: TestPod.list([row.pod]))
            if case .refused = row.fate {
                #expect(created.status != 0, "the API server refuses \(name)")
                return
            }
            guard created.status == 0 else { throw CommandFailure(command: "kubectl create \(name)", result: created) }
            switch row.fate {
            case .refused: break
            case .fails(let reason, let text):
                let pod = try await board.ended(name)
                #expect(pod.status.phase == .failed, "\(name): \(PodBoard.summary(of: pod))")
                #expect(pod.status.reason == reason, "\(name): \(PodBoard.summary(of: pod))")
                #expect(text.isEmpty || pod.status.message?.contains(text) == true, "\(name): \(PodBoard.summary(of: pod))")
                #expect(reason == nil || pod.status.message?.isEmpty == false, "\(name) says why")
            case .waits(let reason, let text):
                let pod = try await board.pod(name, "waits for \(reason)") { $0.mainState?.waiting?.reason == reason }
                #expect(pod.status.phase == .pending, "\(name): \(PodBoard.summary(of: pod))")
                let messages = try kubectl.events().filter { $0.pod == name && $0.reason != "Scheduled" }.map(\.message)
                #expect(messages.contains { text.isEmpty || $0.contains(text) }, "\(name) has the events \(messages)")
            case .unschedulable(let text):
                let pod = try await board.pod(name, "is not scheduled") { pod in
                    pod.status.conditions.contains { $0.type == "PodScheduled" && $0.status == .false && $0.reason == "Unschedulable" }
                }
                #expect(pod.spec.nodeName.isEmpty)
                let messages = try kubectl.events().filter { $0.pod == name && $0.reason == "FailedScheduling" }.map(\.message)
                #expect(messages.contains { $0.contains(text) }, "\(name) has the events \(messages)")
            case .succeeds(let log):
                let pod = try await board.ended(name)
                #expect(pod.status.phase == .succeeded, "\(name): \(PodBoard.summary(of: pod))")
                guard let log else { return }
                let seen = try kubectl.must("logs", name)
                #expect(seen == log, "\(name) wrote \(seen.debugDescription), expected \(log.debugDescription)")
            }
        }
    }
}
