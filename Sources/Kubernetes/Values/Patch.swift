import Foundation
import JSONCoding

/// A change to an object. Objects are only ever patched, never replaced, so fields that this module does not model are kept.
public struct Patch: Sendable, Equatable {
    /// How the server reads the body.
    public enum Kind: Sendable, Hashable {
        /// RFC 7386: null removes a key, a list replaces a list.
        case merge
        /// Kubernetes' own: some lists are merged by key (`conditions` by type), others replaced (`containerStatuses`).
        case strategic
        /// RFC 6902: a list of operations.
        case json
        /// Server-side apply under a field manager; `force` takes fields over from others.
        case apply(fieldManager: String, force: Bool)

        /// The Content-Type of the body.
        public var contentType: String {
            switch self {
            case .merge: "application/merge-patch+json"
            case .strategic: "application/strategic-merge-patch+json"
            case .json: "application/json-patch+json"
            case .apply: "application/apply-patch+yaml"
            }
        }
    }

    /// How the server reads the body.
    public let kind: Kind
    private let content: Content

    private enum Content: Sendable, Equatable {
        case value(JSONValue)
        case encoded([UInt8])
    }

    /// The body, JSON.
    public var body: JSONValue {
        switch content {
        case .value(let value): value
        // What was written by an encoder can be read.
        case .encoded(let bytes): (try? JSONReader.decode(JSONValue.self, from: bytes)) ?? .null
        }
    }

    /// Takes kind and body as they are.
    public init(_ kind: Kind, _ body: JSONValue) {
        self.kind = kind
        content = .value(body)
    }

    /// Takes a body that is some value's JSON, without the way over a tree.
    public init(_ kind: Kind, encoding body: some Encodable) throws {
        self.kind = kind
        content = .encoded(try JSONWriter.encode(body))
    }

    /// A merge patch (RFC 7386).
    public static func merge(_ body: JSONValue) -> Patch { Patch(.merge, body) }

    /// A strategic merge patch.
    public static func strategic(_ body: JSONValue) -> Patch { Patch(.strategic, body) }

    /// A strategic merge patch of an object's status.
    ///
    /// - Parameters:
    ///   - status: The whole status: `containerStatuses` replace those of the server, `conditions` are merged by type.
    ///   - uid: If given, the server answers 409 or 422 when the name now belongs to another object.
    public static func status(_ status: some Encodable, uid: String? = nil) throws -> Patch {
        var body: JSONValue = ["status": try JSONValue(encoding: status)]
        if let uid { body["metadata"] = ["uid": .string(uid)] }
        return Patch(.strategic, body)
    }

    /// A merge patch that sets annotations; nil removes one.
    public static func annotations(_ annotations: [String: String?]) -> Patch {
        .merge(["metadata": ["annotations": .object(annotations.mapValues { $0.map { .string($0) } ?? .null })]])
    }

    /// A merge patch that sets labels; nil removes one.
    public static func labels(_ labels: [String: String?]) -> Patch {
        .merge(["metadata": ["labels": .object(labels.mapValues { $0.map { .string($0) } ?? .null })]])
    }

    /// A JSON patch (RFC 6902).
    public static func json(_ operations: [Operation]) -> Patch { Patch(.json, .array(operations.map(\.json))) }

    /// Server-side apply of a whole object: `apiVersion`, `kind` and `metadata.name` are needed.
    public static func apply(_ body: JSONValue, fieldManager: String, force: Bool = false) -> Patch {
        Patch(.apply(fieldManager: fieldManager, force: force), body)
    }

    /// One step of a JSON patch. Paths are JSON pointers; build them with `pointer`.
    public enum Operation: Sendable, Equatable {
        /// Fails when the value is another.
        case test(path: String, value: JSONValue)
        /// Sets a member or inserts an item.
        case add(path: String, value: JSONValue)
        /// Replaces what must be there.
        case replace(path: String, value: JSONValue)
        /// Removes what must be there.
        case remove(path: String)

        /// The step as it is sent.
        public var json: JSONValue {
            switch self {
            case .test(let path, let value): ["op": "test", "path": .string(path), "value": value]
            case .add(let path, let value): ["op": "add", "path": .string(path), "value": value]
            case .replace(let path, let value): ["op": "replace", "path": .string(path), "value": value]
            case .remove(let path): ["op": "remove", "path": .string(path)]
            }
        }

        /// Joins member names to a JSON pointer (RFC 6901) and escapes `~` and `/` in them.
        public static func pointer(_ members: String...) -> String {
            members.map { "/" + $0.replacingOccurrences(of: "~", with: "~0").replacingOccurrences(of: "/", with: "~1") }.joined()
        }
    }

    /// The body as bytes.
    func encoded() throws -> Data {
        switch content {
        case .value(let value): Data(try JSONWriter.encode(value))
        case .encoded(let bytes): Data(bytes)
        }
    }
}
