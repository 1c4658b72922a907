import Foundation

extension Kubeconfig {
    /// The connection that a context describes; the current one when no name is given. Files that it names are read now.
    public func connection(context name: String? = nil) throws -> ClusterConnection {
        guard let name = name ?? currentContext else {
            throw KubeconfigError(source: source, detail: "current-context is not set: set it, or name a context")
        }
        guard let context = contexts[name] else {
            let known = contexts.keys.sorted().joined(separator: ", ")
            throw KubeconfigError(
                source: source, context: name, detail: "there is no such context (there are: \(known.isEmpty ? "none" : known))")
        }
        func fail(_ file: String, _ detail: String) -> KubeconfigError { KubeconfigError(source: file, context: name, detail: detail) }
        guard let clusterName = context.cluster else { throw fail(context.origin, "contexts: cluster is missing") }
        guard let cluster = clusters[clusterName] else {
            throw fail(context.origin, "contexts: there is no cluster \(clusterName.debugDescription)")
        }
        let user: User
        if let userName = context.user {
            guard let found = users[userName] else { throw fail(context.origin, "contexts: there is no user \(userName.debugDescription)") }
            user = found
        } else {
            user = User(origin: context.origin)
        }
        do {
            let tls = try Self.tls(cluster, user)
            let server = try Self.server(cluster)
            return ClusterConnection(
                server: server, tls: tls, authentication: try Self.authentication(user, server: server, tls: tls), proxy: cluster.proxy,
                namespace: context.namespace, origin: "context \(name) of \(source)")
        } catch let error as KeyError {
            throw fail(error.isUser ? user.origin : cluster.origin, "\(error.key): \(error.detail)")
        }
    }

    /// A key whose value is of no use.
    private struct KeyError: Error {
        let isUser: Bool
        let key: String
        let detail: String
    }

    private static func server(_ cluster: Cluster) throws -> String {
        guard let server = cluster.server else { throw KeyError(isUser: false, key: "server", detail: "is missing") }
        guard let url = URL(string: server), let scheme = url.scheme?.lowercased(), scheme == "https" || scheme == "http",
            url.host?.isEmpty == false, url.query == nil, url.fragment == nil
        else {
            throw KeyError(isUser: false, key: "server", detail: "\(server.debugDescription) is not an http or https URL")
        }
        return server
    }

    private static func tls(_ cluster: Cluster, _ user: User) throws -> TLSSettings {
        let authority = try pem(
            (cluster.certificateAuthorityData, "certificate-authority-data"), (cluster.certificateAuthority, "certificate-authority"),
            isUser: false)
        if cluster.skipsVerification, authority != nil {
            throw KeyError(isUser: false, key: "insecure-skip-tls-verify", detail: "contradicts certificate-authority")
        }
        let certificate = try pem(
            (user.clientCertificateData, "client-certificate-data"), (user.clientCertificate, "client-certificate"), isUser: true)
        let key = try pem((user.clientKeyData, "client-key-data"), (user.clientKey, "client-key"), isUser: true)
        if certificate != nil, key == nil { throw KeyError(isUser: true, key: "client-key", detail: "is missing beside the certificate") }
        if certificate == nil, key != nil { throw KeyError(isUser: true, key: "client-certificate", detail: "is missing beside the key") }
        return TLSSettings(
            certificateAuthority: authority, clientCertificate: certificate, clientKey: key, serverName: cluster.tlsServerName,
            skipsVerification: cluster.skipsVerification)
    }

    /// PEM from a `-data` key, which wins, or from the file. The contents never appear in an error.
    private static func pem(_ data: (String?, String), _ file: (String?, String), isUser: Bool) throws -> Data? {
        let key: String
        let bytes: Data
        if let text = data.0 {
            key = data.1
            guard let decoded = Data(base64Encoded: text, options: .ignoreUnknownCharacters), !decoded.isEmpty else {
                throw KeyError(isUser: isUser, key: key, detail: "is not base64")
            }
            bytes = decoded
        } else if let path = file.0 {
            key = file.1
            do {
                bytes = try SmallFile.read(path, limit: 4 << 20)
            } catch {
                throw KeyError(isUser: isUser, key: key, detail: "\(error)")
            }
        } else {
            return nil
        }
        guard bytes.range(of: Data("-----BEGIN ".utf8)) != nil else { throw KeyError(isUser: isUser, key: key, detail: "is not PEM") }
        return bytes
    }

    private static func authentication(_ user: User, server: String, tls: TLSSettings) throws -> Authentication {
        if let method = user.unsupported { throw KeyError(isUser: true, key: method, detail: "is not supported; use exec or a token") }
        let text = { (value: String, key: String) throws -> String in
            guard value.utf8.allSatisfy(HTTPSyntax.isFieldByte) else {
                throw KeyError(isUser: true, key: key, detail: "has a control character")
            }
            return value
        }
        // kubectl's order: a token file wins over a token, both over the rest.
        if let path = user.tokenFile { return .tokenFile(path) }
        if let token = user.token { return .token(try text(token, "token")) }
        if let username = user.username { return .basic(username: username, password: user.password ?? "") }
        if var plugin = user.exec {
            plugin.cluster = ExecPlugin.ClusterInfo(server: server, tls: tls)
            return .plugin(plugin)
        }
        return .none
    }
}

extension ClusterConnection {
    /// Finds the connection as kubectl does: the file given, else KUBECONFIG, else `~/.kube/config`, else the pod we run in.
    ///
    /// - Parameters:
    ///   - path: What `--kubeconfig` says.
    ///   - context: What `--context` says.
    ///   - environment: Environment of the process.
    public static func discover(path: String?, context: String?, environment: [String: String]) throws -> ClusterConnection {
        if let path { return try Kubeconfig.load(path: path).connection(context: context) }
        if let list = environment["KUBECONFIG"], !list.isEmpty { return try Kubeconfig.load(list: list).connection(context: context) }
        if let home = environment["HOME"], FileManager.default.fileExists(atPath: "\(home)/.kube/config") {
            return try Kubeconfig.load(path: "\(home)/.kube/config").connection(context: context)
        }
        return try inCluster(environment: environment)
    }

    /// The connection of a pod's service account: address in the environment, token and authority in mounted files.
    public static func inCluster(
        environment: [String: String], folder: String = "/var/run/secrets/kubernetes.io/serviceaccount"
    ) throws -> ClusterConnection {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], let port = environment["KUBERNETES_SERVICE_PORT"], !host.isEmpty,
            !port.isEmpty
        else {
            throw KubeconfigError(
                source: "(none)", detail: "no file given, KUBECONFIG is not set, ~/.kube/config is not there, and this is not a pod")
        }
        do {
            let authority = try SmallFile.read("\(folder)/ca.crt", limit: 4 << 20)
            let namespace = try? String(decoding: SmallFile.read("\(folder)/namespace", limit: 4096), as: UTF8.self)
            // Read once now, so that a missing token shows at the start.
            _ = try SmallFile.read("\(folder)/token", limit: 1 << 20)
            return ClusterConnection(
                server: "https://\(host.contains(":") ? "[\(host)]" : host):\(port)", tls: TLSSettings(certificateAuthority: authority),
                authentication: .tokenFile("\(folder)/token"), namespace: namespace?.trimmingCharacters(in: .whitespacesAndNewlines),
                origin: "service account of this pod")
        } catch let error as SmallFile.Failure {
            throw KubeconfigError(source: "(service account of this pod)", detail: "\(error)")
        }
    }
}
