import Kubernetes
import Testing

extension ClusterSuite {
    @Suite("--full-resync-period") struct Resync {
        @Test("a status that somebody has written over is written again after the period")
        func overwritten() async throws {
            try await AgentProcess.running(arguments: ["--full-resync-period", "2s"]) { _ in
                try await Kubectl.withNamespace("resync") { kubectl in
                    try kubectl.create(TestPod.list([TestPod("steady", script: "exec sleep 600")]))
                    _ = try await kubectl.running("steady")
                    let administrator = KubernetesClient(
                        connection: try Kubeconfig.load(path: kubectl.cluster["HPK_ADMIN_KUBECONFIG"]).connection(),
                        transport: try HTTPEngine())
                    try await administrator.patch(
                        Pod.self, "steady", namespace: kubectl.namespace, subresource: "status",
                        .merge(["status": ["reason": "NodeLost", "message": "written by somebody else"]]))
                    _ = try await kubectl.wait(for: "steady", "has its own status again", seconds: 20) {
                        $0.status.reason == nil && $0.status.message == nil
                    }
                }
            }
        }
    }
}
