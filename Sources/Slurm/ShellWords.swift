/// Splits a line into words as a POSIX shell would, without a shell: quotation marks and backslashes only; no variable, no
/// command, no file pattern is ever looked at.
enum ShellWords {
    /// The words of `text`. Within '…' all is literal; within "…" a backslash frees `"`, `\`, `$`, backquote; outside it frees anything.
    ///
    /// - Throws: `FlagError` (`unterminated`) when a quotation does not end.
    static func split(_ text: String) throws(FlagError) -> [String] {
        var words: [String] = []
        var word: String?
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case " ", "\t", "\n", "\r":
                if let finished = word { words.append(finished) }
                word = nil
            case "'":
                guard let end = rest.firstIndex(of: "'") else { throw unterminated("'", rest) }
                word = (word ?? "") + String(rest[..<end])
                rest = rest[rest.index(after: end)...]
            case "\"":
                word = (word ?? "") + (try doubleQuoted(&rest))
            case "\\":
                guard let next = rest.popFirst() else { throw unterminated("\\", rest) }
                word = (word ?? "") + (next == "\n" ? "" : String(next))
            default:
                word = (word ?? "") + String(scalar)
            }
        }
        if let finished = word { words.append(finished) }
        return words
    }

    private static func doubleQuoted(_ rest: inout String.UnicodeScalarView.SubSequence) throws(FlagError) -> String {
        let start = rest
        var result = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            if scalar == "\"" { return String(result) }
            guard scalar == "\\", let next = rest.first else {
                result.append(scalar)
                continue
            }
            switch next {
            case "\"", "\\", "$", "`":
                result.append(next)
                rest.removeFirst()
            case "\n": rest.removeFirst()
            default: result.append(scalar)
            }
        }
        throw unterminated("\"", start)
    }

    private static func unterminated(_ mark: String, _ rest: String.UnicodeScalarView.SubSequence) -> FlagError {
        FlagError(flag: mark + String(rest), reason: .unterminated)
    }
}
