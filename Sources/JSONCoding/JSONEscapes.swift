/// Backslashes in JSON strings (RFC 8259, section 7).
enum JSONEscapes {
    /// The text that the inside of a quoted string stands for; nil where it is not UTF-8, an escape is unknown, or half of a surrogate
    /// pair stands alone.
    static func text(of inside: UnsafeBufferPointer<UInt8>) -> String? {
        var result: [UInt8] = []
        result.reserveCapacity(inside.count)
        var position = 0
        while position < inside.count {
            let byte = inside[position]
            position += 1
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard position < inside.count else { return nil }
            let escape = inside[position]
            position += 1
            if let plain = plain(escape) {
                result.append(plain)
            } else if escape == UInt8(ascii: "u") {
                guard let scalar = scalar(inside, &position) else { return nil }
                result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            } else {
                return nil
            }
        }
        return result.withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) }
    }

    private static func plain(_ escape: UInt8) -> UInt8? {
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): escape
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0c
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "r"): 0x0d
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    private static func scalar(_ inside: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> Unicode.Scalar? {
        guard let first = unit(inside, &position) else { return nil }
        guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
        guard position + 1 < inside.count, inside[position] == UInt8(ascii: "\\"), inside[position + 1] == UInt8(ascii: "u") else {
            return nil
        }
        position += 2
        guard let second = unit(inside, &position), UTF16.isTrailSurrogate(second) else { return nil }
        return Unicode.Scalar((UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00) + 0x10000)
    }

    private static func unit(_ inside: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> UInt16? {
        guard inside.count - position >= 4 else { return nil }
        var value: UInt16 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch inside[position] {
            case let byte where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte): digit = byte - UInt8(ascii: "0")
            case let byte where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte): digit = byte - UInt8(ascii: "a") + 10
            case let byte where (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}
