import Foundation

/// Reads and writes RFC 3339 times as numbers, in UTC, without a calendar: thousands of them are decoded per second.
enum RFC3339 {
    /// 0001-01-01T00:00:00Z, Go's zero time.
    static let firstSecond: Int64 = -62_135_596_800
    /// 9999-12-31T23:59:59Z.
    static let lastSecond: Int64 = 253_402_300_799

    /// Microseconds since 1970, rounded down; clamped, so that no date can overflow.
    static func microseconds(of date: Date) -> Int64 {
        // A Date is a Double: rounding first keeps 0.123456 s from becoming 0.123455 s.
        let value = ((date.timeIntervalSince1970 * 1_000_000) + 0.25).rounded(.down)
        guard value.isFinite else { return 0 }
        return Int64(min(max(value, Double(firstSecond) * 1_000_000), Double(lastSecond) * 1_000_000))
    }

    /// `YYYY-MM-DDTHH:MM:SS`, for seconds since 1970 between the years 0001 and 9999.
    static func seconds(_ secondsSince1970: Int64) -> String {
        let days = secondsSince1970.flooredQuotient(by: 86400)
        let second = Int(secondsSince1970 - days * 86400)
        let (year, month, day) = civil(fromDays: days)
        var text: [UInt8] = []
        text.reserveCapacity(20)
        func put(_ value: Int, _ digits: Int, _ separator: UInt8?) {
            var divisor = 1
            for _ in 1..<digits { divisor *= 10 }
            while divisor > 0 {
                text.append(UInt8(ascii: "0") + UInt8((value / divisor) % 10))
                divisor /= 10
            }
            if let separator { text.append(separator) }
        }
        put(year, 4, UInt8(ascii: "-"))
        put(month, 2, UInt8(ascii: "-"))
        put(day, 2, UInt8(ascii: "T"))
        put(second / 3600, 2, UInt8(ascii: ":"))
        put(second / 60 % 60, 2, UInt8(ascii: ":"))
        put(second % 60, 2, nil)
        return String(decoding: text, as: UTF8.self)
    }

    /// Microseconds since 1970, or nil when the text is not an RFC 3339 time between the years 0001 and 9999.
    static func parse(_ text: String) -> Int64? {
        var bytes = text.utf8[...]
        func number(_ digits: Int) -> Int64? {
            guard bytes.count >= digits else { return nil }
            var value: Int64 = 0
            for byte in bytes.prefix(digits) {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            bytes = bytes.dropFirst(digits)
            return value
        }
        func skip(_ allowed: String) -> Bool {
            guard let byte = bytes.first, allowed.utf8.contains(byte) else { return false }
            bytes = bytes.dropFirst()
            return true
        }
        guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2), skip("Tt "),
            let hour = number(2), skip(":"), let minute = number(2), skip(":"), let second = number(2),
            (1...9999).contains(year), (1...12).contains(month), (1...daysIn(month: Int(month), year: Int(year))).contains(Int(day)),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var microseconds: Int64 = 0
        if skip(".") {
            var digits = 0
            while let byte = bytes.first, let digit = Int64(String(UnicodeScalar(byte))) {
                if digits < 6 { microseconds = microseconds * 10 + digit }
                digits += 1
                bytes = bytes.dropFirst()
            }
            guard digits > 0 else { return nil }
            for _ in min(digits, 6)..<6 { microseconds *= 10 }
        }
        var offset: Int64 = 0
        if !skip("Zz") {
            guard let sign = bytes.first, skip("+-"), let hours = number(2), skip(":"), let minutes = number(2), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 3600 + minutes * 60) * (sign == UInt8(ascii: "-") ? -1 : 1)
        }
        guard bytes.isEmpty else { return nil }
        let days = Self.days(fromYear: Int(year), month: Int(month), day: Int(day))
        let total = days * 86400 + hour * 3600 + minute * 60 + second - offset
        guard (firstSecond...lastSecond).contains(total) else { return nil }
        return total * 1_000_000 + microseconds
    }

    private static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 of a Gregorian date: years counted from March, so that the leap day is a year's last.
    private static func days(fromYear year: Int, month: Int, day: Int) -> Int64 {
        let shifted = Int64(month <= 2 ? year - 1 : year)
        let monthFromMarch = Int64((month + 9) % 12)
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + Int64(day) - 1
        let leapDays = shifted.flooredQuotient(by: 4) - shifted.flooredQuotient(by: 100) + shifted.flooredQuotient(by: 400)
        return shifted * 365 + leapDays + dayOfYear - 719_468
    }

    /// The Gregorian date of a number of days since 1970-01-01.
    private static func civil(fromDays days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (Int(year), Int(month), Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1))
    }
}

extension Int64 {
    /// The quotient rounded down, also for numbers below zero.
    func flooredQuotient(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
