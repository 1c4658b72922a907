/// A text as one word of a POSIX shell script.
enum ShellWord {
    /// The text in single quotes; nil where it holds control characters, which have no place in a script of ours.
    static func quote(_ text: String) -> String? {
        guard !text.isEmpty, !TextRules.hasControl(text) else { return nil }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
