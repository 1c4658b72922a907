import Kubernetes

/// ``NodeObjects`` on a real API server.
public struct KubernetesNodeObjects: NodeObjects {
    private let client: KubernetesClient

    /// Uses this client.
    public init(client: KubernetesClient) {
        self.client = client
    }

    public func node(_ name: String) async throws -> Node? {
        try await unlessGone { try await client.get(Node.self, name) }
    }

    public func create(_ node: Node) async throws -> Bool {
        try await unlessTaken { try await client.create(node) }
    }

    public func patch(node name: String, _ patch: Patch) async throws -> Bool {
        try await unlessGoneOrChanged { try await client.patch(Node.self, name, patch) } != nil
    }

    public func patchStatus(node name: String, _ patch: Patch) async throws -> Bool {
        try await unlessGoneOrChanged { try await client.patch(Node.self, name, subresource: "status", patch) } != nil
    }

    public func lease(_ name: String) async throws -> Lease? {
        try await unlessGone { try await client.get(Lease.self, name, namespace: LeaseBody.namespace) }
    }

    public func create(_ lease: Lease) async throws -> Bool {
        try await unlessTaken { try await client.create(lease) }
    }

    public func patch(lease name: String, _ patch: Patch) async throws -> Lease? {
        try await unlessGoneOrChanged { try await client.patch(Lease.self, name, namespace: LeaseBody.namespace, patch) }
    }

    private func unlessGone<Value>(_ body: () async throws -> Value) async throws -> Value? {
        do {
            return try await body()
        } catch let error as KubernetesError where error.isNotFound {
            return nil
        }
    }

    private func unlessGoneOrChanged<Value>(_ body: () async throws -> Value) async throws -> Value? {
        do {
            return try await body()
        } catch let error as KubernetesError where error.isNotFound || error.isConflict {
            return nil
        }
    }

    private func unlessTaken<Value>(_ body: () async throws -> Value) async throws -> Bool {
        do {
            _ = try await body()
            return true
        } catch let error as KubernetesError where error.isAlreadyExists {
            return false
        }
    }
}
