import Kubernetes

/// What the resolver asks the API server.
public protocol PodSourceReader: Sendable {
    /// The object, or nil where the server says that there is none. Every other failure is thrown.
    func configMap(namespace: String, name: String) async throws -> ConfigMap?
    func secret(namespace: String, name: String) async throws -> Secret?
    /// A fresh token of a service account, or nil where there is no such account.
    func token(namespace: String, serviceAccount: String, request: TokenRequest) async throws -> TokenRequest?
}
