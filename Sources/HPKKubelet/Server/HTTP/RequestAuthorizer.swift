import NIOSSL

/// Who a client's verified certificate says it is.
public struct ClientIdentity: Sendable, Equatable {
    /// The certificate's common name: Kubernetes' user name.
    public var user: String
    /// The certificate's organisations: Kubernetes' groups.
    public var groups: [String]
    /// Last moment of the certificate's validity, in seconds since the Unix epoch.
    public var notAfter: Int64

    public init(user: String, groups: [String], notAfter: Int64) {
        self.user = user
        self.groups = groups
        self.notAfter = notAfter
    }

    /// Reads a certificate that TLS has verified; nil where it names no user, or several.
    init?(_ certificate: NIOSSLCertificate) {
        guard let bytes = try? certificate.toDERBytes(), let parsed = X509Certificate.read(der: bytes) else { return nil }
        let names = parsed.commonNames
        guard names.count == 1, !names[0].isEmpty else { return nil }
        self.init(user: names[0], groups: parsed.organizations, notAfter: parsed.notAfter)
    }
}

/// What a client wants, in the terms of a SubjectAccessReview (authorization.k8s.io/v1): resource `nodes`, subresource `proxy`.
public struct RequestAttributes: Sendable, Equatable {
    /// `get`, `create`, `update`, `patch` or `delete`, by the request's method.
    public var verb: String
    public var path: String

    public init(verb: String, path: String) {
        self.verb = verb
        self.path = path
    }
}

/// Decides whether a client with a good certificate may do what it asks.
public protocol RequestAuthorizer: Sendable {
    func authorize(_ client: ClientIdentity, _ request: RequestAttributes) async -> Bool
}

/// Lets administrators and the API server in, by name.
///
/// Every node and many users hold a certificate of the cluster's authority; without this any of them could read every pod's logs.
public struct NamedClientAuthorizer: RequestAuthorizer {
    /// Groups that may do everything; default `system:masters`.
    public var groups: Set<String>
    /// Users that may do everything: the name in the API server's `--kubelet-client-certificate`.
    public var users: Set<String>

    public init(groups: Set<String> = ["system:masters"], users: Set<String> = ["kube-apiserver-kubelet-client"]) {
        self.groups = groups
        self.users = users
    }

    public func authorize(_ client: ClientIdentity, _ request: RequestAttributes) async -> Bool {
        users.contains(client.user) || !groups.isDisjoint(with: client.groups)
    }
}
