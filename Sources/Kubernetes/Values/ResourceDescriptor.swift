import JSONCoding

/// Where a kind lives in the API.
public struct ResourceDescriptor: Sendable, Hashable {
    /// API group; empty for the core group.
    public let group: String
    /// API version, as `v1`.
    public let version: String
    /// Kind, as `Pod`.
    public let kind: String
    /// Name in paths, as `pods`.
    public let plural: String
    /// Whether objects live in a namespace.
    public let isNamespaced: Bool

    /// Names a kind.
    public init(group: String, version: String, kind: String, plural: String, isNamespaced: Bool) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.isNamespaced = isNamespaced
    }

    /// The `apiVersion` field: `v1` or `group/version`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
}

/// An object of the API that this module can read, write and watch.
///
/// `apiVersion` and `kind` are not stored: they follow from the type, and the client adds them where the server wants them.
public protocol KubernetesResource: Codable, Sendable {
    /// Where the kind lives in the API.
    static var descriptor: ResourceDescriptor { get }
    /// Name, namespace, UID and the rest.
    var metadata: ObjectMeta { get set }
    /// Decodes an object.
    ///
    /// - Parameter known: the object as it was, if it was known: what has not changed may be taken from there.
    static func snapshot(of json: JSONIndex, known: Snapshot<Self>?) throws -> Snapshot<Self>
}

extension KubernetesResource {
    /// Decodes all of the object.
    public static func snapshot(of json: JSONIndex, known: Snapshot<Self>?) throws -> Snapshot<Self> {
        Snapshot(value: try json.decode(Self.self))
    }
}
