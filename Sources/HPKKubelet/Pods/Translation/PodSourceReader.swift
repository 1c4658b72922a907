import Kubernetes

/// What the resolver asks the API server.
public protocol PodSourceReader: Sendable {
    /// The object, or nil where the server says that there is none. Every other failure is thrown.
    func configMap(namespace: String, name: String) async throws -> ConfigMap?
    func secret(namespace: String, name: String) async throws -> Secret?
    /// A fresh token of a service account, or nil where there is no such account.
    func token(namespace: String, serviceAccount: String, request: TokenRequestSpec) async throws -> TokenRequestStatus?
}

extension KubernetesClient: PodSourceReader {
    public func configMap(namespace: String, name: String) async throws -> ConfigMap? {
        try await Self.unlessNotFound { try await get(ConfigMap.self, name, namespace: namespace) }
    }

    public func secret(namespace: String, name: String) async throws -> Secret? {
        try await Self.unlessNotFound { try await get(Secret.self, name, namespace: namespace) }
    }

    public func token(namespace: String, serviceAccount: String, request: TokenRequestSpec) async throws -> TokenRequestStatus? {
        try await Self.unlessNotFound { try await token(serviceAccount: serviceAccount, namespace: namespace, request) }
    }

    private static func unlessNotFound<Value>(_ body: () async throws -> Value) async throws -> Value? {
        do {
            return try await body()
        } catch let error as KubernetesError where error.isNotFound {
            return nil
        }
    }
}
