/// A word of the API that has a known list of values today and may have more tomorrow.
///
/// A closed `enum` would make an object with a new word undecodable; this keeps the word.
public protocol OpenEnumeration: RawRepresentable, Codable, Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible
where RawValue == String {
    /// Takes any word.
    init(rawValue: String)
}

extension OpenEnumeration {
    /// Takes any word.
    public init(stringLiteral value: String) { self.init(rawValue: value) }

    /// The word itself.
    public var description: String { rawValue }

    /// Reads a JSON string.
    public init(from decoder: any Decoder) throws {
        self.init(rawValue: try decoder.singleValueContainer().decode(String.self))
    }

    /// Writes a JSON string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

/// A type with a value that stands for "the key is not there".
protocol AbsentValue {
    static var absent: Self { get }
}

// The Kubernetes API leaves out empty values and writes null for them as it likes (Go's `omitempty`), so a missing key and an
// empty collection, string, false or 0 are one and the same. The compiler's synthesised `Codable` code picks these overloads for
// every type of this module; without them each missing key would be an error.

extension KeyedDecodingContainer {
    func decode(_ type: String.Type, forKey key: Key) throws -> String {
        try decodeIfPresent(type, forKey: key) ?? ""
    }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
        try decodeIfPresent(type, forKey: key) ?? false
    }

    func decode(_ type: Int.Type, forKey key: Key) throws -> Int {
        try decodeIfPresent(type, forKey: key) ?? 0
    }

    func decode<T: Decodable>(_ type: [T].Type, forKey key: Key) throws -> [T] {
        try decodeIfPresent(type, forKey: key) ?? []
    }

    func decode<T: Decodable>(_ type: [String: T].Type, forKey key: Key) throws -> [String: T] {
        try decodeIfPresent(type, forKey: key) ?? [:]
    }

    func decode<T: Decodable & AbsentValue>(_ type: T.Type, forKey key: Key) throws -> T {
        try decodeIfPresent(type, forKey: key) ?? .absent
    }

    func decode<T: OpenEnumeration>(_ type: T.Type, forKey key: Key) throws -> T {
        try decodeIfPresent(type, forKey: key) ?? T(rawValue: "")
    }
}

extension KeyedEncodingContainer {
    mutating func encode(_ value: String, forKey key: Key) throws {
        try encodeIfPresent(value.isEmpty ? nil : value, forKey: key)
    }

    mutating func encode<T: Encodable>(_ value: [T], forKey key: Key) throws {
        try encodeIfPresent(value.isEmpty ? nil : value, forKey: key)
    }

    mutating func encode<T: Encodable>(_ value: [String: T], forKey key: Key) throws {
        try encodeIfPresent(value.isEmpty ? nil : value, forKey: key)
    }

    mutating func encode<T: OpenEnumeration>(_ value: T, forKey key: Key) throws {
        try encodeIfPresent(value.rawValue.isEmpty ? nil : value, forKey: key)
    }
}
