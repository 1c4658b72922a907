import Foundation

/// How we say who we are, as a kubeconfig puts it.
public enum Authentication: Sendable, Equatable, CustomStringConvertible {
    /// By client certificate, or not at all.
    case none
    /// A fixed bearer token.
    case token(String)
    /// A bearer token in a file that somebody renews.
    case tokenFile(String)
    /// HTTP basic authentication.
    case basic(username: String, password: String)
    /// A program that gives a token or a certificate.
    case plugin(ExecPlugin)

    /// The method, no secret.
    public var description: String {
        switch self {
        case .none: "client certificate or none"
        case .token: "token"
        case .tokenFile(let path): "token file \(path)"
        case .basic(let username, _): "basic as \(username)"
        case .plugin(let plugin): "plugin \(plugin.command)"
        }
    }
}

/// What goes with one request.
public struct Credential: Sendable, Equatable {
    /// Value of the Authorization field.
    public var authorization: String?
    /// Client certificate, PEM, instead of the connection's.
    public var clientCertificate: Data?
    /// Its key, PEM.
    public var clientKey: Data?
    /// When it ends.
    public var expiration: Date?

    /// Makes a credential.
    public init(authorization: String? = nil, clientCertificate: Data? = nil, clientKey: Data? = nil, expiration: Date? = nil) {
        self.authorization = authorization
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.expiration = expiration
    }
}

/// Gives the credential that is good now, and gets a new one when that ends or is refused.
actor CredentialSource {
    private let authentication: Authentication
    private let time: TimeSource
    private let runPlugin: @Sendable (ExecPlugin) async throws -> Credential
    private var cached: Credential?
    private var checkedAt: Duration?
    private var pending: Task<Credential, any Error>?

    init(
        _ authentication: Authentication, time: TimeSource,
        runPlugin: @escaping @Sendable (ExecPlugin) async throws -> Credential = { try await $0.run() }
    ) {
        self.authentication = authentication
        self.time = time
        self.runPlugin = runPlugin
    }

    /// Whether a refused credential can be followed by another.
    nonisolated var canRenew: Bool {
        switch authentication {
        case .none, .token, .basic: false
        case .tokenFile, .plugin: true
        }
    }

    nonisolated func current() async throws -> Credential {
        switch authentication {
        case .none: return Credential()
        case .token(let token): return Credential(authorization: "Bearer \(token)")
        case .basic(let username, let password):
            return Credential(authorization: "Basic " + Data("\(username):\(password)".utf8).base64EncodedString())
        case .tokenFile(let path): return try await fromFile(path)
        case .plugin(let plugin): return try await fromPlugin(plugin)
        }
    }

    /// Forgets a credential that the server refused.
    func refuse(_ credential: Credential) {
        guard cached == credential else { return }
        cached = nil
        checkedAt = nil
    }

    /// Kubernetes renews mounted tokens well before they end, so a look every 10 s is enough.
    private func fromFile(_ path: String) throws -> Credential {
        if let cached, let checkedAt, time.uptime() - checkedAt < .seconds(10) { return cached }
        let text = try String(decoding: SmallFile.read(path, limit: 1 << 20), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty else { throw SmallFile.Failure(path: path, detail: "the token file is empty") }
        let credential = Credential(authorization: "Bearer \(text)")
        cached = credential
        checkedAt = time.uptime()
        return credential
    }

    private func fromPlugin(_ plugin: ExecPlugin) async throws -> Credential {
        if let cached {
            guard let expiration = cached.expiration else { return cached }
            if expiration.timeIntervalSince(time.now()) > 10 { return cached }
        }
        // One run for all requests that wait.
        let task = pending ?? Task { try await runPlugin(plugin) }
        pending = task
        let result = await task.result
        if pending == task { pending = nil }
        let credential = try result.get()
        cached = credential
        return credential
    }
}

/// Reads files that a person names in a configuration.
enum SmallFile {
    struct Failure: Error, Equatable, CustomStringConvertible {
        let path: String
        let detail: String
        var description: String { "\(path): \(detail)" }
    }

    /// The whole file, at most `limit` bytes.
    static func read(_ path: String, limit: Int) throws -> Data {
        guard !path.utf8.contains(0) else { throw Failure(path: path.debugDescription, detail: "the path has a NUL") }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw Failure(path: path, detail: "cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { try? handle.close() }
        let data: Data
        do {
            data = try handle.read(upToCount: limit + 1) ?? Data()
        } catch {
            throw Failure(path: path, detail: "cannot be read: \(error)")
        }
        guard data.count <= limit else { throw Failure(path: path, detail: "is larger than \(limit) bytes") }
        return data
    }
}
