/// What one check of `hpk-kubelet doctor` found.
public struct DoctorFinding: Sendable, Equatable, Codable {
    /// How it stands.
    public enum Verdict: String, Sendable, Codable, CaseIterable {
        case ok = "OK"
        /// The agent runs, with something less or at a risk.
        case warning = "WARN"
        /// The agent, or its pods, will not run.
        case failure = "FAIL"
        /// Could not be checked, because of another finding.
        case skipped = "SKIP"
    }

    /// Name of the check, as `slurm.conf`.
    public var check: String
    public var verdict: Verdict
    /// One line: what was found.
    public var found: String
    /// One line: what to do; nil where there is nothing to do.
    public var advice: String?

    init(_ check: String, _ verdict: Verdict, _ found: String, advice: String? = nil) {
        self.check = check
        self.verdict = verdict
        self.found = Self.oneLine(found)
        self.advice = advice.map(Self.oneLine)
    }

    /// Words of other programs may hold anything.
    private static func oneLine(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).map { $0.trimmingWhitespace }.filter { !$0.isEmpty }.joined(separator: "; ")
        return String(String.UnicodeScalarView(line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }).prefix(600))
    }
}

extension Substring {
    fileprivate var trimmingWhitespace: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}

/// All findings.
public struct DoctorReport: Sendable, Equatable, Codable {
    public var findings: [DoctorFinding]

    /// Whether nothing fails; warnings do not count.
    public var isHealthy: Bool { !findings.contains { $0.verdict == .failure } }

    /// One or two lines a finding, and a summary.
    public var text: String {
        let width = findings.map(\.check.count).max() ?? 0
        func padded(_ text: String, _ count: Int) -> String { text + String(repeating: " ", count: max(0, count - text.count)) }
        var lines: [String] = []
        for finding in findings {
            lines.append("\(padded(finding.verdict.rawValue, 5)) \(padded(finding.check, width))  \(finding.found)")
            if let advice = finding.advice { lines.append(padded("", 6 + width) + "  -> \(advice)") }
        }
        let counts = DoctorFinding.Verdict.allCases.compactMap { verdict -> String? in
            let count = findings.count { $0.verdict == verdict }
            return count > 0 ? "\(count) \(verdict.rawValue)" : nil
        }
        return (lines + [counts.joined(separator: ", ")]).joined(separator: "\n") + "\n"
    }
}
