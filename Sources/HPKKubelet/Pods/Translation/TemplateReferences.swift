/// Finds and tames `$(NAME)` in texts of a pod before they enter the plan.
///
/// The kubelet expands references to variables that it sets itself and leaves all others as they stand; variables of the image are not
/// among them. The supervisor knows more variables than that, so references that the kubelet would leave alone are escaped here.
enum TemplateReferences {
    /// The text with every reference to an unknown name escaped, so that expansion gives it back unchanged.
    static func escapingUnknown(in text: String, known: Set<String>) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result: [UInt8] = []
        scan(text) { piece in
            switch piece {
            case .plain(let bytes): result.append(contentsOf: bytes)
            case .reference(let name, let bytes):
                if known.contains(name) {
                    result.append(contentsOf: bytes)
                } else {
                    for byte in bytes {
                        if byte == UInt8(ascii: "$") { result.append(byte) }
                        result.append(byte)
                    }
                }
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Names that the text refers to, in order.
    static func names(in text: String) -> [String] {
        var names: [String] = []
        scan(text) { piece in
            if case .reference(let name, _) = piece { names.append(name) }
        }
        return names
    }

    private enum Piece {
        case plain(ArraySlice<UInt8>)
        case reference(name: String, bytes: ArraySlice<UInt8>)
    }

    private static func scan(_ text: String, _ body: (Piece) -> Void) {
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "$") else {
                let end = bytes[index...].firstIndex(of: UInt8(ascii: "$")) ?? bytes.count
                body(.plain(bytes[index..<end]))
                index = end
                continue
            }
            if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "("),
                let end = bytes[(index + 2)...].firstIndex(of: UInt8(ascii: ")"))
            {
                let name = String(decoding: bytes[(index + 2)..<end], as: UTF8.self)
                body(.reference(name: name, bytes: bytes[index...end]))
                index = end + 1
            } else {
                // `$$`, `$x`, an unclosed `$(` or a last `$`: two bytes that expansion treats as one unit.
                let end = min(index + 2, bytes.count)
                body(.plain(bytes[index..<end]))
                index = end
            }
        }
    }
}
