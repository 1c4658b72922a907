import Foundation

/// The credentials of one image pull secret.
public struct DockerConfig: Sendable, Equatable {
    /// The secret cannot be read; the message names no value of it.
    public struct Malformed: Error, Sendable, Equatable, CustomStringConvertible {
        public var description: String
    }

    struct Entry: Sendable, Equatable {
        /// Host labels, the port and the path of the entry's key; a label may hold `*`.
        var labels: [String]
        var port: String?
        var path: String
        var credential: RegistryCredential
    }

    var entries: [Entry]

    /// No credentials.
    public init() { entries = [] }

    /// Reads the value `.dockerconfigjson` of a secret of type `kubernetes.io/dockerconfigjson`.
    public init(dockerConfigJSON data: some Sequence<UInt8>) throws(Malformed) {
        guard let file = try? JSONDecoder().decode(File.self, from: Data(data)) else {
            throw Malformed(description: "the pull secret's .dockerconfigjson is not the JSON of a Docker configuration")
        }
        entries = Self.entries(of: file.auths ?? [:])
    }

    /// Reads the value `.dockercfg` of a secret of type `kubernetes.io/dockercfg`.
    public init(dockerCfg data: some Sequence<UInt8>) throws(Malformed) {
        guard let auths = try? JSONDecoder().decode([String: Auth].self, from: Data(data)) else {
            throw Malformed(description: "the pull secret's .dockercfg is not the JSON of a Docker configuration")
        }
        entries = Self.entries(of: auths)
    }

    /// The credentials that match an image, the most particular first: longest path, then exact hosts before patterns.
    ///
    /// As the kubelet matches (Kubernetes documentation, "Images", interpretation of config.json): each host label may be a pattern, the port
    /// must be the same, and the key's path must be a beginning of the image's.
    public func credentials(host: String, repository: String) -> [RegistryCredential] {
        let (labels, port) = Self.splitHost(host)
        return entries.filter { entry in
            entry.port == port && entry.labels.count == labels.count
                && zip(entry.labels, labels).allSatisfy { Self.matches(pattern: Array($0.utf8)[...], Array($1.utf8)[...]) }
                && (entry.path.isEmpty || repository == entry.path || repository.hasPrefix(entry.path + "/"))
        }.sorted { left, right in
            if left.path.utf8.count != right.path.utf8.count { return left.path.utf8.count > right.path.utf8.count }
            return !left.labels.contains { $0.contains("*") } && right.labels.contains { $0.contains("*") }
        }.map(\.credential)
    }

    private struct File: Decodable { var auths: [String: Auth]? }

    private struct Auth: Decodable {
        var username: String?
        var password: String?
        var auth: String?
        var identitytoken: String?

        var credential: RegistryCredential? {
            if let identitytoken, !identitytoken.isEmpty { return .identityToken(user: username ?? "", token: identitytoken) }
            if let username, let password { return .password(user: username, password: password) }
            guard let auth, let data = Data(base64Encoded: auth.trimmingCharacters(in: .whitespacesAndNewlines)) else { return nil }
            let text = String(decoding: data, as: UTF8.self)
            guard let colon = text.firstIndex(of: ":") else { return nil }
            // Some writers end the password with a NUL, which Docker's own reader drops too.
            let password = text[text.index(after: colon)...].prefix { $0 != "\0" }
            return .password(user: String(text[..<colon]), password: String(password))
        }
    }

    private static func entries(of auths: [String: Auth]) -> [Entry] {
        auths.sorted { $0.key < $1.key }.compactMap { key, auth in
            guard let credential = auth.credential else { return nil }
            var name = key[...]
            for scheme in ["https://", "http://"] where name.hasPrefix(scheme) { name = name.dropFirst(scheme.count) }
            let slash = name.firstIndex(of: "/") ?? name.endIndex
            var path = name[slash...].split(separator: "/").joined(separator: "/")
            // `https://index.docker.io/v1/` is Docker Hub's key in every client.
            for version in ["v1", "v2"] where path == version { path = "" }
            let (labels, port) = splitHost(String(name[..<slash]))
            return labels == [""] ? nil : Entry(labels: labels, port: port, path: path, credential: credential)
        }
    }

    private static func splitHost(_ host: String) -> (labels: [String], port: String?) {
        var name = host[...]
        var port: String?
        if let colon = name.lastIndex(of: ":"), !name[colon...].contains("]") {
            port = String(name[name.index(after: colon)...])
            name = name[..<colon]
        }
        if ["index.docker.io", "registry-1.docker.io"].contains(name) { name = "docker.io" }
        return (name.split(separator: ".", omittingEmptySubsequences: false).map { $0.lowercased() }, port)
    }

    /// `*` stands for any run of characters within one label.
    private static func matches(pattern: ArraySlice<UInt8>, _ label: ArraySlice<UInt8>) -> Bool {
        var pattern = pattern
        var label = label
        var retry: (pattern: ArraySlice<UInt8>, label: ArraySlice<UInt8>)?
        while !label.isEmpty {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                retry = (pattern, label)
            } else if let first = pattern.first, first == label.first {
                pattern = pattern.dropFirst()
                label = label.dropFirst()
            } else if let last = retry {
                pattern = last.pattern
                label = last.label.dropFirst()
                retry = (pattern, label)
            } else {
                return false
            }
        }
        return pattern.allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension DockerConfig: CustomStringConvertible, CustomReflectable {
    public var description: String { "\(entries.count) registry credentials" }
    public var customMirror: Mirror { Mirror(self, children: ["count": entries.count]) }
}
