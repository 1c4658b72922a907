import Foundation
import Kubernetes
import Synchronization

/// A namespace for a benchmark's objects, with the requests that the benchmark itself makes counted.
public final class BenchNamespace: Sendable {
    /// Its name.
    public let name: String
    /// How the API server is reached.
    public let client: KubernetesClient
    private let requests = Mutex(0)

    /// Requests that went through this value so far.
    public var requestCount: Int { requests.withLock { $0 } }

    /// Makes a namespace for the time of the body; with it goes all that is in it.
    public static func with<T>(_ client: KubernetesClient, _ body: (BenchNamespace) async throws -> T) async throws -> T {
        let namespace = BenchNamespace(name: "hpk-bench-\(String(UInt32.random(in: .min ... .max), radix: 16))", client: client)
        try await client.create(Namespace(metadata: ObjectMeta(name: namespace.name)))
        do {
            // Pods are refused until the namespace has its service account.
            for _ in 0..<200 {
                if (try? await client.get(ServiceAccount.self, "default", namespace: namespace.name)) != nil { break }
                try await Task.sleep(for: .milliseconds(50))
            }
            let value = try await body(namespace)
            await namespace.remove()
            return value
        } catch {
            await namespace.remove()
            throw error
        }
    }

    private init(name: String, client: KubernetesClient) {
        self.name = name
        self.client = client
    }

    private func remove() async {
        try? await client.delete(Namespace.self, name)
        // Its pods end by the agent, so the agent must not be stopped before.
        for _ in 0..<300 {
            do {
                _ = try await client.get(Namespace.self, name)
            } catch let error as KubernetesError where error.isNotFound {
                return
            } catch {}
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Sends a request below the namespace, such as `POST` to `/api/v1`, `pods`.
    @discardableResult
    public func send(
        _ method: String, _ group: String, _ resource: String, _ body: JSONValue? = nil, contentType: String = "application/json"
    ) async throws -> Data {
        requests.withLock { $0 += 1 }
        let data = try body.map { try JSONEncoder().encode($0) }
        var request = APIRequest(method, "\(group)/namespaces/\(name)/\(resource)", body: data, contentType: contentType)
        request.timeout = .seconds(60)
        return try await client.send(request).body
    }

    /// Creates a bare pod.
    public func createPod(_ manifest: JSONValue) async throws { try await send("POST", "/api/v1", "pods", manifest) }

    /// Deletes a pod as `kubectl delete` does.
    public func deletePod(_ name: String) async throws { try await send("DELETE", "/api/v1", "pods/\(name)") }
}
