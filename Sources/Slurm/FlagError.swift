/// Why a text of sbatch options was not understood. It names the option and the text.
public struct FlagError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Sendable, Hashable {
        /// A quotation mark or a backslash has no end.
        case unterminated
        /// A word that belongs to no option.
        case strayWord
        /// No such option, or none that can be used here; perhaps this one was meant.
        case unknown(suggestion: String?)
        /// The option wants a value.
        case missingValue(expected: String)
        /// The option takes no value.
        case unexpectedValue
        /// The value is not one of this form.
        case malformed(expected: String)
        /// Another option says the same thing in another way.
        case conflict(with: String)
        /// A good sbatch option that cannot be used for a pod's job, and why.
        case refused(why: String)
    }

    /// The option as it was written, or the word at fault.
    public var flag: String
    /// The value as it was written.
    public var value: String?
    /// What is wrong.
    public var reason: Reason

    /// An error about `flag`.
    public init(flag: String, value: String? = nil, reason: Reason) {
        self.flag = flag
        self.value = value
        self.reason = reason
    }

    /// The option, what was written and what it wants, in one line without control characters.
    public var description: String {
        switch reason {
        case .unterminated: "the quotation that begins at \(Self.quoted(flag)) has no end"
        case .strayWord: "\(Self.quoted(flag)) is no option: options begin with - or --, values with blanks want quotation marks"
        case .unknown(let suggestion):
            "unknown option \(Self.quoted(flag))"
                + (suggestion.map { "; did you mean \($0)?" } ?? "; see sbatch(1) and the list of options in the documentation")
        case .missingValue(let expected): "option \(flag) wants a value: \(expected)"
        case .unexpectedValue: "option \(flag) takes no value, but got \(Self.quoted(value ?? ""))"
        case .malformed(let expected): "option \(flag) got \(Self.quoted(value ?? "")), but wants \(expected)"
        case .conflict(let other): "options \(other) and \(flag) cannot be used together: leave one out"
        case .refused(let why): "option \(flag) cannot be used: \(why)"
        }
    }

    /// In quotation marks, shortened, with control characters made visible: it goes into events and logs.
    static func quoted(_ text: String) -> String {
        let limit = 120
        let shown = text.count > limit ? "\(text.prefix(limit))…" : text
        return shown.debugDescription
    }
}
