import Foundation

/// Numbers as people read them.
public enum Number {
    /// Three significant digits or all of the whole part, no exponent: `0.000912`, `1.25`, `17.3`, `1043`.
    public static func text(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        let magnitude = abs(value)
        if magnitude == 0 { return "0" }
        if magnitude >= 100 { return String(format: "%.0f", value) }
        let digits = max(0, 2 - Int(floor(log10(magnitude))))
        let text = String(format: "%.\(min(digits, 9))f", value)
        guard text.contains(".") else { return text }
        let trimmed = text.reversed().drop { $0 == "0" }
        return String((trimmed.first == "." ? trimmed.dropFirst() : trimmed).reversed())
    }

    /// The value, or a dash where nothing was measured.
    public static func text(_ value: Double?) -> String { value.map { text($0) } ?? "–" }
}
