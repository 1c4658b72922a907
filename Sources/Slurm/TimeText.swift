import Foundation

/// Times as sbatch(1) writes them.
enum TimeText {
    static let limitForm = "minutes, minutes:seconds, hours:minutes:seconds, days-hours[:minutes[:seconds]] or UNLIMITED"
    static let pointForm =
        "now[+N[seconds|minutes|hours|days|weeks]], HH:MM[:SS][am|pm], YYYY-MM-DD[THH:MM[:SS]], MM/DD[/YY], today, tomorrow, midnight, noon, fika or teatime"

    /// A time limit; seconds round up to a whole minute, 0 is no limit.
    @Sendable static func limit(_ text: String) -> JobSubmission.TimeLimit? {
        if ["infinite", "unlimited", "-1"].contains(text.lowercased()) { return .unlimited }
        guard let seconds = seconds(text) else { return nil }
        let minutes = seconds / 60 + (seconds % 60 == 0 ? 0 : 1)
        guard minutes < 0xffff_fffd else { return nil }
        return minutes == 0 ? .unlimited : .minutes(UInt32(minutes))
    }

    /// Seconds of a time limit, 0 included.
    static func seconds(_ text: String) -> UInt64? {
        let dayParts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let clock = (dayParts.last ?? "").split(separator: ":", omittingEmptySubsequences: false)
        guard (1...3).contains(clock.count) else { return nil }
        let numbers = clock.compactMap { FlagValue.digits($0) }
        guard numbers.count == clock.count else { return nil }
        let units: [UInt64]
        var days: UInt64 = 0
        if dayParts.count == 2 {
            guard let number = FlagValue.digits(dayParts[0]) else { return nil }
            days = number
            units = [3600, 60, 1]
        } else {
            units = numbers.count == 3 ? [3600, 60, 1] : [60, 1]
        }
        // The numbers are not bounded (90:00 is 90 minutes), only their sum is.
        var total = days.multipliedReportingOverflow(by: 86_400)
        for (number, unit) in zip(numbers, units) {
            let product = number.multipliedReportingOverflow(by: unit)
            let sum = total.partialValue.addingReportingOverflow(product.partialValue)
            total = (sum.partialValue, total.overflow || product.overflow || sum.overflow)
        }
        return total.overflow ? nil : total.partialValue
    }

    /// A point in time, in seconds since 1970 UTC.
    static func point(_ text: String, now: Date, timeZone: TimeZone) -> Int64? {
        guard text.utf8.count <= 64 else { return nil }
        let text = text.lowercased()
        if text.hasPrefix("now") { return relative(text.dropFirst(3), now: now) }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = timeZone
        guard let date = named(text, now, calendar) ?? clock(text[...], now, calendar) ?? dated(text, now, calendar) else { return nil }
        let seconds = date.timeIntervalSince1970
        return seconds > 0 && seconds < 253_402_300_800 ? Int64(seconds) : nil
    }

    /// What may stand behind `now`: nothing, or `+N` and a unit that may be shortened.
    private static func relative(_ text: Substring, now: Date) -> Int64? {
        let start = Int64(now.timeIntervalSince1970)
        if text.isEmpty { return start }
        guard text.first == "+" else { return nil }
        let digits = text.dropFirst().prefix { $0.isASCII && $0.isNumber }
        guard let number = FlagValue.digits(digits), number < 1 << 32 else { return nil }
        let unit = text.dropFirst(1 + digits.count)
        let units: [(name: String, seconds: Int64)] = [
            ("seconds", 1), ("minutes", 60), ("hours", 3600), ("days", 86_400), ("weeks", 604_800),
        ]
        if unit.isEmpty { return start + Int64(number) }
        guard let match = units.first(where: { $0.name == unit || $0.name.dropLast() == unit }) else { return nil }
        return start + Int64(number) * match.seconds
    }

