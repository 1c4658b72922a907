import Foundation
import Testing

@testable import Kubernetes

/// The development cluster, when `HPK_CLUSTER_ENV` names its environment file.
enum LiveCluster {
    static let environment: [String: String]? = {
        guard let path = ProcessInfo.processInfo.environment["HPK_CLUSTER_ENV"],
            let text = try? String(contentsOfFile: path, encoding: .utf8)
        else { return nil }
        var result: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { result[parts[0]] = parts[1].trimmingCharacters(in: CharacterSet(charactersIn: "\"'")) }
        }
        return result
    }()

    static var isThere: Bool { environment != nil }

    static func client() throws -> KubernetesClient {
        let environment = try #require(Self.environment)
        let path = try #require(environment["HPK_ADMIN_KUBECONFIG"] ?? environment["KUBECONFIG"])
        return KubernetesClient(connection: try Kubeconfig.load(path: path).connection(), transport: try HTTPEngine())
    }

    /// Runs the body in a namespace of its own and removes that whatever happens.
    static func withNamespace(_ body: (KubernetesClient, String) async throws -> Void) async throws {
        let client = try client()
        let name = "kube-test-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        try await client.create(Namespace(metadata: ObjectMeta(name: name)))
        let result: Result<Void, any Error>
        do {
            try await body(client, name)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await client.delete(Namespace.self, name)
        try result.get()
    }
}

extension Tag {
    /// Needs the development cluster.
    @Tag static var cluster: Self
}
