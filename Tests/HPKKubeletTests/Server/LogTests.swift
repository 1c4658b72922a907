import Testing

@testable import HPKKubelet

private func options(_ change: (inout LogOptions) -> Void) -> LogOptions {
    var options = LogOptions()
    change(&options)
    return options
}

@Suite("Log reading, the pure part")
struct LogTests {
    @Test(
        "Times are read as RFC 3339 and written with nine digits in their own zone",
        arguments: [
            ("2026-11-24T10:00:00.5Z", "2026-11-24T10:00:00.500000000Z", 1_795_514_400),
            ("2026-11-24T10:00:00.123456789+05:30", "2026-11-24T10:00:00.123456789+05:30", 1_795_494_600),
            ("2024-02-29T23:59:59-01:00", "2024-02-29T23:59:59.000000000-01:00", 1_709_254_799),
            ("1969-12-31T23:59:59.000000001Z", "1969-12-31T23:59:59.000000001Z", -1),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000000Z", -62_135_596_800),
        ])
    func times(text: String, written: String, seconds: Int64) throws {
        let time = try #require(LogTime(Array(text.utf8)))
        #expect(time.fixedDescription == written)
        #expect(time.seconds == seconds)
    }

    @Test(
        "What is no RFC 3339 time is refused",
        arguments: [
            "", "now", "2026-11-24", "2026-11-24T10:00:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-24T24:00:00Z",
            "2026-11-24T10:00:00.Z", "2026-11-24T10:00:00Zx", "2026-11-24 10:00:00Z", "2026-11-24T10:00:00+0530", "-026-11-24T10:00:00Z",
        ])
    func badTimes(text: String) {
        #expect(LogTime(Array(text.utf8)) == nil)
    }

    @Test(
        "Entries are read in the format of the Container Runtime Interface",
        arguments: [
            ("2026-11-24T10:00:00Z stdout F hello\n", "hello\n"),
            ("2026-11-24T10:00:00Z stderr P part\n", "part"),
            ("2026-11-24T10:00:00Z stdout F:x:y tagged\n", "tagged\n"),
            ("2026-11-24T10:00:00Z stdout F \n", "\n"),
            ("2026-11-24T10:00:00Z stdout F  two  spaces \n", " two  spaces \n"),
            ("2026-11-24T10:00:00Z stdout F cut", "cut"),
        ])
    func entries(raw: String, text: String) throws {
        let line = try #require(LogLine(Array(raw.utf8)[...]))
        #expect(String(decoding: line.text, as: UTF8.self) == text)
    }

    @Test(
        "Damaged entries are no entries",
        arguments: [
            "", "\n", "hello\n", "2026-11-24T10:00:00Z\n", "2026-11-24T10:00:00Z stdout\n", "2026-11-24T10:00:00Z stdin F x\n",
            "2026-11-24T10:00:00Z stdout X x\n", "x stdout F x\n",
        ])
    func damaged(raw: String) {
        #expect(LogLine(Array(raw.utf8)[...]) == nil)
    }

