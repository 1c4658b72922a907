#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads JSON into `Decodable` types, several times faster than Foundation's `JSONDecoder` and with the same results.
///
/// As with that one, `Data` is base64, of two equal keys the first counts, and other types are as their own code has it. Not here: other
/// encodings than UTF-8, a byte order mark, and strategies.
public enum JSONReader {
    /// Reads one value.
    ///
    /// - Throws: `DecodingError`; bytes that are not JSON are `dataCorrupted`.
    public static func decode<T: Decodable>(_ type: T.Type, from bytes: some Sequence<UInt8>) throws -> T {
        let result = try bytes.withContiguousStorageIfAvailable { try decode(type, from: UnsafeRawBufferPointer($0)) }
        if let result { return result }
        return try Array(bytes).withUnsafeBytes { try decode(type, from: $0) }
    }

    /// Reads one value.
    ///
    /// - Throws: `DecodingError`; bytes that are not JSON are `dataCorrupted`.
    public static func decode<T: Decodable>(_ type: T.Type, from bytes: UnsafeRawBufferPointer) throws -> T {
        try JSONIndex(bytes).decode(type)
    }
}

/// A JSON text that was checked and indexed, of which parts can be read one by one.
public struct JSONIndex {
    private let document: JSONDocument
    private let node: Int

    /// Checks and indexes a text.
    ///
    /// - Throws: `DecodingError.dataCorrupted`.
    public init(_ bytes: UnsafeRawBufferPointer) throws {
        do {
            document = try JSONDocument(bytes)
        } catch {
            throw DecodingError.dataCorrupted(DecodingError.Context(codingPath: [], debugDescription: "\(error)", underlyingError: error))
        }
        node = 0
    }

    private init(_ document: JSONDocument, _ node: Int) {
        self.document = document
        self.node = node
    }

    /// Reads this part.
    public func decode<T: Decodable>(_ type: T.Type) throws -> T { try JSONNode(document: document, index: node).decode(type) }

    /// A member of this part, if it is an object that has it.
    public subscript(key: String) -> JSONIndex? {
        guard document.nodes[node].kind == .object else { return nil }
        return document.member(key, of: node).map { JSONIndex(document, $0) }
    }

    /// The items of this part; none where it is not a list.
    public var items: [JSONIndex] {
        guard document.nodes[node].kind == .array else { return [] }
        var items: [JSONIndex] = []
        items.reserveCapacity(document.nodes[node].count)
        var index = node + 1
        for _ in 0..<document.nodes[node].count {
            items.append(JSONIndex(document, index))
            index = document.nodes[index].next
        }
        return items
    }

    /// The text, if this part is a string.
    public var string: String? {
        switch document.nodes[node].kind {
        case .plainString, .escapedString: document.text(of: document.nodes[node])
        default: nil
        }
    }

    /// Whether this part is `null`.
    public var isNull: Bool { document.nodes[node].kind == .null }
    /// Whether this part is a list.
    public var isArray: Bool { document.nodes[node].kind == .array }
    /// Whether this part is an object.
    public var isObject: Bool { document.nodes[node].kind == .object }

    /// The bytes of this part.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    /// Lends the bytes of this part.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        let part = document.nodes[node]
        let quote = part.kind == .plainString || part.kind == .escapedString ? 1 : 0
        return try withExtendedLifetime(document) {
            try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(document.bytes)[part.start - quote..<part.end + quote]))
        }
    }
}

/// One value of a document, as `Decodable` code sees it.
struct JSONNode: Decoder {
    let document: JSONDocument
    let index: Int

    var codingPath: [any CodingKey] { document.path(to: index) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    private var node: JSONDocument.Node { document.nodes[index] }
    var isNull: Bool { node.kind == .null }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard node.kind == .object else { throw mismatch([String: Any].self) }
        guard document.hasReadableKeys(index) else { throw corrupted("a key that is not Unicode, or has a wrong escape") }
        return KeyedDecodingContainer(JSONMembers<Key>(document: document, object: index))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard node.kind == .array else { throw mismatch([Any].self) }
        return JSONItems(document: document, array: index)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    /// A value of any type; `Data` is base64 text.
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        if type == String.self, let text = try string() as? T { return text }
        if type == Data.self {
            guard let data = Data(base64Encoded: try string()) as? T else { throw corrupted("not base64") }
            return data
        }
        return try T(from: self)
    }

    // MARK: Leaves

    func string() throws -> String {
        guard node.kind == .plainString || node.kind == .escapedString else { throw mismatch(String.self) }
        guard let text = document.text(of: node) else { throw corrupted("a string that is not Unicode, or has a wrong escape") }
        return text
    }

    func bool() throws -> Bool {
        switch node.kind {
        case .yes: true
        case .no: false
        default: throw mismatch(Bool.self)
        }
    }

    func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        guard node.kind == .number else { throw mismatch(type) }
        let digits = document.digits(of: node)
        if let value = Self.integer(type, digits) { return value }
        // 1.0 and 1e3 are whole numbers too.
        guard let number = Double(String(decoding: digits, as: UTF8.self)), let value = T(exactly: number) else {
            throw corrupted("the number does not fit \(type)")
        }
        return value
    }

    func double() throws -> Double {
        guard node.kind == .number else { throw mismatch(Double.self) }
        guard let value = Double(String(decoding: document.digits(of: node), as: UTF8.self)), value.isFinite else {
            throw corrupted("the number is too large")
        }
        return value
    }

    private static func integer<T: FixedWidthInteger>(_ type: T.Type, _ digits: UnsafeBufferPointer<UInt8>) -> T? {
        let isNegative = digits.first == UInt8(ascii: "-")
        var value: T = 0
        for byte in digits.dropFirst(isNegative ? 1 : 0) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let digit = T(truncatingIfNeeded: byte - UInt8(ascii: "0"))
            let (sum, overflows) = isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            guard !isTooLarge, !overflows else { return nil }
            value = sum
        }
        return value
    }

    // MARK: Errors

    func mismatch(_ type: Any.Type) -> DecodingError {
        if isNull {
            return .valueNotFound(type, DecodingError.Context(codingPath: codingPath, debugDescription: "expected \(type) but found null"))
        }
        let found =
            switch node.kind {
            case .object: "an object"
            case .array: "a list"
            case .number: "a number"
            case .null: "null"
            case .yes, .no: "a boolean"
            case .plainString, .escapedString: "a string"
            }
        return .typeMismatch(type, DecodingError.Context(codingPath: codingPath, debugDescription: "expected \(type) but found \(found)"))
    }

    private func corrupted(_ detail: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: detail))
    }
}
