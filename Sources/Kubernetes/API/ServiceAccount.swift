/// A service account (core/v1).
public struct ServiceAccount: KubernetesResource, Equatable {
    /// Group, version, kind, plural and scope in the API.
    public static let descriptor = ResourceDescriptor(
        group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts", isNamespaced: true)

    /// Name, namespace and the rest.
    public var metadata: ObjectMeta
    /// Secrets its pods may use.
    public var secrets: [ObjectReference]
    /// Registry credentials its pods get.
    public var imagePullSecrets: [LocalObjectReference]
    /// Whether pods get a token unless they say otherwise.
    public var automountServiceAccountToken: Bool?

    /// Makes the value; everything not given stays unset.
    public init(
        metadata: ObjectMeta = ObjectMeta(),
        secrets: [ObjectReference] = [],
        imagePullSecrets: [LocalObjectReference] = [],
        automountServiceAccountToken: Bool? = nil
    ) {
        self.metadata = metadata
        self.secrets = secrets
        self.imagePullSecrets = imagePullSecrets
        self.automountServiceAccountToken = automountServiceAccountToken
    }
}

/// Asks for a token of a service account (authentication.k8s.io/v1, subresource `token`).
public struct TokenRequest: Codable, Sendable, Equatable {
    /// Name and namespace of the service account.
    public var metadata: ObjectMeta
    /// What is asked for.
    public var spec: TokenRequestSpec
    /// The token.
    public var status: TokenRequestStatus?

    /// Makes the value; everything not given stays unset.
    public init(
        metadata: ObjectMeta = ObjectMeta(),
        spec: TokenRequestSpec = TokenRequestSpec(),
        status: TokenRequestStatus? = nil
    ) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }
}

/// What token is asked for.
public struct TokenRequestSpec: Codable, Sendable, Equatable {
    /// Who the token is for; the API server when empty.
    public var audiences: [String]
    /// Seconds of validity, at least 600.
    public var expirationSeconds: Int?
    /// Object whose end ends the token too.
    public var boundObjectRef: BoundObjectReference?

    /// Makes the value; everything not given stays unset.
    public init(
        audiences: [String] = [],
        expirationSeconds: Int? = nil,
        boundObjectRef: BoundObjectReference? = nil
    ) {
        self.audiences = audiences
        self.expirationSeconds = expirationSeconds
        self.boundObjectRef = boundObjectRef
    }
}

/// Object whose end ends a token.
public struct BoundObjectReference: Codable, Sendable, Equatable {
    /// `Pod`, `Secret` or `Node`.
    public var kind: String?
    /// Group and version.
    public var apiVersion: String?
    /// Name.
    public var name: String?
    /// UID.
    public var uid: String?

    /// Makes the value; everything not given stays unset.
    public init(
        kind: String? = nil,
        apiVersion: String? = nil,
        name: String? = nil,
        uid: String? = nil
    ) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.name = name
        self.uid = uid
    }
}

/// A token.
public struct TokenRequestStatus: Codable, Sendable, Equatable {
    /// The token itself: never log it.
    public var token: String
    /// When it ends.
    public var expirationTimestamp: Timestamp?

    /// Makes the value; everything not given stays unset.
    public init(
        token: String = "",
        expirationTimestamp: Timestamp? = nil
    ) {
        self.token = token
        self.expirationTimestamp = expirationTimestamp
    }
}

extension TokenRequestSpec: AbsentValue {
    static var absent: TokenRequestSpec { TokenRequestSpec() }
}