    @Test("Lines come out the same whatever the sizes of the pieces", arguments: 0..<20)
    func splitting(seed: UInt64) {
        var random = SeededGenerator(seed)
        let text = (0..<200).map { "line \($0) \(String(repeating: "x", count: Int.random(in: 0...300, using: &random)))\n" }
        var rest = Array((text.joined() + "no end").utf8)[...]
        var splitter = LineSplitter()
        var lines: [String] = []
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...700, using: &random))
            rest = rest.dropFirst(piece.count)
            splitter.append(piece)
            while let line = splitter.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        }
        #expect(lines == text)
        #expect(String(decoding: splitter.pending, as: UTF8.self) == "no end")
    }

    @Test("A line longer than any supervisor writes is thrown away without filling the memory")
    func endlessLine() {
        var splitter = LineSplitter()
        splitter.append(Array("before\n".utf8))
        #expect(splitter.next().map { String(decoding: $0, as: UTF8.self) } == "before\n")
        for _ in 0..<40 {
            splitter.append([UInt8](repeating: 120, count: 64 << 10))
            #expect(splitter.next() == nil)
            #expect(splitter.pending.count <= LineSplitter.longestLine + (64 << 10))
        }
        splitter.append(Array("\nafter\n".utf8))
        #expect(splitter.next().map { String(decoding: $0, as: UTF8.self) } == "after\n")
    }

    private func tail(_ text: String, _ lines: Int64, block: Int64) -> String {
        let bytes = Array(text.utf8)
        let tail = TailFinder.find(lines: lines, size: Int64(bytes.count), blockSize: block) { offset, count in
            Array(bytes[Int(offset)..<min(bytes.count, Int(offset + count))])
        }
        return String(decoding: bytes[Int(tail.offset)...], as: UTF8.self)
    }

    @Test(
        "The tail begins at the right line",
        arguments: [
            ("a\nb\nc\n", 1, "c\n"), ("a\nb\nc\n", 2, "b\nc\n"), ("a\nb\nc\n", 3, "a\nb\nc\n"), ("a\nb\nc\n", 9, "a\nb\nc\n"),
            ("a\nb\nc\n", 0, ""),
            ("a\nb\nc", 1, "c"), ("a\nb\nc", 2, "b\nc"), ("\n\n\n", 2, "\n\n"), ("", 3, ""), ("x", 1, "x"),
        ])
    func tails(text: String, lines: Int64, expected: String) {
        for block in [1, 2, 3, 64] as [Int64] { #expect(tail(text, lines, block: block) == expected) }
    }

    @Test("The tail agrees with cutting the whole text, for random texts and block sizes", arguments: 0..<30)
    func randomTails(seed: UInt64) {
        var random = SeededGenerator(seed)
        let lines = (0..<Int.random(in: 1...60, using: &random)).map { _ in
            String(repeating: "y", count: Int.random(in: 0...20, using: &random)) + "\n"
        }
        let wanted = Int.random(in: 1...70, using: &random)
        #expect(tail(lines.joined(), Int64(wanted), block: .random(in: 1...50, using: &random)) == lines.suffix(wanted).joined())
    }

    private func filter(_ lines: [String], _ change: (inout LogOptions) -> Void) -> String {
        var options = LogOptions()
        change(&options)
        var filter = LogFilter(options)
        var output: [UInt8] = []
        for line in lines { if let entry = LogLine(Array(line.utf8)[...]) { filter.append(entry, to: &output) } }
        return String(decoding: output, as: UTF8.self)
    }

    private let sample = [
        "2026-11-24T10:00:00Z stdout P Hello, \n", "2026-11-24T10:00:01Z stdout F world\n", "2026-11-24T10:00:02Z stderr F again\n",
    ]

    @Test("Partial entries are joined, with one time stamp for the whole line")
    func partial() {
        #expect(filter(sample) { _ in } == "Hello, world\nagain\n")
        #expect(
            filter(sample) { $0.timestamps = true }
                == "2026-11-24T10:00:00.000000000Z Hello, world\n2026-11-24T10:00:02.000000000Z again\n")
    }

    @Test("Since leaves out older entries and keeps the one at that very time")
    func since() {
        #expect(filter(sample) { $0.since = LogTime(Array("2026-11-24T10:00:02Z".utf8)) } == "again\n")
        #expect(filter(sample) { $0.since = LogTime(Array("2026-11-24T10:00:02.000000001Z".utf8)) } == "")
    }

    @Test(
        "The limit cuts within a line and counts time stamps",
        arguments: [(1, "H"), (7, "Hello, "), (9, "Hello, wo"), (13, "Hello, world\n"), (900, "Hello, world\nagain\n")])
    func limit(bytes: Int64, expected: String) {
        #expect(filter(sample) { $0.limitBytes = bytes } == expected)
        #expect(filter(sample) { ($0.limitBytes, $0.timestamps) = (bytes, true) }.utf8.count == min(Int(bytes), 81))
    }

    @Test(
        "Queries are read as the kubelet does",
        arguments: [
            ("follow=true&previous=1&timestamps=", options { ($0.follow, $0.previous, $0.timestamps) = (true, true, true) }),
            ("follow=false&previous=0&pretty=x&unknown=1", LogOptions()),
            ("tailLines=0&limitBytes=5", options { ($0.tailLines, $0.limitBytes) = (0, 5) }),
            ("tail=all", LogOptions()),
            ("tail=7", options { $0.tailLines = 7 }),
            ("sinceSeconds=10", options { $0.since = LogTime(seconds: 90, nanoseconds: 5) }),
            ("sinceTime=1970-01-01T00%3A01%3A00%2B00:00", options { $0.since = LogTime(seconds: 60, nanoseconds: 0) }),
            ("sinceSeconds=9223372036854775807", options { $0.since = LogTime(seconds: 100 - Int64.max, nanoseconds: 5) }),
        ])
    func queries(query: String, expected: LogOptions) throws {
        let target = try RequestTarget("/x?" + query)
        #expect(try LogOptions(query: target.query, now: LogTime(seconds: 100, nanoseconds: 5)) == expected)
    }

    @Test(
        "Bad queries are refused with the reason",
        arguments: [
            ("follow=maybe", 400), ("tailLines=x", 400), ("tailLines=-1", 422), ("limitBytes=0", 422), ("sinceSeconds=0", 422),
            ("sinceTime=yesterday", 400),
            ("sinceSeconds=1&sinceTime=1970-01-01T00:01:00Z", 422), ("follow=true&follow=false", 400),
            ("tailLines=99999999999999999999", 400), ("tailLines=", 400),
        ])
    func badQueries(query: String, status: Int) throws {
        let target = try RequestTarget("/x?" + query)
        let fault = #expect(throws: HTTPFault.self) { try LogOptions(query: target.query, now: LogTime(seconds: 100, nanoseconds: 0)) }
        #expect(fault?.status == status)
    }
}
