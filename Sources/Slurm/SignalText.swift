/// Signals as `--signal` writes them.
enum SignalText {
    /// Linux's numbers on the machines that Slurm runs on.
    private static let numbers: [String: UInt16] = [
        "HUP": 1, "INT": 2, "QUIT": 3, "ABRT": 6, "KILL": 9, "USR1": 10, "USR2": 12, "ALRM": 14, "TERM": 15, "CONT": 18, "STOP": 19,
        "TSTP": 20, "TTIN": 21, "TTOU": 22, "URG": 23, "XCPU": 24,
    ]

    /// `[R][B]:signal[@seconds]` or `signal[@seconds]`; 60 seconds when none are given.
    @Sendable static func warning(_ text: String) -> JobSubmission.WarningSignal? {
        var rest = text[...]
        var result = JobSubmission.WarningSignal(signal: 0)
        if let colon = rest.firstIndex(of: ":") {
            let options = rest[..<colon].uppercased()
            guard !options.isEmpty, options.count <= 2, Set(options).count == options.count, options.allSatisfy({ "RB".contains($0) })
            else {
                return nil
            }
            result.batchOnly = options.contains("B")
            result.reservationOverlap = options.contains("R")
            rest = rest[rest.index(after: colon)...]
        }
        let parts = rest.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, let signal = number(name) else { return nil }
        result.signal = signal
        if parts.count == 2 {
            guard let seconds = FlagValue.digits(parts[1]), let time = UInt16(exactly: seconds) else { return nil }
            result.secondsBeforeEnd = time
        }
        return result
    }

    /// A name with or without SIG, or a number from 1 to 64.
    private static func number(_ text: Substring) -> UInt16? {
        if let digits = FlagValue.digits(text) { return (1...64).contains(digits) ? UInt16(digits) : nil }
        let name = text.uppercased()
        return numbers[name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name]
    }
}
