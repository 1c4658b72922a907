extension FlagValue {
    static let accountingForm = "seconds, or task=, energy=, network= or filesystem=seconds, parted by commas"

    /// `10`, `task=10,energy=5`.
    @Sendable static func isAccountingFrequency(_ text: String) -> Bool {
        guard isPlainText(text) else { return false }
        return text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { item in
            let parts = item.split(separator: "=", omittingEmptySubsequences: false)
            if parts.count == 2, !["task", "energy", "network", "filesystem"].contains(parts[0].lowercased()) { return false }
            return parts.count <= 2 && digits(parts[parts.count - 1]).map { $0 < 1 << 31 } == true
        }
    }

    static let mailForm =
        "NONE, ALL, BEGIN, END, FAIL, REQUEUE, INVALID_DEPEND, STAGE_OUT, TIME_LIMIT, TIME_LIMIT_90, _80 or _50, parted by commas"

    /// `END,FAIL`, `ALL`; `NONE` is none of all.
    @Sendable static func mailTypes(_ text: String) -> JobSubmission.MailTypes? {
        let words: [String: JobSubmission.MailTypes] = [
            "none": [], "all": .all, "begin": .begin, "end": .end, "fail": .fail, "requeue": .requeue, "stage_out": .stageOut,
            "invalid_depend": .invalidDependency, "time_limit": .timeLimit, "time_limit_90": .timeLimit90, "time_limit_80": .timeLimit80,
            "time_limit_50": .timeLimit50,
        ]
        guard let types: JobSubmission.MailTypes = options(text, words) else { return nil }
        return text.lowercased().split(separator: ",").contains("none") ? [] : types
    }

    /// `all`, `none`, or some of `energy`, `task`, `lustre`, `network`.
    @Sendable static func profile(_ text: String) -> JobSubmission.Profile? {
        switch text.lowercased() {
        case "all": .everything
        case "none": .nothing
        default: options(text, ["energy": .energy, "task": .task, "lustre": .lustre, "network": .network])
        }
    }

    /// `2`, `2@10` (minutes), `2@1:00:00`.
    @Sendable static func switches(_ text: String) -> JobSubmission.Switches? {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let count = count(1...0xffff_fffd)(String(parts[0])) else { return nil }
        guard parts.count == 2 else { return .init(count: count) }
        guard let seconds = seconds(String(parts[1])) else { return nil }
        return .init(count: count, waitSeconds: seconds)
    }

    /// A time in the form of a time limit, in seconds.
    @Sendable static func seconds(_ text: String) -> UInt32? {
        guard let seconds = TimeText.seconds(text), seconds < 0xffff_fffd else { return nil }
        return UInt32(seconds)
    }

    /// `yes` or `no`.
    @Sendable static func yesNo(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "yes": true
        case "no": false
        default: nil
        }
    }

    /// `0` or `1`.
    @Sendable static func zeroOne(_ text: String) -> Bool? {
        switch text {
        case "0": false
        case "1": true
        default: nil
        }
    }
}
