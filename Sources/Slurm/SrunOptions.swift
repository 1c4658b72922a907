/// Options of `srun` that a pod may give for its containers' steps, as users write them: `--mpi=pmi2 -n 4 --cpu-bind=cores`.
///
/// Only options of the table are let through, each as one whole word (`--ntasks=4`): no word of the pod's can become the program that
/// `srun` starts, and none is ever seen by a shell. See srun(1).
public struct SrunOptions: Sendable, Equatable {
    /// The options in the text's order, each `--name` or `--name=value`.
    public private(set) var words: [String] = []

    /// No options.
    public init() {}

    /// Reads `text`.
    ///
    /// - Throws: ``FlagError``, which names the first option at fault.
    public static func parse(_ text: String) throws(FlagError) -> SrunOptions {
        var options = SrunOptions()
        var words = try ShellWords.split(text)[...]
        while let word = words.popFirst() {
            if word.hasPrefix("--") {
                try options.readLong(word, &words)
            } else if word.hasPrefix("-"), word.count > 1 {
                try options.readShort(word, &words)
            } else {
                throw FlagError(flag: word, reason: .strayWord)
            }
        }
        return options
    }

    private mutating func readLong(_ word: String, _ words: inout ArraySlice<String>) throws(FlagError) {
        let body = word.dropFirst(2)
        let name = String(body.prefix { $0 != "=" })
        let attached = name.count < body.count ? String(body.dropFirst(name.count + 1)) : nil
        guard let option = SrunOption.byLong[name] else { throw FlagError(flag: "--\(name)", reason: .unknown(suggestion: nil)) }
        try take(option, written: "--\(name)", attached, &words)
    }

    private mutating func readShort(_ word: String, _ words: inout ArraySlice<String>) throws(FlagError) {
        // mpiexec's spelling, which pods written for mpirun bring along.
        if word == "-np" { return try take(SrunOption.tasks, written: word, nil, &words) }
        var rest = word.dropFirst()
        while let letter = rest.popFirst() {
            guard let option = SrunOption.byShort[letter] else { throw FlagError(flag: "-\(letter)", reason: .unknown(suggestion: nil)) }
            let takesRest = option.form != .none && !rest.isEmpty
            try take(option, written: "-\(letter)", takesRest ? String(rest) : nil, &words)
            if takesRest { return }
        }
    }

    private mutating func take(
        _ option: SrunOption, written: String, _ attached: String?, _ words: inout ArraySlice<String>
    ) throws(FlagError) {
        switch option.form {
        case .refused(let why):
            throw FlagError(flag: written, value: attached, reason: .refused(why: why))
        case .none:
            if attached != nil { throw FlagError(flag: written, value: attached, reason: .unexpectedValue) }
            self.words.append("--\(option.long)")
        case .optional:
            if let attached, !option.accepts(attached) {
                throw FlagError(flag: written, value: attached, reason: .malformed(expected: option.expected))
            }
            self.words.append("--\(option.long)" + (attached.map { "=\($0)" } ?? ""))
        case .required:
            guard let value = attached ?? words.popFirst(), !value.isEmpty else {
                throw FlagError(flag: written, reason: .missingValue(expected: option.expected))
            }
            guard option.accepts(value) else {
                throw FlagError(flag: written, value: value, reason: .malformed(expected: option.expected))
            }
            self.words.append("--\(option.long)=\(value)")
        }
    }
}
