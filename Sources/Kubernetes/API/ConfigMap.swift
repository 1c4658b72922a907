import Foundation

/// A config map (core/v1).
public struct ConfigMap: KubernetesResource, Equatable {
    /// Group, version, kind, plural and scope in the API.
    public static let descriptor = ResourceDescriptor(
        group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)

    /// Name, namespace and the rest.
    public var metadata: ObjectMeta
    /// Text values.
    public var data: [String: String]
    /// Byte values (base64 in JSON).
    public var binaryData: [String: Data]
    /// Whether it never changes.
    public var immutable: Bool?

    /// Makes the value; everything not given stays unset.
    public init(
        metadata: ObjectMeta = ObjectMeta(),
        data: [String: String] = [:],
        binaryData: [String: Data] = [:],
        immutable: Bool? = nil
    ) {
        self.metadata = metadata
        self.data = data
        self.binaryData = binaryData
        self.immutable = immutable
    }
}
