import Foundation
import Testing

@testable import Slurm

@Suite("Times in sbatch's notation")
struct TimeTextTests {
    @Test(
        "limits",
        arguments: [
            ("90", .minutes(90)), ("1:30", .minutes(2)), ("1:00", .minutes(1)), ("90:00", .minutes(90)), ("2:00:00", .minutes(120)),
            ("0:0:1", .minutes(1)), ("1-0", .minutes(1440)), ("1-2", .minutes(1560)), ("1-2:30", .minutes(1590)),
            ("1-2:30:30", .minutes(1591)), ("0", .unlimited), ("0:00", .unlimited), ("UNLIMITED", .unlimited), ("infinite", .unlimited),
            ("-1", .unlimited),
        ] as [(String, JobSubmission.TimeLimit)])
    func limit(text: String, expected: JobSubmission.TimeLimit) {
        #expect(TimeText.limit(text) == expected)
    }

    @Test(
        "limits that make no sense",
        arguments: ["", ":", "1:", "-", "1-", "-2", "1:2:3:4", "1h", "१", "184467440737095516160", "9223372036854775807-0"])
    func badLimit(text: String) {
        #expect(TimeText.limit(text) == nil)
    }

    /// 2026-03-10 12:00:00 UTC; Athens is two hours ahead then.
    private let now = Date(timeIntervalSince1970: 1_773_144_000)

    @Test(
        "points",
        arguments: [
            ("now", 0), ("now+60", 60), ("now+90seconds", 90), ("now+1second", 1), ("now+2minutes", 120), ("now+1hour", 3600),
            ("now+1day", 86_400), ("now+1week", 604_800), ("12:00", 86_400), ("12:01", 60), ("11:59:30", 86_370), ("1:30pm", 5400),
            ("12:00am", 43_200), ("2026-03-10T13:00", 3600), ("2026-03-10T13:00:05", 3605), ("2026-03-11", 43_200), ("03/11", 43_200),
            ("03/11/26", 43_200), ("03/11/2026-01:00", 46_800), ("today", -43_200), ("tomorrow", 43_200), ("midnight", 43_200),
            ("noon", 86_400), ("teatime", 14_400), ("TEATIME", 14_400),
        ] as [(String, Int64)])
    func point(text: String, offset: Int64) {
        #expect(TimeText.point(text, now: now, timeZone: .gmt) == 1_773_144_000 + offset)
    }

    @Test("points are read in the given time zone")
    func timeZone() throws {
        let athens = try #require(TimeZone(identifier: "Europe/Athens"))
        #expect(TimeText.point("2026-03-10T14:00", now: now, timeZone: athens) == 1_773_144_000)
        #expect(TimeText.point("15:00", now: now, timeZone: athens) == 1_773_147_600)
    }

    @Test(
        "points that make no sense",
        arguments: [
            "", "later", "24:00", "12:60", "12", "13:00pm", "0:30pm", "2026-13-01", "2026-02-30", "26-03-10", "13/01", "now+", "now+x",
            "now+99999999999", "now + 1", "1969-12-31", "9999999-01-01",
        ])
    func badPoint(text: String) {
        #expect(TimeText.point(text, now: now, timeZone: .gmt) == nil)
    }
}
