import Foundation

/// Makes JSON texts by chance: mostly right, sometimes broken on purpose. Equal seeds make equal texts.
struct JSONFuzz {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state >> 33) % bound
    }

    mutating func value(depth: Int = 0) -> String {
        switch next(depth > 5 ? 6 : 9) {
        case 0: return ["null", "true", "false"][next(3)]
        case 1, 2: return number()
        case 3, 4, 5: return string()
        case 6, 7:
            let count = next(4)
            let members = (0..<count).map { _ in blank() + string() + blank() + ":" + blank() + value(depth: depth + 1) + blank() }
            return "{" + members.joined(separator: ",") + "}"
        default: return "[" + (0..<next(4)).map { _ in blank() + value(depth: depth + 1) + blank() }.joined(separator: ",") + "]"
        }
    }

    private mutating func blank() -> String { ["", "", "", " ", "\n", "\t\r"][next(6)] }

    mutating func number() -> String {
        let whole = ["0", "-0", "7", "-12", "65536", "2147483648", "9223372036854775807", "-9223372036854775808"]
        let other = ["1.5", "-0.25", "1e3", "2E-2", "1.0", "-7.0", "3.14159265358979", "1e17", "123456789012.5"]
        return next(2) == 0 ? whole[next(whole.count)] : other[next(other.count)]
    }

    mutating func string() -> String {
        let pieces = [
            "a", "key", "name", "é", "漢", "🙂", " ", "/", #"\""#, #"\\"#, #"\/"#, #"\b"#, #"\f"#, #"\n"#, #"\r"#, #"\t"#, #"\u0041"#,
            #"\u00e9"#, #"\uD83D\uDE42"#, "{", "]", ",", ":",
        ]
        return "\"" + (0..<next(5)).map { _ in pieces[next(pieces.count)] }.joined() + "\""
    }

    /// The text with one of its bytes changed, removed or doubled.
    mutating func broken(_ text: String) -> [UInt8] {
        var bytes = Array(text.utf8)
        guard !bytes.isEmpty else { return bytes }
        let position = next(bytes.count)
        switch next(4) {
        case 0: bytes.remove(at: position)
        case 1: bytes.insert(bytes[position], at: position)
        case 2: bytes[position] = UInt8(next(256))
        default: bytes.removeSubrange(position...)
        }
        return bytes
    }
}
