import Foundation
import Kubernetes
import Testing

extension ClusterSuite {
    /// Every end that a real Slurm gives a job, and what `kubectl` shows of it. `BOOT_FAIL` needs nodes that Slurm powers up; its row is a
    /// unit test's (`JobOutcome`).
    @Suite struct SlurmEnds {
        @Test("every end that Slurm gives a job is told by phase, reason, message, container state, annotation and events")
        func everyEnd() async throws {
            try await AgentProcess.running { agent in
                try await Kubectl.withNamespace("ends") { kubectl in
                    let scene = EndScene(kubectl)
                    let folder = try SharedFolder(agent.cluster)
                    defer { folder.remove() }
                    let rows = EndScenario.all(folder: folder.path)
                    try kubectl.create(try TestPod.list(rows.map(\.pod)))
                    await withTaskGroup(of: Void.self) { group in
                        for row in rows {
                            group.addTask {
                                do {
                                    try await row.provoke(scene, row.pod.name)
                                    // Slurm's own last word may come a moment after the supervisor's.
                                    let pod = try await scene.board.pod(row.pod.name, "ended as \(row.end.jobState)", seconds: 120) {
                                        [.succeeded, .failed].contains($0.status.phase) && $0.jobState == row.end.jobState
                                    }
                                    row.end.check(pod, try kubectl.events())
                                } catch {
                                    Issue.record(error, "\(row.pod.name)")
                                }
                            }
                        }
                    }
                    #expect(agent.isRunning)
                }
            }
        }
    }
}

/// What the scenarios share.
struct EndScene: Sendable {
    let kubectl: Kubectl
    let board: PodBoard
    let slurm: SlurmCommands

    init(_ kubectl: Kubectl) {
        self.kubectl = kubectl
        board = PodBoard(kubectl)
        slurm = SlurmCommands(cluster: kubectl.cluster)
    }

    /// The pod's job, once it has one.
    func job(of name: String) async throws -> String {
        try await board.pod(name, "has a job") { $0.jobID != nil }.jobID ?? ""
    }

    /// The pod's job, once its container runs.
    func runningJob(of name: String) async throws -> String {
        _ = try await board.running(name)
        return try await job(of: name)
    }

    /// Waits until the pod shows that its job waits for this reason.
    func pending(_ name: String, _ reason: String) async throws {
        let pod = try await board.pod(name, "waits for \(reason)") { $0.pendingReason == reason }
        #expect(pod.status.phase == .pending)
        #expect(pod.mainState?.waiting?.reason == "SlurmPending")
        #expect(pod.mainState?.waiting?.message?.contains(reason) == true)
    }
}
