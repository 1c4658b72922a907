/// One `name=value` of a query, decoded.
public struct QueryItem: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A request's path and query, decoded strictly: what cannot be read is refused, never guessed (RFC 3986, WHATWG form encoding for `+`).
struct RequestTarget: Equatable {
    /// Longest target accepted, in bytes.
    static let longest = 8192
    static let mostItems = 64

    /// The path's parts; empty for `/`.
    var segments: [String]
    var query: [QueryItem]

    init(_ text: String) throws(HTTPFault) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.longest else { throw HTTPFault(414, "the request's target is longer than \(Self.longest) bytes") }
        guard bytes.first == UInt8(ascii: "/"), bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }) else {
            throw HTTPFault(400, "the request's target is not a path")
        }
        let parts = bytes.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        var segments: [String] = []
        for part in parts[0].dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let segment = try Self.decode(part, plusIsSpace: false)
            // A decoded slash or dot segment would make two different paths look alike to authorisation and routes.
            guard segment != ".", segment != "..", !segment.utf8.contains(UInt8(ascii: "/")) else {
                throw HTTPFault(400, "the request's path holds a part that is not allowed")
            }
            segments.append(segment)
        }
        if segments == [""] { segments = [] }
        self.segments = segments
        query = []
        guard parts.count == 2 else { return }
        for item in parts[1].split(separator: UInt8(ascii: "&")) {
            guard query.count < Self.mostItems else { throw HTTPFault(400, "the query has more than \(Self.mostItems) parameters") }
            let pair = item.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decode(pair[0], plusIsSpace: true)
            query.append(QueryItem(name, pair.count == 2 ? try Self.decode(pair[1], plusIsSpace: true) : ""))
        }
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) throws(HTTPFault) -> String {
        var decoded: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.endIndex, let high = hexadecimal(bytes[index + 1]), let low = hexadecimal(bytes[index + 2]) else {
                    throw HTTPFault(400, "the request's target holds a '%' that two hexadecimal digits do not follow")
                }
                decoded.append(high << 4 | low)
                index += 3
            case UInt8(ascii: "+") where plusIsSpace:
                decoded.append(UInt8(ascii: " "))
                index += 1
            case let byte:
                decoded.append(byte)
                index += 1
            }
        }
        guard let text = String(validating: decoded, as: UTF8.self), !decoded.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            throw HTTPFault(400, "the request's target holds bytes that are not text")
        }
        return text
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
