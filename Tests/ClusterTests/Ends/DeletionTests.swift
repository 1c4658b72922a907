import Foundation
import Kubernetes
import Testing

extension ClusterSuite {
    /// `kubectl delete` in every state of a pod.
    @Suite struct Deletions {
        @Test("a deletion ends the pod as it asks for, in every state, and leaves no job, folder or process")
        func everyState() async throws {
            let silent = try SilentServer()
            try await AgentProcess.running(arguments: ["--insecure-registry", silent.address]) { agent in
                let folder = try SharedFolder(agent.cluster)
                defer { folder.remove() }
                var uids: [String] = []
                let namespace = try await Kubectl.withNamespace("delete") { kubectl in
                    let board = PodBoard(kubectl)
                    let rows = Self.rows(folder: folder.path, silent: silent.address)
                    try kubectl.create(TestPod.list(rows.map(\.pod) + Self.bystanders))
                    let created = try kubectl.pods()
                    uids = created.map(\.metadata.uid)
                    let removed = created.filter { pod in !Self.bystanders.contains { $0.name == pod.metadata.name } }.map(\.metadata.uid)
                    await withTaskGroup(of: Void.self) { group in
                        for row in rows {
                            group.addTask {
                                do { try await self.delete(row, kubectl, board, folder) } catch { Issue.record(error, "\(row.pod.name)") }
                            }
                        }
                    }
                    try await kubectl.eventually("nothing is left on the node's own disk, also without a grace period", seconds: 10) {
                        try FileManager.default.contentsOfDirectory(atPath: "/tmp").allSatisfy { name in
                            !removed.contains { name.hasPrefix("hpk-pod-\($0)") }
                        }
                    }
                    for pod in Self.bystanders { _ = try await board.running(pod.name) }
                    // The namespace's deletion ends the bystanders.
                    return kubectl.namespace
                }
                try await Leftovers(cluster: agent.cluster, namespace: namespace, uids: uids).mustVanish(seconds: 15)
                #expect(
                    folder.lines(of: "heeds") == ["ready", "asked", "ended"], "TERM came, and KILL did not come before the grace was over")
                #expect(agent.isRunning)
            }
        }

        private func delete(_ row: Row, _ kubectl: Kubectl, _ board: PodBoard, _ folder: SharedFolder) async throws {
            let name = row.pod.name
            _ = try await board.pod(name, "is to be deleted") { row.isReady($0, folder) }
            let clock = ContinuousClock()
            let began = clock.now
            try kubectl.must(["delete", "pod", name, "--wait=false"] + row.options)
            try await board.gone(name, seconds: row.seconds.upperBound)
            let took = (clock.now - began) / .seconds(1)
            #expect(row.seconds.contains(took), "\(name) was gone after \(took) s")
        }

        /// Live at the end, with init containers, several containers, and a child that ignores TERM.
        private static let bystanders = [
            TestPod("two-containers") {
                $0.spec["containers"] = [
                    ["name": "one", "image": "busybox:1.35", "command": ["sleep", "600"]],
                    ["name": "two", "image": "busybox:1.35", "command": ["sh", "-c", "trap '' TERM; sleep 600 & wait; wait"]],
                ]
            },
            TestPod("many-processes", script: "for i in 1 2 3 4 5; do (trap '' TERM; sleep 600) & done; wait"),
        ]

        struct Row: Sendable {
            var pod: TestPod
            /// Options of `kubectl delete`.
            var options: [String] = []
            /// How long the object may stay after the deletion.
            var seconds: ClosedRange<Double>
            var isReady: @Sendable (Pod, SharedFolder) -> Bool = { pod, _ in pod.mainState?.running != nil }
        }

        private static func rows(folder: String, silent: String) -> [Row] {
            let heeds =
                "trap 'echo asked >> \(folder)/heeds; sleep 2; echo ended >> \(folder)/heeds; exit 0' TERM; echo ready >> \(folder)/heeds; "
                + "while :; do sleep 0.2; done"
            return [
                Row(
                    pod: TestPod("heeds-term", script: heeds) {
                        $0.grace = 20
                        $0.mount(hostPath: folder)
                    }, seconds: 2...15
                ) { _, folder in folder.lines(of: "heeds") == ["ready"] },
                Row(
                    pod: TestPod("ignores-term", script: "trap '' TERM; while :; do sleep 0.2; done") { $0.grace = 3 }, seconds: 3...12),
                Row(
                    pod: TestPod("shorter-grace", script: "trap '' TERM; while :; do sleep 0.2; done") { $0.grace = 600 },
                    options: ["--grace-period=2"], seconds: 2...11),
                Row(
                    pod: TestPod("at-once", script: "trap '' TERM; while :; do sleep 0.2; done") { $0.grace = 600 },
                    options: ["--grace-period=1"], seconds: 0...10),
                Row(
                    pod: TestPod("forced", script: "trap '' TERM; while :; do sleep 0.2; done") { $0.grace = 600 },
                    options: ["--grace-period=0", "--force"], seconds: 0...5),
                Row(pod: TestPod("in-queue", flags: "--begin=now+3600", script: "true") { $0.grace = 600 }, seconds: 0...10) { pod, _ in
                    pod.pendingReason == "BeginTime"
                },
                Row(
                    pod: TestPod("in-init", script: "true") {
                        $0.spec["initContainers"] = [["name": "first", "image": "busybox:1.35", "command": ["sleep", "600"]]]
                    }, seconds: 0...10
                ) { pod, _ in pod.status.initContainerStatuses.first?.state.running != nil },
                Row(
                    pod: TestPod("while-pulling", script: "true") {
                        $0.grace = 600
                        $0.container["image"] = .string("\(silent)/never:1")
                    }, seconds: 0...10
                ) { pod, _ in pod.mainState?.waiting != nil },
                Row(pod: TestPod("already-over", script: "true") { $0.grace = 600 }, seconds: 0...5) { pod, _ in
                    pod.status.phase == .succeeded
                },
            ]
        }
    }
}

/// Takes connections on loopback and never says a word.
struct SilentServer: ~Copyable, Sendable {
    private let descriptor: Int32
    let address: String

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let port: UInt16? = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard bind(descriptor, generic, length) == 0, listen(descriptor, 16) == 0, getsockname(descriptor, generic, &length) == 0
                else {
                    return nil
                }
                return UInt16(bigEndian: pointer.pointee.sin_port)
            }
        }
        guard let port else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        address = "127.0.0.1:\(port)"
    }

    deinit { close(descriptor) }
}
