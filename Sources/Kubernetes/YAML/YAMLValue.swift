/// A YAML document as a tree.
///
/// Scalars keep their text: what a plain `1` or `yes` means is for the reader of the field to say, so a token of digits stays a text.
indirect enum YAMLValue: Sendable, Equatable {
    /// An empty value, `~` or `null`, not quoted.
    case null
    /// A text, and whether it stood without quotes.
    case scalar(String, isPlain: Bool)
    /// A list.
    case sequence([YAMLValue])
    /// Members in order; keys are texts and there are no two alike.
    case mapping([Member])

    /// One member of a mapping.
    struct Member: Sendable, Equatable {
        let key: String
        let value: YAMLValue
        /// Line of the key, from 1.
        let line: Int
    }

    /// What the value is, for messages.
    var kind: String {
        switch self {
        case .null: "nothing"
        case .scalar: "a text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// Text that is not the YAML that we read.
struct YAMLError: Error, Equatable, CustomStringConvertible {
    let detail: String
    /// From 1; 0 when it is not known.
    let line: Int

    var description: String { line > 0 ? "line \(line): \(detail)" : detail }
}
