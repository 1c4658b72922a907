import Foundation
import JSONCoding

/// Bytes that are not the JSON that was expected.
struct MalformedJSON: Error, Equatable, CustomStringConvertible {
    let detail: String
    /// Byte at which it shows.
    let offset: Int

    var description: String { "malformed JSON at byte \(offset): \(detail)" }
}

/// Finds where the members of an object and the items of a list lie in JSON bytes, without decoding them.
///
/// So each object of a list or watch keeps its own bytes, and one that cannot be decoded does not take the others with it. Only the
/// structure is checked here; the decoder checks the rest.
enum JSONSlicer {
    /// Members of the object that the bytes are, in order.
    static func members(of data: Data) throws -> [(key: String, value: Range<Int>)] {
        try data.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes: bytes, position: 0)
            var members: [(key: String, value: Range<Int>)] = []
            try scanner.expect(UInt8(ascii: "{"), "an object was expected")
            if !scanner.take(UInt8(ascii: "}")) {
                repeat {
                    let keyRange = try scanner.string()
                    try scanner.expect(UInt8(ascii: ":"), "a colon was expected")
                    members.append((try key(bytes, keyRange), try scanner.value()))
                } while scanner.take(UInt8(ascii: ","))
                try scanner.expect(UInt8(ascii: "}"), "the object does not end")
            }
            try scanner.expectEnd()
            return members
        }
    }

    /// Items of the list that lies in a range of the bytes; none for null.
    static func items(of data: Data, in range: Range<Int>) throws -> [Range<Int>] {
        try data.withUnsafeBytes { bytes in
            let slice = UnsafeRawBufferPointer(rebasing: bytes[range])
            if slice.elementsEqual("null".utf8) { return [] }
            var scanner = JSONScanner(bytes: slice, position: 0)
            var items: [Range<Int>] = []
            try scanner.expect(UInt8(ascii: "["), "a list was expected")
            if scanner.take(UInt8(ascii: "]")) { return [] }
            repeat {
                let item = try scanner.value()
                items.append(item.lowerBound + range.lowerBound..<item.upperBound + range.lowerBound)
            } while scanner.take(UInt8(ascii: ","))
            try scanner.expect(UInt8(ascii: "]"), "the list does not end")
            return items
        }
    }

    private static func key(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws -> String {
        let quoted = bytes[range]
        if quoted.contains(UInt8(ascii: "\\")) { return try JSONReader.decode(String.self, from: quoted) }
        return String(decoding: quoted.dropFirst().dropLast(), as: UTF8.self)
    }
}

/// Walks over JSON bytes.
private struct JSONScanner {
    let bytes: UnsafeRawBufferPointer
    var position: Int

    func fail(_ detail: String) -> MalformedJSON { MalformedJSON(detail: detail, offset: position) }

    mutating func skipBlanks() {
        while position < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[position]) { position += 1 }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func expect(_ byte: UInt8, _ detail: String) throws {
        guard take(byte) else { throw fail(detail) }
    }

    mutating func expectEnd() throws {
        skipBlanks()
        guard position == bytes.count else { throw fail("more follows after the value") }
    }

    /// Range of a string with its quotes.
    mutating func string() throws -> Range<Int> {
        skipBlanks()
        let start = position
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw fail("a string was expected") }
        position += 1
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return start..<position
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        position = start
        throw fail("the string does not end")
    }

    /// Range of any value. Nesting is counted, not recursed into, so no depth can exhaust the stack.
    mutating func value() throws -> Range<Int> {
        skipBlanks()
        let start = position
        var depth = 0
        repeat {
            guard position < bytes.count else { throw fail("the value does not end") }
            switch bytes[position] {
            case UInt8(ascii: "\""): _ = try string()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { throw fail("a value was expected") }
                depth -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { throw fail("a value was expected") }
                position += 1
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: try word()
            }
        } while depth > 0
        return start..<position
    }

    /// A number, true, false or null.
    private mutating func word() throws {
        let start = position
        while position < bytes.count, Self.isWordByte(bytes[position]) { position += 1 }
        guard position > start else { throw fail("an unexpected byte") }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
