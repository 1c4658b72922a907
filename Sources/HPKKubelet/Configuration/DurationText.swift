/// Reads durations as Go programs do (`time.ParseDuration`), which is how the original's users write them: `90s`, `1m30s`, `1.5h`, `0`.
enum DurationText {
    /// A duration of at least `minimum` and at most 10 years.
    static func parse(_ text: String, minimum: Duration) throws(ValueRefusal) -> Duration {
        guard let value = duration(text) else {
            throw ValueRefusal(problem: "not a duration", advice: "Give numbers with units, e.g. 30s, 5m or 1h30m.")
        }
        guard value >= minimum, value <= .seconds(315_360_000) else {
            throw ValueRefusal(problem: "not between \(minimum) and 10 years", advice: "Give a duration in that range, e.g. 60s.")
        }
        return value
    }

    private static let unitSeconds: [String: Double] = [
        "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600,
    ]

    private static func duration(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        guard !text.isEmpty else { return nil }
        var rest = text[...]
        var seconds = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(digits), let factor = unitSeconds[String(unit)] else { return nil }
            seconds += number * factor
        }
        return seconds < 1e12 ? .seconds(seconds) : nil
    }
}
