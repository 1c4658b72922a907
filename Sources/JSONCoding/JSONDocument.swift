/// Bytes that are not JSON (RFC 8259).
public struct MalformedJSONText: Error, Equatable, CustomStringConvertible, Sendable {
    /// What was found, without any of the text itself: it may be secret.
    public let detail: String
    /// The byte at which it shows, from 0.
    public let offset: Int

    /// What is wrong, and where.
    public var description: String { "malformed JSON at byte \(offset): \(detail)" }
}

/// A JSON text with an index of where each value lies, made in one pass.
///
/// Strings and numbers stay bytes until somebody asks for them, so what a type does not model costs no more than the pass over it.
final class JSONDocument {
    /// One value, or one key, of the text.
    struct Node {
        var kind: Kind
        /// First byte; of a string the first inside the quotes.
        var start: Int
        /// One past the last byte; of a string the closing quote.
        var end: Int
        /// The node that follows this one and all that is in it.
        var next: Int
        /// Members or items.
        var count = 0
    }

    enum Kind: UInt8 {
        case object, array, number, null, yes, no
        /// A string of ASCII without a backslash.
        case plainString
        /// A string with a backslash, or a byte beyond ASCII, somewhere.
        case escapedString
    }

    /// In the order of the text. An object is followed by its keys and values in turn, an array by its items.
    private(set) var nodes: [Node] = []
    /// A copy, owned: the caller's buffer may go while a decoder is still in use.
    private let text: UnsafeMutableBufferPointer<UInt8>

    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(text) }

    /// Indexes a text.
    ///
    /// - Throws: ``MalformedJSONText``.
    init(_ source: UnsafeRawBufferPointer) throws {
        text = .allocate(capacity: source.count)
        _ = text.initialize(from: source)
        nodes.reserveCapacity(source.count / 12 + 4)
        var parser = JSONParser(bytes: UnsafeBufferPointer(text))
        try parser.parse(into: &nodes)
    }

    deinit { text.deallocate() }

    // MARK: Members

    /// The value of a member; of two equal keys the first counts.
    func member(_ key: String, of object: Int) -> Int? {
        var key = key
        return key.withUTF8 { wanted in
            var index = object + 1
            for _ in 0..<nodes[object].count {
                if matches(nodes[index], wanted) { return index + 1 }
                index = nodes[index + 1].next
            }
            return nil
        }
    }

    /// Whether each key of an object is Unicode text: one that is not must not pass as one that nobody knows.
    func hasReadableKeys(_ object: Int) -> Bool {
        var index = object + 1
        for _ in 0..<nodes[object].count {
            if nodes[index].kind != .plainString, text(of: nodes[index]) == nil { return false }
            index = nodes[index + 1].next
        }
        return true
    }

    private func matches(_ key: Node, _ wanted: UnsafeBufferPointer<UInt8>) -> Bool {
        guard key.kind == .plainString else { return text(of: key).map { $0.utf8.elementsEqual(wanted) } ?? false }
        let count = key.end - key.start
        guard count == wanted.count else { return false }
        for offset in 0..<count where text[key.start + offset] != wanted[offset] { return false }
        return true
    }

    // MARK: Leaves

    /// The text of a string, or nil where it is not UTF-8 or has an escape that means nothing.
    func text(of node: Node) -> String? {
        let inside = UnsafeBufferPointer(rebasing: text[node.start..<node.end])
        if node.kind == .plainString { return String(decoding: inside, as: UTF8.self) }
        return JSONEscapes.text(of: inside)
    }

    /// The digits of a number.
    func digits(of node: Node) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: text[node.start..<node.end]) }

    // MARK: Errors

    /// How to get to a node from the root; only errors want to know.
    func path(to target: Int) -> [any CodingKey] {
        var path: [any CodingKey] = []
        var current = 0
        descent: while current != target {
            let node = nodes[current]
            let isObject = node.kind == .object
            var child = current + 1
            for position in 0..<node.count {
                let value = isObject ? child + 1 : child
                let isInside = target >= value && target < nodes[value].next
                if isInside || target == child {
                    path.append(isObject ? JSONPathKey(stringValue: text(of: nodes[child]) ?? "") : JSONPathKey(intValue: position))
                    if target == child { break descent }
                    current = value
                    continue descent
                }
                child = nodes[value].next
            }
            break
        }
        return path
    }
}

/// A step of a path: a member's name or an item's number.
struct JSONPathKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }
}
