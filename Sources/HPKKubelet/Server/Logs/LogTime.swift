/// A moment as a container's log and the API write it: RFC 3339 with up to nine fraction digits.
public struct LogTime: Sendable, Equatable, Comparable {
    /// Seconds since the Unix epoch.
    public var seconds: Int64
    /// 0 to 999 999 999.
    public var nanoseconds: Int64
    /// The zone it was written in, as minutes east of UTC; no part of comparisons.
    public var offsetMinutes: Int

    public init(seconds: Int64, nanoseconds: Int64, offsetMinutes: Int = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
        self.offsetMinutes = offsetMinutes
    }

    /// Reads RFC 3339 text; nil for anything else.
    public init?(_ text: some Collection<UInt8>) {
        let bytes = Array(text.prefix(64))
        guard bytes.count >= 20, bytes.count < 64 else { return nil }
        func digits(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (48...57).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            return value
        }
        guard let year = digits(0..<4), bytes[4] == 45, let month = digits(5..<7), bytes[7] == 45, let day = digits(8..<10),
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"),
            let hour = digits(11..<13), bytes[13] == 58, let minute = digits(14..<16), bytes[16] == 58, let second = digits(17..<19),
            (1...12).contains(month), day >= 1, day <= Self.days(in: month, of: year), hour < 24, minute < 60, second < 60
        else { return nil }
        var index = 19
        var nanoseconds: Int64 = 0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            var scale: Int64 = 100_000_000
            let first = index
            while index < bytes.count, (48...57).contains(bytes[index]) {
                nanoseconds += Int64(bytes[index] - 48) * scale
                scale /= 10
                index += 1
            }
            guard index > first else { return nil }
        }
        guard index < bytes.count else { return nil }
        var offset: Int64 = 0
        switch bytes[index] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"):
            guard index + 1 == bytes.count else { return nil }
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard index + 6 == bytes.count, bytes[index + 3] == 58, let hours = digits((index + 1)..<(index + 3)),
                let minutes = digits((index + 4)..<(index + 6)), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * (bytes[index] == UInt8(ascii: "-") ? -1 : 1)
        default:
            return nil
        }
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset * 60
        self.nanoseconds = nanoseconds
        offsetMinutes = Int(offset)
    }

    public static func < (left: LogTime, right: LogTime) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    public static func == (left: LogTime, right: LogTime) -> Bool {
        (left.seconds, left.nanoseconds) == (right.seconds, right.nanoseconds)
    }

    /// With always nine fraction digits, in the zone it was read in: how the kubelet prefixes lines.
    public var fixedDescription: String {
        "\(calendar).\(Self.padded(nanoseconds, 9))\(zone)"
    }

    /// Without a fraction.
    public var secondsDescription: String { calendar + zone }

    private var zone: String {
        guard offsetMinutes != 0 else { return "Z" }
        let size = Int64(abs(offsetMinutes))
        return "\(offsetMinutes < 0 ? "-" : "+")\(Self.padded(size / 60, 2)):\(Self.padded(size % 60, 2))"
    }

    private var calendar: String {
        let local = seconds + Int64(offsetMinutes) * 60
        let days = (local >= 0 ? local : local - 86_399) / 86_400
        let second = local - days * 86_400
        let (year, month, day) = Self.date(daysSinceEpoch: days)
        let date = "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))"
        return "\(date)T\(Self.padded(second / 3600, 2)):\(Self.padded(second / 60 % 60, 2)):\(Self.padded(second % 60, 2))"
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    private static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Counts whole 400-year cycles of the Gregorian calendar from March, so that the leap day comes last.
    private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let cycle = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfCycle = shifted - cycle * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return cycle * 146_097 + yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear - 719_468
    }

    private static func date(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = daysSinceEpoch + 719_468
        let cycle = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfCycle = days - cycle * 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}
