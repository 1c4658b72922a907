import Foundation
import Testing

@testable import Kubernetes

@Suite("Times of the API")
struct TimestampTests {
    @Test(
        "are read from any RFC 3339 form and written in one",
        arguments: [
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000Z"),
            ("2026-01-31t12:00:00z", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000Z"),
            ("2026-01-31 12:00:00Z", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000Z"),
            ("2026-01-31T12:00:00.1Z", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.100000Z"),
            ("2026-01-31T12:00:00.123456789Z", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123456Z"),
            ("2026-01-31T12:00:00+02:30", "2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000000Z"),
            ("2026-01-31T23:59:59.999999-00:01", "2026-02-01T00:00:59Z", "2026-02-01T00:00:59.999999Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"),
            ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000000Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.500000Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:00.000000Z"),
        ])
    func reading(text: String, seconds: String, micro: String) {
        #expect(Timestamp(text)?.description == seconds)
        #expect(MicroTime(text)?.description == micro)
    }

    @Test(
        "anything else is no time",
        arguments: [
            "", "now", "2026-01-31", "2026-01-31T12:00:00", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+2:00", "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+00:60", "2026-01-01T00:00:00Zx", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01", "20260-01-01T00:00:00Z", "２０２６-01-01T00:00:00Z",
        ])
    func refusing(text: String) {
        #expect(Timestamp(text) == nil)
        #expect(MicroTime(text) == nil)
    }

    @Test("agree with Foundation's calendar on every 7919th hour of 400 years")
    func calendar() {
        let formatter = Date.ISO8601FormatStyle()
        for hour in stride(from: -1_000_000, to: 2_500_000, by: 7919) {
            let date = Date(timeIntervalSince1970: TimeInterval(hour * 3600))
            #expect(Timestamp(date).description == date.formatted(formatter))
            #expect(Timestamp(date.formatted(formatter)) == Timestamp(date))
        }
    }

    @Test("dates beyond all bounds are clamped")
    func clamping() {
        #expect(Timestamp(.distantPast).description == "0001-01-01T00:00:00Z")
        #expect(Timestamp(Date(timeIntervalSince1970: .infinity)).description == "1970-01-01T00:00:00Z")
        #expect(Timestamp(secondsSince1970: .max).description == "9999-12-31T23:59:59Z")
        #expect(MicroTime(microsecondsSince1970: .min).description == "0001-01-01T00:00:00.000000Z")
    }

    @Test("a date keeps its microseconds on the way there and back")
    func roundTrip() throws {
        for microsecond in [0, 1, 123_455, 123_456, 999_999] {
            let time = MicroTime(microsecondsSince1970: 1_764_000_000_000_000 + Int64(microsecond))
            #expect(MicroTime(time.date) == time)
            #expect(try JSONDecoder().decode([MicroTime].self, from: JSONEncoder().encode([time])) == [time])
        }
    }

    @Test("a time that is none makes the object undecodable, by a clear error")
    func decoding() {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Timestamp].self, from: Data(#"["soon"]"#.utf8)) }
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([MicroTime].self, from: Data(#"[12]"#.utf8)) }
    }
}
