/// One challenge of a `WWW-Authenticate` header (RFC 9110, section 11).
struct AuthenticationChallenge: Sendable, Equatable {
    /// Lowercase, as `basic`, `bearer`.
    var scheme: String
    /// Names lowercase.
    var parameters: [String: String]

    /// The challenges of all the headers of one answer. What is malformed ends that header's list; nothing is thrown.
    static func parse(_ headers: [String]) -> [AuthenticationChallenge] {
        headers.flatMap { header -> [AuthenticationChallenge] in
            var reader = Reader(text: Array(header.utf8.prefix(8192)))
            return reader.challenges()
        }
    }

    private struct Reader {
        let text: [UInt8]
        var position = 0

        mutating func challenges() -> [AuthenticationChallenge] {
            var found: [AuthenticationChallenge] = []
            while true {
                skip(spacesAndCommas: true)
                guard let word = token() else { return found }
                skip(spacesAndCommas: false)
                guard peek == UInt8(ascii: "=") else {
                    found.append(AuthenticationChallenge(scheme: word.lowercased(), parameters: [:]))
                    continue
                }
                position += 1
                skip(spacesAndCommas: false)
                guard let value = peek == UInt8(ascii: "\"") ? quotedText() : token(), !found.isEmpty else { return found }
                found[found.count - 1].parameters[word.lowercased()] = value
            }
        }

        private var peek: UInt8? { position < text.count ? text[position] : nil }

        private mutating func skip(spacesAndCommas: Bool) {
            while let byte = peek, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || (spacesAndCommas && byte == UInt8(ascii: ","))
            {
                position += 1
            }
        }

        private mutating func token() -> String? {
            let start = position
            while let byte = peek, ImageGrammar.isAlphanumeric(byte) || "!#$%&'*+-.^_`|~/:".utf8.contains(byte) { position += 1 }
            return position > start ? String(decoding: text[start..<position], as: UTF8.self) : nil
        }

        private mutating func quotedText() -> String? {
            var value: [UInt8] = []
            position += 1
            while let byte = peek {
                position += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: value, as: UTF8.self) }
                if byte == UInt8(ascii: "\\"), let next = peek {
                    value.append(next)
                    position += 1
                } else {
                    value.append(byte)
                }
            }
            return nil
        }
    }
}
