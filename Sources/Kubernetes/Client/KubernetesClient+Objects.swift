import Foundation
import JSONCoding

extension KubernetesClient {
    /// Reads one object.
    public func get<T: KubernetesResource>(_ type: T.Type, _ name: String, namespace: String? = nil) async throws -> T {
        try await snapshot(type, name, namespace: namespace).value
    }

    /// Reads one object with its bytes.
    public func snapshot<T: KubernetesResource>(_ type: T.Type, _ name: String, namespace: String? = nil) async throws -> Snapshot<T> {
        let request = APIRequest("GET", T.descriptor.path(namespace: namespace, name: name))
        let response = try await send(request)
        return Snapshot(value: try decode(type, response.body, operation: request.label))
    }

    /// Creates an object in its own namespace.
    ///
    /// Not repeated after a lost answer: then the object may be there, and the caller decides by reading it.
    @discardableResult
    public func create<T: KubernetesResource>(_ object: T) async throws -> T {
        let request = try creation(of: object)
        return try decode(T.self, try await send(request).body, operation: request.label)
    }

    /// Creates an object without asking for it back: cheaper when only success counts.
    public func createOnly<T: KubernetesResource>(_ object: T) async throws {
        var request = try creation(of: object)
        request.answer = .metadata
        _ = try await send(request)
    }

    private func creation<T: KubernetesResource>(of object: T) throws -> APIRequest {
        var request = APIRequest("POST", T.descriptor.path(namespace: object.metadata.namespace))
        request.body = try Self.encode(TypedObject(T.descriptor.apiVersion, T.descriptor.kind, object))
        return request
    }

    private static func encode(_ value: some Encodable) throws -> Data { Data(try JSONWriter.encode(value)) }

    /// Patches an object or one of its subresources and returns it as it is then.
    @discardableResult
    public func patch<T: KubernetesResource>(
        _ type: T.Type, _ name: String, namespace: String? = nil, subresource: String? = nil, _ patch: Patch, retry: RetryPolicy? = nil
    ) async throws -> T {
        let request = try patchRequest(T.descriptor, name, namespace: namespace, subresource: subresource, patch, retry: retry)
        return try decode(type, try await send(request).body, operation: request.label)
    }

    /// Patches without asking for the object back: cheaper when only success counts.
    public func patchOnly(
        _ descriptor: ResourceDescriptor, _ name: String, namespace: String? = nil, subresource: String? = nil, _ patch: Patch,
        retry: RetryPolicy? = nil
    ) async throws {
        var request = try patchRequest(descriptor, name, namespace: namespace, subresource: subresource, patch, retry: retry)
        request.answer = .metadata
        _ = try await send(request)
    }

    private func patchRequest(
        _ descriptor: ResourceDescriptor, _ name: String, namespace: String?, subresource: String?, _ patch: Patch, retry: RetryPolicy?
    ) throws -> APIRequest {
        var request = APIRequest("PATCH", descriptor.path(namespace: namespace, name: name, subresource: subresource))
        request.body = try patch.encoded()
        request.contentType = patch.kind.contentType
        request.retry = retry
        switch patch.kind {
        // An operation of RFC 6902 may insert twice.
        case .json: request.isIdempotent = false
        case .merge, .strategic: break
        case .apply(let fieldManager, let force):
            request.query = [("fieldManager", fieldManager), ("force", force ? "true" : "false")]
        }
        return request
    }

    /// Deletes an object.
    ///
    /// A repeat after a lost answer can hit a namesake made in between, so it happens only with a UID among the preconditions; then the
    /// worst is a 404 or 409 for an object that this call itself removed.
    public func delete<T: KubernetesResource>(
        _ type: T.Type, _ name: String, namespace: String? = nil, options: DeleteOptions = DeleteOptions()
    ) async throws {
        var request = APIRequest("DELETE", T.descriptor.path(namespace: namespace, name: name))
        request.body = try Self.encode(TypedObject("v1", "DeleteOptions", options))
        request.isIdempotent = options.preconditions?.uid != nil
        _ = try await send(request)
    }

    /// Binds a pod to a node: 409 when it is bound already.
    public func bind(pod name: String, namespace: String, uid: String? = nil, node: String) async throws {
        let binding = Binding(
            metadata: ObjectMeta(name: name, namespace: namespace, uid: uid ?? ""),
            target: ObjectReference(apiVersion: "v1", kind: "Node", name: node))
        var request = APIRequest("POST", Pod.descriptor.path(namespace: namespace, name: name, subresource: "binding"))
        request.body = try Self.encode(TypedObject("v1", "Binding", binding))
        _ = try await send(request)
    }

    /// Asks for a token of a service account. A repeat only makes another token, so it is safe.
    public func token(serviceAccount name: String, namespace: String, _ spec: TokenRequestSpec) async throws -> TokenRequestStatus {
        var request = APIRequest("POST", ServiceAccount.descriptor.path(namespace: namespace, name: name, subresource: "token"))
        request.body = try Self.encode(TypedObject("authentication.k8s.io/v1", "TokenRequest", TokenRequest(spec: spec)))
        request.isIdempotent = true
        let answer = try decode(TokenRequest.self, try await send(request).body, operation: request.label)
        guard let status = answer.status, !status.token.isEmpty else {
            throw KubernetesError(.unexpectedResponse("the response has no token"), operation: request.label)
        }
        return status
    }

    /// Asks for a pod to go; 429 when its disruption budget does not allow it now.
    ///
    /// - Parameter apiVersion: `policy/v1` from Kubernetes 1.22, before that `policy/v1beta1`.
    public func evict(pod name: String, namespace: String, options: DeleteOptions? = nil, apiVersion: String = "policy/v1") async throws {
        let eviction = Eviction(metadata: ObjectMeta(name: name, namespace: namespace), deleteOptions: options)
        var request = APIRequest("POST", Pod.descriptor.path(namespace: namespace, name: name, subresource: "eviction"))
        request.body = try Self.encode(TypedObject(apiVersion, "Eviction", eviction))
        request.retry = RetryPolicy.none
        _ = try await send(request)
    }

    /// The server's version.
    public func version() async throws -> ServerVersion {
        let request = APIRequest("GET", "/version")
        return try decode(ServerVersion.self, try await send(request).body, operation: request.label)
    }
}

/// Version of an API server (`/version`).
public struct ServerVersion: Sendable, Codable, Equatable {
    /// As `1`.
    public let major: String
    /// As `20` or `20+`.
    public let minor: String
    /// As `v1.20.2`.
    public let gitVersion: String

    /// Major and minor as numbers, for comparing; 0 when they are none.
    public var number: (major: Int, minor: Int) {
        (Int(major.prefix { $0.isNumber }) ?? 0, Int(minor.prefix { $0.isNumber }) ?? 0)
    }
}

/// Adds `apiVersion` and `kind` to a value.
struct TypedObject<Value: Encodable>: Encodable {
    private enum CodingKeys: String, CodingKey {
        case apiVersion, kind
    }

    let apiVersion: String
    let kind: String
    let value: Value

    init(_ apiVersion: String, _ kind: String, _ value: Value) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.value = value
    }

    func encode(to encoder: any Encoder) throws {
        try value.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(apiVersion, forKey: .apiVersion)
        try container.encode(kind, forKey: .kind)
    }
}
