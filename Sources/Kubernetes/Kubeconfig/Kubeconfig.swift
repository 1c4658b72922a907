import Foundation

/// One kubeconfig, or several merged: clusters, users and contexts by name.
///
/// Merged as kubectl does: the first file that has a name wins, and the first file that has a current context sets it.
public struct Kubeconfig: Sendable {
    /// How to reach a cluster.
    struct Cluster: Sendable, Equatable {
        var server: String?
        var tlsServerName: String?
        var skipsVerification = false
        var certificateAuthority: String?
        var certificateAuthorityData: String?
        var proxy: String?
        var origin: String
    }

    /// Who we are.
    struct User: Sendable, Equatable {
        var clientCertificate: String?
        var clientCertificateData: String?
        var clientKey: String?
        var clientKeyData: String?
        var token: String?
        var tokenFile: String?
        var username: String?
        var password: String?
        var exec: ExecPlugin?
        /// A method that this program does not know, as `auth-provider`.
        var unsupported: String?
        var origin: String
    }

    /// A cluster, a user and a namespace.
    struct Context: Sendable, Equatable {
        var cluster: String?
        var user: String?
        var namespace: String?
        var origin: String
    }

    private(set) var clusters: [String: Cluster] = [:]
    private(set) var users: [String: User] = [:]
    private(set) var contexts: [String: Context] = [:]
    private(set) var currentContext: String?
    let source: String

    /// Reads one file, which must be there.
    public static func load(path: String) throws -> Kubeconfig {
        let data: Data
        do {
            data = try SmallFile.read(path, limit: 4 << 20)
        } catch let error as SmallFile.Failure {
            throw KubeconfigError(source: path, detail: error.detail)
        }
        return try Kubeconfig(data, path: path)
    }

    /// Reads the files of a list as in the KUBECONFIG variable, separated by colons. Missing ones are passed over, but not all of them.
    public static func load(list: String) throws -> Kubeconfig {
        let paths = list.split(separator: ":").map(String.init)
        var merged: Kubeconfig?
        for path in paths where paths.count == 1 || FileManager.default.fileExists(atPath: path) {
            let next = try load(path: path)
            merged = merged.map { $0.merged(with: next, source: list) } ?? next
        }
        guard let merged else { throw KubeconfigError(source: list, detail: "none of the files is there") }
        return merged
    }

    /// Reads the bytes of one file; relative paths in it start at its folder.
    public init(_ data: Data, path: String) throws {
        source = path
        do {
            try read(try YAMLFields(try YAMLParser.parse(data), path: ""), path: path)
        } catch let error as YAMLError {
            throw KubeconfigError(source: path, detail: "\(error)")
        }
    }

    private init(source: String) { self.source = source }

    func merged(with other: Kubeconfig, source: String) -> Kubeconfig {
        var result = Kubeconfig(source: source)
        result.clusters = clusters.merging(other.clusters) { first, _ in first }
        result.users = users.merging(other.users) { first, _ in first }
        result.contexts = contexts.merging(other.contexts) { first, _ in first }
        result.currentContext = currentContext ?? other.currentContext
        return result
    }

    private mutating func read(_ top: YAMLFields, path: String) throws {
        if let kind = try top.string("kind"), kind != "Config" {
            throw YAMLError(detail: "kind is \(kind.debugDescription), not Config", line: 0)
        }
        currentContext = try top.string("current-context")
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        for entry in try top.mappings("clusters") {
            try Self.insert(try Self.cluster(try entry.fields("cluster"), folder, path), entry, into: &clusters)
        }
        for entry in try top.mappings("users") {
            try Self.insert(try Self.user(try entry.fields("user"), folder, path), entry, into: &users)
        }
        for entry in try top.mappings("contexts") {
            let fields = try entry.fields("context")
            let context = Context(
                cluster: try fields.string("cluster"), user: try fields.string("user"), namespace: try fields.string("namespace"),
                origin: path)
            try Self.insert(context, entry, into: &contexts)
        }
    }

    private static func insert<T>(_ value: T, _ entry: YAMLFields, into table: inout [String: T]) throws {
        guard let name = try entry.string("name") else { throw YAMLError(detail: "\(entry.name("name")) is missing", line: 0) }
        // kubectl takes the last of two entries with one name; here it is a mistake of whoever edited the file.
        guard table.updateValue(value, forKey: name) == nil else {
            throw YAMLError(detail: "\(entry.name("name")): \(name.debugDescription) is given twice", line: 0)
        }
    }

    private static func absolute(_ path: String?, _ folder: String) -> String? {
        path.map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
    }

    private static func cluster(_ fields: YAMLFields, _ folder: String, _ path: String) throws -> Cluster {
        Cluster(
            server: try fields.string("server"), tlsServerName: try fields.string("tls-server-name"),
            skipsVerification: try fields.bool("insecure-skip-tls-verify") ?? false,
            certificateAuthority: absolute(try fields.string("certificate-authority"), folder),
            certificateAuthorityData: try fields.string("certificate-authority-data"), proxy: try fields.string("proxy-url"), origin: path)
    }

    private static func user(_ fields: YAMLFields, _ folder: String, _ path: String) throws -> User {
        var user = User(origin: path)
        user.clientCertificate = absolute(try fields.string("client-certificate"), folder)
        user.clientCertificateData = try fields.string("client-certificate-data")
        user.clientKey = absolute(try fields.string("client-key"), folder)
        user.clientKeyData = try fields.string("client-key-data")
        user.token = try fields.string("token")
        user.tokenFile = absolute(try fields.string("tokenFile"), folder)
        user.username = try fields.string("username")
        user.password = try fields.string("password")
        user.unsupported = ["auth-provider", "as", "as-groups", "as-uid", "as-user-extra"].first { fields.has($0) }
        if fields.has("exec") { user.exec = try ExecPlugin(try fields.fields("exec"), folder: folder) }
        return user
    }
}
