import Foundation

/// A secret (core/v1).
public struct Secret: KubernetesResource, Equatable {
    /// Group, version, kind, plural and scope in the API.
    public static let descriptor = ResourceDescriptor(
        group: "", version: "v1", kind: "Secret", plural: "secrets", isNamespaced: true)

    /// Name, namespace and the rest.
    public var metadata: ObjectMeta
    /// As `Opaque`, `kubernetes.io/dockerconfigjson`.
    public var type: String?
    /// Values (base64 in JSON).
    public var data: [String: Data]
    /// Text values, write-only.
    public var stringData: [String: String]
    /// Whether it never changes.
    public var immutable: Bool?

    /// Makes the value; everything not given stays unset.
    public init(
        metadata: ObjectMeta = ObjectMeta(),
        type: String? = nil,
        data: [String: Data] = [:],
        stringData: [String: String] = [:],
        immutable: Bool? = nil
    ) {
        self.metadata = metadata
        self.type = type
        self.data = data
        self.stringData = stringData
        self.immutable = immutable
    }
}
