import Foundation

/// One request to the API server.
public struct APIRequest: Sendable {
    /// HTTP method.
    public var method: String
    /// Path from the server's root, already percent-encoded, without query.
    public var path: String
    /// Query, in order; encoded when sent.
    public var query: [(name: String, value: String)]
    /// Body.
    public var body: Data?
    /// Content-Type of the body.
    public var contentType: String
    /// How much of the object the server is to send back.
    public var answer = Answer.object
    /// Most time for one attempt.
    public var timeout: Duration = .seconds(30)
    /// Whether the request may be handled twice without harm.
    public var isIdempotent: Bool
    /// When to try again; the client's policy when nil.
    public var retry: RetryPolicy?

    /// A request that may be repeated unless it is a POST.
    public init(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [], body: Data? = nil,
        contentType: String = "application/json"
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.contentType = contentType
        isIdempotent = method != "POST"
    }

    /// How much of an object a response holds.
    public enum Answer: Sendable, Hashable {
        case object
        /// Name and version, but neither spec nor status. A server that cannot do that sends the object.
        case metadata

        var mediaTypes: String {
            switch self {
            case .object: "application/json"
            case .metadata: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json"
            }
        }
    }

    /// What is tried, for errors and logs: no query, no body.
    public var label: String { "\(method) \(path)" }

    /// Path and query as they go into the URL.
    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\(Self.escape($0.name))=\(Self.escape($0.value))" }.joined(separator: "&")
    }

    /// Escapes everything but RFC 3986's unreserved characters, so that no name can leave its place in the path.
    static func escape(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "."):
                result.unicodeScalars.append(UnicodeScalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        // A segment of only dots would be taken for "here" or "up" by whoever normalises the path.
        return result == "." || result == ".." ? result.replacingOccurrences(of: ".", with: "%2E") : result
    }
}

extension ResourceDescriptor {
    /// The path of an object, of all objects in a namespace, or of all objects.
    public func path(namespace: String? = nil, name: String? = nil, subresource: String? = nil) -> String {
        var parts = group.isEmpty ? ["api", version] : ["apis", group, version]
        if isNamespaced, let namespace, !namespace.isEmpty { parts += ["namespaces", namespace] }
        parts.append(plural)
        if let name { parts.append(name) }
        if let subresource { parts.append(subresource) }
        return "/" + parts.map(APIRequest.escape).joined(separator: "/")
    }
}

/// Which objects of a kind are meant.
public struct Selection: Sendable, Equatable {
    /// Namespace; nil for all.
    public var namespace: String?
    /// Label selector, as `app=web,tier!=db`.
    public var labels: String?
    /// Field selector, as `spec.nodeName=n1`.
    public var fields: String?

    /// All objects, or fewer.
    public init(namespace: String? = nil, labels: String? = nil, fields: String? = nil) {
        self.namespace = namespace
        self.labels = labels
        self.fields = fields
    }

    var query: [(name: String, value: String)] {
        [("labelSelector", labels), ("fieldSelector", fields)].compactMap { name, value in value.map { (name: name, value: $0) } }
    }
}
