import Foundation
import Kubernetes
import Logging

/// Finds the API server and which cluster it serves.
enum ClusterAccess {
    /// The connection that the configuration means.
    ///
    /// - Throws: ``StartupFailure``.
    static func connection(_ configuration: KubeletConfiguration) throws -> ClusterConnection {
        do {
            if let files = configuration.kubeconfig { return try Kubeconfig.load(list: files).connection(context: configuration.context) }
            return try ClusterConnection.discover(
                path: nil, context: configuration.context, environment: ProcessInfo.processInfo.environment)
        } catch {
            throw StartupFailure(.configuration, problem: "\(error)", advice: "Correct the kubeconfig, or name another with --kubeconfig.")
        }
    }

    /// The address of this host from which the API server is reached: where nothing else is known, it is reached back there.
    static func ownAddress(toward connection: ClusterConnection) -> String {
        let server = URL(string: connection.server)
        return HostAddress.toward(host: server?.host ?? "localhost", port: UInt16(clamping: server?.port ?? 443)) ?? "127.0.0.1"
    }

    /// The cluster's own identity: the UID of its namespace `kube-system`, which outlives every restart and names no two clusters.
    ///
    /// - Parameter timeout: how long the API server may stay away; zero waits for ever.
    static func identity(_ client: KubernetesClient, timeout: Duration, logger: Logger) async throws -> String {
        let deadline = timeout == .zero ? nil : ContinuousClock.now + timeout
        var failures = 0
        while true {
            do {
                return try await client.get(Namespace.self, "kube-system").metadata.uid
            } catch let error as KubernetesError {
                failures += 1
                let isOver = deadline.map { ContinuousClock.now >= $0 } ?? false
                guard error.isRetryable || error.isNotFound, !isOver else {
                    throw StartupFailure(
                        .unavailable, problem: "the API server at \(client.connection.server) cannot be used: \(error)",
                        advice: "`hpk-kubelet doctor` looks at the API server and the user's rights.")
                }
                logger.warning("the API server does not answer; trying again", metadata: ["error": "\(error)"])
                try await Task.sleep(for: PodStatusWriter.backoff(failures: failures))
            }
        }
    }
}
