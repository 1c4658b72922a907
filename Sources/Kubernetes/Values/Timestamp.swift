import Foundation

/// A time of the API with whole seconds (metav1.Time), written as RFC 3339 in UTC: `2026-01-31T12:00:00Z`.
///
/// Any RFC 3339 time is read, also one with a fraction (cut off) or an offset.
public struct Timestamp: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z, between the years 0001 and 9999.
    public let secondsSince1970: Int64

    /// Takes seconds since 1970; a time outside of the years 0001 to 9999 becomes the nearest one inside.
    public init(secondsSince1970: Int64) {
        self.secondsSince1970 = min(max(secondsSince1970, RFC3339.firstSecond), RFC3339.lastSecond)
    }

    /// Cuts the fraction of a second off.
    public init(_ date: Date) {
        self.init(secondsSince1970: RFC3339.microseconds(of: date).flooredQuotient(by: 1_000_000))
    }

    /// Reads RFC 3339 text; nil when it is not.
    public init?(_ text: String) {
        guard let microseconds = RFC3339.parse(text) else { return nil }
        self.init(secondsSince1970: microseconds.flooredQuotient(by: 1_000_000))
    }

    /// The same time as Foundation's type.
    public var date: Date { Date(timeIntervalSince1970: TimeInterval(secondsSince1970)) }

    /// RFC 3339 in UTC without a fraction.
    public var description: String { RFC3339.seconds(secondsSince1970) + "Z" }

    /// The earlier time is the lesser.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.secondsSince1970 < right.secondsSince1970 }

    /// Reads a JSON string.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 time: \(text.prefix(40))")
        }
        self = value
    }

    /// Writes a JSON string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A time of the API with microseconds (metav1.MicroTime), written with exactly six fraction digits: `2026-01-31T12:00:00.000000Z`.
///
/// The API server answers 422 to a lease whose times have fewer digits.
public struct MicroTime: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// Microseconds since 1970-01-01T00:00:00Z, between the years 0001 and 9999.
    public let microsecondsSince1970: Int64

    /// Takes microseconds since 1970; a time outside of the years 0001 to 9999 becomes the nearest one inside.
    public init(microsecondsSince1970: Int64) {
        let first = RFC3339.firstSecond * 1_000_000
        let last = RFC3339.lastSecond * 1_000_000 + 999_999
        self.microsecondsSince1970 = min(max(microsecondsSince1970, first), last)
    }

    /// Cuts everything finer than a microsecond off.
    public init(_ date: Date) { self.init(microsecondsSince1970: RFC3339.microseconds(of: date)) }

    /// Reads RFC 3339 text; nil when it is not.
    public init?(_ text: String) {
        guard let microseconds = RFC3339.parse(text) else { return nil }
        self.init(microsecondsSince1970: microseconds)
    }

    /// The same time as Foundation's type.
    public var date: Date { Date(timeIntervalSince1970: TimeInterval(microsecondsSince1970) / 1_000_000) }

    /// RFC 3339 in UTC with six fraction digits.
    public var description: String {
        let seconds = microsecondsSince1970.flooredQuotient(by: 1_000_000)
        let fraction = String(microsecondsSince1970 - seconds * 1_000_000)
        return RFC3339.seconds(seconds) + "." + String(repeating: "0", count: 6 - fraction.count) + fraction + "Z"
    }

    /// The earlier time is the lesser.
    public static func < (left: MicroTime, right: MicroTime) -> Bool { left.microsecondsSince1970 < right.microsecondsSince1970 }

    /// Reads a JSON string.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = MicroTime(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 time: \(text.prefix(40))")
        }
        self = value
    }

    /// Writes a JSON string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
