import Foundation

/// Options in sbatch's notation, as users write them on a pod: `--partition=main -t 1:00:00 -c 4`.
///
/// They are read by a table (`SbatchFlag.all`), not by sbatch, and never by a shell. Options come from the text only:
/// environment variables and `#SBATCH` lines do not count. When an option is given twice, the last one counts.
public struct SbatchFlags: Sendable {
    /// What the values are read against.
    public struct Context: Sendable {
        /// Now, for `--begin=now+1hour`.
        public var now: Date
        /// The time zone of times that name none.
        public var timeZone: TimeZone

        /// Reads times against `now` in `timeZone`.
        public init(now: Date = Date(), timeZone: TimeZone = .current) {
            self.now = now
            self.timeZone = timeZone
        }
    }

    /// The options in the text's order: long name and value.
    public private(set) var options: [(name: String, value: String?)] = []
    private var changes: [SbatchFlag.Change] = []

    /// No options.
    public init() {}

    /// Reads `text`.
    ///
    /// - Throws: `FlagError`, which names the first option at fault. Nothing is applied in part.
    public static func parse(_ text: String, context: Context = Context()) throws(FlagError) -> SbatchFlags {
        var flags = SbatchFlags()
        var words = try ShellWords.split(text)[...]
        while let word = words.popFirst() {
            if word.hasPrefix("--") {
                try flags.readLong(word, &words, context)
            } else if word.hasPrefix("-"), word.count > 1 {
                try flags.readShort(word, &words, context)
            } else if word == ":" {
                throw FlagError(flag: word, reason: .refused(why: "it begins another component of a job, and a pod is one job of one kind"))
            } else {
                throw FlagError(flag: word, reason: .strayWord)
            }
        }
        try flags.refuseConflicts()
        return flags
    }

    /// Options that say the same thing in two ways; sbatch refuses them together, too.
    private static let conflicts: [[String]] = [
        ["mem", "mem-per-cpu", "mem-per-gpu"], ["core-spec", "thread-spec"], ["ntasks-per-gpu", "gpus-per-task"],
        ["ntasks-per-gpu", "ntasks-per-node"],
    ]

    private func refuseConflicts() throws(FlagError) {
        let names = options.map(\.name)
        for group in Self.conflicts {
            let given = group.filter(names.contains)
            if given.count > 1 { throw FlagError(flag: "--\(given[1])", reason: .conflict(with: "--\(given[0])")) }
        }
    }

    /// Puts the options into a submission, in the text's order; they win over what it holds.
    public func apply(to submission: inout JobSubmission) {
        for change in changes { change(&submission) }
    }

    /// There are none.
    public var isEmpty: Bool { changes.isEmpty }

    private mutating func readLong(_ word: String, _ words: inout ArraySlice<String>, _ context: Context) throws(FlagError) {
        let body = word.dropFirst(2)
        let name = String(body.prefix { $0 != "=" })
        let attached = name.count < body.count ? String(body.dropFirst(name.count + 1)) : nil
        guard let flag = SbatchFlag.byLong[name] else {
            throw FlagError(flag: "--\(name)", reason: .unknown(suggestion: SbatchFlag.suggestion(for: name)))
        }
        try take(flag, written: "--\(name)", attached, &words, context)
    }

    /// `-p main`, `-pmain`, and letters without values in one word: `-HO`.
    private mutating func readShort(_ word: String, _ words: inout ArraySlice<String>, _ context: Context) throws(FlagError) {
        var rest = word.dropFirst()
        while let letter = rest.popFirst() {
            guard let flag = SbatchFlag.byShort[letter] else { throw FlagError(flag: "-\(letter)", reason: .unknown(suggestion: nil)) }
            let takesRest = flag.takesValue && !rest.isEmpty
            try take(flag, written: "-\(letter)", takesRest ? String(rest) : nil, &words, context)
            if takesRest { return }
        }
    }

    private mutating func take(
        _ flag: SbatchFlag, written: String, _ attached: String?, _ words: inout ArraySlice<String>, _ context: Context
    ) throws(FlagError) {
        var value = attached
        switch flag.form {
        case .refused(let why):
            throw FlagError(flag: written, value: attached, reason: .refused(why: why))
        case .none:
            if value != nil { throw FlagError(flag: written, value: value, reason: .unexpectedValue) }
        case .required:
            if value == nil { value = words.popFirst() }
            guard let value, !value.isEmpty else { throw FlagError(flag: written, reason: .missingValue(expected: flag.expected)) }
        case .optional:
            break
        }
        guard let change = flag.read(value, context) else {
            throw FlagError(flag: written, value: value, reason: .malformed(expected: flag.expected))
        }
        options.append((flag.long, value))
        changes.append(change)
    }
}
