import Foundation
import JSONCoding

/// Names an object of one kind.
public struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Namespace; empty for cluster-wide kinds.
    public let namespace: String
    /// Name.
    public let name: String

    /// Names an object.
    public init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// The key of an object's metadata.
    public init(_ metadata: ObjectMeta) { self.init(namespace: metadata.namespace, name: metadata.name) }

    /// `namespace/name`, or the name alone.
    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    /// By namespace, then name.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}

/// An object as it was at one version. Its bytes are not kept: objects are only ever patched, so what is not modelled stays the server's.
public struct Snapshot<Value: KubernetesResource>: Sendable {
    /// What this module models of the object.
    public let value: Value
    /// Tells whether the part that seldom changes has changed.
    let fingerprint: Fingerprint?

    /// Takes a decoded object.
    public init(value: Value) { self.init(value: value, fingerprint: nil) }

    init(value: Value, fingerprint: Fingerprint?) {
        self.value = value
        self.fingerprint = fingerprint
    }

    /// Decodes the object.
    public init(raw: Data) throws {
        self = try Value.snapshot(of: raw.withUnsafeBytes { try JSONIndex($0) }, known: nil)
    }

    /// Namespace and name.
    public var key: ObjectKey { ObjectKey(value.metadata) }
}

/// An object that the server sent and this module cannot decode.
public struct UndecodableObject: Sendable, Error, CustomStringConvertible {
    /// Namespace and name, when at least these could be read.
    public let key: ObjectKey?
    /// Version, when it could be read.
    public let resourceVersion: String?
    /// What is wrong with it, with the path of the field.
    public let detail: String
    /// The whole object.
    public let raw: Data

    init(raw: Data, error: any Error) {
        struct Identity: Decodable {
            struct Metadata: Decodable {
                let name: String
                let namespace: String
                let resourceVersion: String
            }
            let metadata: Metadata
        }
        self.raw = raw
        detail = Self.describe(error)
        // Not the whole metadata: the broken field may be in there.
        let identity = try? JSONReader.decode(Identity.self, from: raw)
        key = identity.map { ObjectKey(namespace: $0.metadata.namespace, name: $0.metadata.name) }
        resourceVersion = identity?.metadata.resourceVersion
    }

    /// Which object, and what is wrong with it.
    public var description: String { "\(key?.description ?? "an object without a name") cannot be decoded: \(detail)" }

    /// A decoding error in one line: the path of the field and the reason, no contents.
    static func describe(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        let context: DecodingError.Context
        switch error {
        case .typeMismatch(_, let found), .valueNotFound(_, let found), .keyNotFound(_, let found), .dataCorrupted(let found):
            context = found
        @unknown default: return "\(error)"
        }
        let path = context.codingPath.map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)" }.joined()
        return "\(path.isEmpty ? "." : path): \(context.debugDescription)"
    }
}
