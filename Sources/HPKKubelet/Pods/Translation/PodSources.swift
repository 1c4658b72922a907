import Kubernetes

/// The fetched values of a pod's references. What is not here does not exist in the API.
///
/// Holds secrets: the textual forms show names only.
public struct PodSources: Sendable, Equatable {
    public var configMaps: [String: ConfigMap]
    public var secrets: [String: Secret]
    public var tokens: [TokenKey: IssuedToken]

    public init(configMaps: [String: ConfigMap] = [:], secrets: [String: Secret] = [:], tokens: [TokenKey: IssuedToken] = [:]) {
        self.configMaps = configMaps
        self.secrets = secrets
        self.tokens = tokens
    }
}

/// A service account's token as the API server issued it. Its textual forms leave the token out.
public struct IssuedToken: Sendable, Equatable {
    /// The token itself.
    public var token: String
    /// When it ends.
    public var expires: Timestamp
    /// Seconds of validity from its issue on.
    public var expirationSeconds: Int

    public init(token: String, expires: Timestamp, expirationSeconds: Int) {
        self.token = token
        self.expires = expires
        self.expirationSeconds = expirationSeconds
    }
}

extension PodSources: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "PodSources(configMaps: \(configMaps.keys.sorted()), secrets: \(secrets.keys.sorted()), tokens: \(tokens.count))"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension IssuedToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "IssuedToken(expires: \(expires))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["expires": expires]) }
}
