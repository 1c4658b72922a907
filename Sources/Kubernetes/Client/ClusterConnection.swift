import Foundation

/// Where an API server is and how to talk to it.
public struct ClusterConnection: Sendable, CustomStringConvertible {
    /// URL without a slash at the end.
    public var server: String
    /// Verification and client certificate.
    public var tls: TLSSettings
    /// How we say who we are.
    public var authentication: Authentication
    /// Proxy URL; the environment's when nil.
    public var proxy: String?
    /// Namespace that the context names.
    public var namespace: String?
    /// Where this comes from, as `context x of /path`, for messages.
    public var origin: String

    /// Describes a connection.
    public init(
        server: String, tls: TLSSettings = TLSSettings(), authentication: Authentication = .none, proxy: String? = nil,
        namespace: String? = nil, origin: String = ""
    ) {
        self.server = String(server.reversed().drop { $0 == "/" }.reversed())
        self.tls = tls
        self.authentication = authentication
        self.proxy = proxy
        self.namespace = namespace
        self.origin = origin
    }

    /// Server and methods, no secrets.
    public var description: String { "\(server) (\(origin); \(authentication); \(tls))" }
}