    private static func named(_ text: String, _ now: Date, _ calendar: Calendar) -> Date? {
        switch text {
        case "today": calendar.startOfDay(for: now)
        case "tomorrow": calendar.date(byAdding: .day, value: 1, to: calendar.startOfDay(for: now))
        case "midnight": next(hour: 0, minute: 0, second: 0, now, calendar)
        case "noon": next(hour: 12, minute: 0, second: 0, now, calendar)
        case "fika": next(hour: 15, minute: 0, second: 0, now, calendar)
        case "teatime": next(hour: 16, minute: 0, second: 0, now, calendar)
        default: nil
        }
    }

    /// The next time that a clock shows this.
    private static func next(hour: Int, minute: Int, second: Int, _ now: Date, _ calendar: Calendar) -> Date? {
        guard let today = calendar.date(bySettingHour: hour, minute: minute, second: second, of: now) else { return nil }
        return today > now ? today : calendar.date(byAdding: .day, value: 1, to: today)
    }

    private static func clock(_ text: Substring, _ now: Date, _ calendar: Calendar) -> Date? {
        guard let time = clockParts(text) else { return nil }
        return next(hour: time.hour, minute: time.minute, second: time.second, now, calendar)
    }

    /// `HH:MM[:SS]`, with am or pm behind it perhaps.
    private static func clockParts(_ text: Substring) -> (hour: Int, minute: Int, second: Int)? {
        var body = text
        var isAfternoon: Bool?
        if body.hasSuffix("am") || body.hasSuffix("pm") {
            isAfternoon = body.hasSuffix("pm")
            body = body.dropLast(2)
            while body.last == " " { body.removeLast() }
        }
        let parts = body.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { $0.count <= 2 ? FlagValue.digits($0).map(Int.init) : nil }
        guard (2...3).contains(parts.count), numbers.count == parts.count else { return nil }
        var hour = numbers[0]
        let second = numbers.count == 3 ? numbers[2] : 0
        if let isAfternoon {
            guard (1...12).contains(hour) else { return nil }
            hour = hour % 12 + (isAfternoon ? 12 : 0)
        }
        guard hour < 24, numbers[1] < 60, second < 60 else { return nil }
        return (hour, numbers[1], second)
    }

    /// `YYYY-MM-DD[THH:MM[:SS]]`, `MM/DD[/YY][-HH:MM[:SS]]`.
    private static func dated(_ text: String, _ now: Date, _ calendar: Calendar) -> Date? {
        let mark: Character = text.contains("/") ? "-" : "t"
        let parts = text.split(separator: mark, maxSplits: 1, omittingEmptySubsequences: false)
        guard let day = dayParts(parts[0], now, calendar) else { return nil }
        var components = day
        if parts.count == 2 {
            guard let time = clockParts(parts[1]) else { return nil }
            (components.hour, components.minute, components.second) = (time.hour, time.minute, time.second)
        }
        guard let date = calendar.date(from: components) else { return nil }
        // 2026-02-31 would become a day of March.
        let back = calendar.dateComponents([.month, .day], from: date)
        return back.month == components.month && back.day == components.day ? date : nil
    }

    private static func dayParts(_ text: Substring, _ now: Date, _ calendar: Calendar) -> DateComponents? {
        let isAmerican = text.contains("/")
        let parts = text.split(separator: isAmerican ? "/" : "-", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { $0.count <= 4 ? FlagValue.digits($0).map(Int.init) : nil }
        guard numbers.count == parts.count else { return nil }
        if isAmerican {
            guard (2...3).contains(numbers.count) else { return nil }
            let year = numbers.count == 3 ? (numbers[2] < 100 ? 2000 + numbers[2] : numbers[2]) : calendar.component(.year, from: now)
            return DateComponents(year: year, month: numbers[0], day: numbers[1])
        }
        guard numbers.count == 3, parts[0].count == 4 else { return nil }
        return DateComponents(year: numbers[0], month: numbers[1], day: numbers[2])
    }
}
