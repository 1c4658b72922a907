/// One option of sbatch: its names, its form, and how its value changes a submission.
struct SbatchFlag: Sendable {
    typealias Change = @Sendable (inout JobSubmission) -> Void

    enum Form: Sendable, Equatable {
        /// No value.
        case none
        /// A value, behind `=` or as the next word.
        case required
        /// A value behind `=`, or none.
        case optional
        /// Not for a pod's job.
        case refused(String)
    }

    let long: String
    let short: Character?
    let form: Form
    /// The value's form, for messages: "minutes, [hours:]minutes:seconds, …".
    let expected: String
    /// The change that a value makes; nil when it is malformed.
    let read: @Sendable (_ value: String?, _ context: SbatchFlags.Context) -> Change?

    var takesValue: Bool {
        if case .refused = form { return true }
        return form == .required
    }

    static let all: [SbatchFlag] = placement + size + layout + gpus + time + scheduling + rare + refused

    static let byLong = Dictionary(all.map { ($0.long, $0) }, uniquingKeysWith: { first, _ in first })

    static let byShort = Dictionary(all.compactMap { flag in flag.short.map { ($0, flag) } }, uniquingKeysWith: { first, _ in first })

    /// The one option that begins with what was written, or the nearest within two changes of a letter.
    static func suggestion(for name: String) -> String? {
        guard name.count <= 40 else { return nil }
        let usable = all.filter { if case .refused = $0.form { false } else { true } }.map(\.long)
        let longer = usable.filter { name.count >= 3 && $0.hasPrefix(name) }
        if longer.count == 1 { return "--\(longer[0])" }
        let near = usable.map { (name: $0, distance: distance($0, name)) }.min { $0.distance < $1.distance }
        guard let near, near.distance <= 2, near.distance < name.count else { return nil }
        return "--\(near.name)"
    }

    /// Levenshtein's distance.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var previous = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let change = previous + (a == b ? 0 : 1)
                previous = row[j + 1]
                row[j + 1] = min(change, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}

/// Makers of rows.
extension SbatchFlag {
    /// An option with a text value that `check` lets pass.
    static func text(
        _ long: String, _ short: Character? = nil, _ expected: String, check: @escaping @Sendable (String) -> Bool = FlagValue.isPlainText,
        _ path: any WritableKeyPath<JobSubmission, String?> & Sendable
    ) -> SbatchFlag {
        value(long, short, expected, { check($0) ? $0 : nil }) { $0[keyPath: path] = $1 }
    }

    /// An option whose value is read by `parse`.
    static func value<Value: Sendable>(
        _ long: String, _ short: Character? = nil, _ expected: String, _ parse: @escaping @Sendable (String) -> Value?,
        _ set: @escaping @Sendable (inout JobSubmission, Value) -> Void
    ) -> SbatchFlag {
        SbatchFlag(long: long, short: short, form: .required, expected: expected) { text, _ in
            guard let text, let value = parse(text) else { return nil }
            return { set(&$0, value) }
        }
    }

    /// An option without a value.
    static func plain(_ long: String, _ short: Character? = nil, _ set: @escaping Change) -> SbatchFlag {
        SbatchFlag(long: long, short: short, form: .none, expected: "no value") { _, _ in set }
    }

    /// An option that is known and refused.
    static func refused(_ long: String, _ short: Character? = nil, _ why: String) -> SbatchFlag {
        SbatchFlag(long: long, short: short, form: .refused(why), expected: "") { _, _ in nil }
    }

    /// An option of releases from `major`.`minor` on; it is refused with that reason when this program was built for an older one.
    static func since(_ major: Int, _ minor: Int, _ flag: SbatchFlag) -> SbatchFlag {
        if isBuiltFor(atLeast: major, minor) { return flag }
        let release = SlurmVersion(major: major, minor: minor)
        return refused(flag.long, flag.short, "Slurm has it from \(release) on, and this program was built for \(SlurmVersion.compiled)")
    }

    /// An option of releases before `major`.`minor`.
    static func before(_ major: Int, _ minor: Int, _ flag: SbatchFlag) -> SbatchFlag {
        guard isBuiltFor(atLeast: major, minor) else { return flag }
        let release = SlurmVersion(major: major, minor: minor)
        return refused(flag.long, flag.short, "Slurm has it until \(release) only, and this program was built for \(SlurmVersion.compiled)")
    }

    /// The headers that this program was built with are of `major`.`minor` or newer.
    static func isBuiltFor(atLeast major: Int, _ minor: Int) -> Bool {
        let built = SlurmVersion.compiled
        return (built.major, built.minor) >= (major, minor)
    }
}
