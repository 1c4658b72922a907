/// A time of the Unix epoch as RFC 3339 text in UTC with nine decimal places: `2026-11-24T22:00:00.123456789Z`.
enum Timestamp {
    static func format(_ nanoseconds: Int64) -> [UInt8] {
        let second: Int64 = 1_000_000_000
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: second)
        let whole = remainder < 0 ? quotient - 1 : quotient
        let fraction = nanoseconds - whole * second
        let day = whole >= 0 ? whole / 86400 : (whole - 86399) / 86400
        let inDay = whole - day * 86400
        let date = civil(day)
        var text: [UInt8] = []
        text.reserveCapacity(30)
        append(&text, date.year, 4)
        text.append(UInt8(ascii: "-"))
        append(&text, date.month, 2)
        text.append(UInt8(ascii: "-"))
        append(&text, date.day, 2)
        text.append(UInt8(ascii: "T"))
        append(&text, inDay / 3600, 2)
        text.append(UInt8(ascii: ":"))
        append(&text, inDay / 60 % 60, 2)
        text.append(UInt8(ascii: ":"))
        append(&text, inDay % 60, 2)
        text.append(UInt8(ascii: "."))
        append(&text, fraction, 9)
        text.append(UInt8(ascii: "Z"))
        return text
    }

    private static func append(_ text: inout [UInt8], _ value: Int64, _ digits: Int) {
        var rest = value
        let start = text.count
        for _ in 0..<digits { text.append(0) }
        for index in stride(from: start + digits - 1, through: start, by: -1) {
            text[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// Year, month and day of the Gregorian calendar, counted in eras of 400 years that start on a first of March.
    private static func civil(_ daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = daysSinceEpoch + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
