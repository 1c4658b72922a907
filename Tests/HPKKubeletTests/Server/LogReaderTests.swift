import Foundation
import Testing

@testable import HPKKubelet

@Suite("Log reading from files and the live stream", .timeLimit(.minutes(1)))
struct LogReaderTests {
    @Test(
        "Rotated files are read in order, and the tail reaches back over them",
        arguments: [(nil, 0), (1, 29), (10, 20), (11, 19), (25, 5), (30, 0), (99, 0), (0, 30)])
    func rotated(tail: Int64?, first: Int) async throws {
        let log = try LogFixture()
        for part in 0..<3 {
            if part > 0 { try log.rotate() }
            try log.append(LogFixture.entries((part * 10)..<(part * 10 + 10)))
        }
        #expect(try await log.read { $0.tailLines = tail } == LogFixture.texts(first..<30))
    }

    @Test("A last line without its end is shown")
    func unfinishedLine() async throws {
        let log = try LogFixture()
        try log.append(LogFixture.entry(1) + "2026-11-24T10:00:01Z stdout F not yet")
        #expect(try await log.read() == "line 1\nnot yet")
        #expect(try await log.read { $0.tailLines = 1 } == "not yet")
    }

    @Test("The tail of a big file is found without reading it whole")
    func bigTail() async throws {
        let log = try LogFixture()
        let line = "2026-11-24T10:00:00Z stdout F " + String(repeating: "z", count: 970) + "\n"
        try log.append(String(repeating: line, count: 20_000) + LogFixture.entries(0..<3))
        let file = try #require(try LogFile.open(log.path))
        var read: Int64 = 0
        let tail = try TailFinder.find(lines: 3, size: try file.size()) { offset, count in
            read += count
            return try file.read(at: offset, count: count)
        }
        #expect(tail.lines == 3)
        #expect(read <= TailFinder.blockSize)
        #expect(try await log.read { $0.tailLines = 3 } == LogFixture.texts(0..<3))
    }

    @Test("No file at all reads as nothing; a folder or link in its place is an error")
    func noFile() async throws {
        let log = try LogFixture()
        #expect(try await log.read() == "")
        try FileManager.default.createDirectory(atPath: log.path, withIntermediateDirectories: true)
        await #expect(throws: LogFileError.self) { try await log.read() }
        try FileManager.default.removeItem(atPath: log.path)
        try FileManager.default.createSymbolicLink(atPath: log.path, withDestinationPath: "/etc/hostname")
        await #expect(throws: LogFileError.self) { try await log.read() }
    }

    @Test("Without a supervisor the file is followed, over rotations, until the container ends")
    func followFile() async throws {
        let log = try LogFixture()
        let client = log.follow()
        try log.append(LogFixture.entries(0..<5))
        #expect(try await client.until("line 4\n") == LogFixture.texts(0..<5))
        try log.append(LogFixture.entries(5..<8))
        try log.rotate()
        try log.append(LogFixture.entries(8..<9))
        #expect(try await client.until("line 8\n") == LogFixture.texts(0..<9))
        try log.append(LogFixture.entries(9..<10) + "2026-11-24T10:00:01Z stdout F end")
        log.finish()
        #expect(try await client.whole() == LogFixture.texts(0..<10) + "end")
    }

    @Test("With a supervisor the stream goes on exactly where the file ended")
    func live() async throws {
        let log = try LogFixture()
        try log.append(LogFixture.entries(0..<4) + "2026-11-24T10:00:00.0000")
        log.connect()
        let client = log.follow()
        let stream = try #require(await log.nextStream())
        let file = Array(LogFixture.entries(0..<20).utf8)
        // In pieces that fit to no line.
        var rest = file[Int(stream.offset)...]
        while !rest.isEmpty {
            stream.continuation.yield(Array(rest.prefix(7)))
            rest = rest.dropFirst(7)
        }
        #expect(try await client.until("line 19\n") == LogFixture.texts(0..<20))
        log.finish()
        stream.continuation.finish()
        #expect(try await client.whole() == LogFixture.texts(0..<20))
    }

    @Test("A stream of a file that is not ours any more is dropped, and the files are read")
    func streamOfOtherFile() async throws {
        let log = try LogFixture()
        try log.append(LogFixture.entries(0..<4))
        log.connect()
        let client = log.follow()
        let stream = try #require(await log.nextStream())
        try log.append(LogFixture.entries(4..<6))
        try log.rotate()
        try log.append(LogFixture.entries(6..<12))
        log.disconnect()
        stream.continuation.yield(Array(Array(LogFixture.entries(6..<12).utf8).dropFirst(Int(stream.offset))))
        stream.continuation.yield(Array("garbage\n".utf8))
        #expect(try await client.until("line 11\n") == LogFixture.texts(0..<12))
        log.finish()
        #expect(try await client.whole() == LogFixture.texts(0..<12))
    }

    @Test("A lost stream is continued from the files, over rotations, without a line lost or doubled", arguments: 0..<8)
    func lostStream(seed: UInt64) async throws {
        let log = try LogFixture()
        var random = SeededGenerator(seed)
        try log.append(LogFixture.entries(0..<4))
        log.connect()
        let client = log.follow()
        let stream = try #require(await log.nextStream())
        let all = Array(LogFixture.entries(0..<40).utf8)
        // The stream gets some way, perhaps into the middle of a line; the files get everything, rotated at random.
        let reach = Int.random(in: Int(stream.offset)...all.count, using: &random)
        stream.continuation.yield(Array(all[Int(stream.offset)..<reach]))
        for number in 4..<40 {
            if Int.random(in: 0..<9, using: &random) == 0 { try log.rotate() }
            try log.append(LogFixture.entry(number))
        }
        log.disconnect()
        stream.continuation.finish(throwing: SupervisorStreamError.consumerTooSlow)
        #expect(try await client.until("line 39\n") == LogFixture.texts(0..<40))
        log.finish()
        #expect(try await client.whole() == LogFixture.texts(0..<40))
    }

    @Test("A shared file system that lags behind the stream doubles nothing")
    func laggingFile() async throws {
        let log = try LogFixture()
        try log.append(LogFixture.entries(0..<4))
        log.connect()
        let client = log.follow()
        let stream = try #require(await log.nextStream())
        stream.continuation.yield(Array(Array(LogFixture.entries(0..<10).utf8).dropFirst(Int(stream.offset))))
        #expect(try await client.until("line 9\n") == LogFixture.texts(0..<10))
        log.disconnect()
        stream.continuation.finish(throwing: SupervisorStreamError.connectionLost)
        try log.append(LogFixture.entries(4..<7))
        try log.append(LogFixture.entries(7..<12))
        log.finish()
        #expect(try await client.whole() == LogFixture.texts(0..<12))
    }

    @Test("Following with a tail of none shows only what is new")
    func followFromNow() async throws {
        let log = try LogFixture()
        try log.append(LogFixture.entries(0..<4))
        var options = LogOptions()
        (options.follow, options.tailLines) = (true, 0)
        var reader = LogReader(log.target, options: options, pool: .singleton, sleep: { _ in try await Task.sleep(for: .milliseconds(5)) })
        #expect(try await reader.open())
        try log.append(LogFixture.entries(4..<6))
        log.finish()
        var output: [UInt8] = []
        try await reader.run { output += $0 }
        #expect(String(decoding: output, as: UTF8.self) == LogFixture.texts(4..<6))
    }

    @Test("The limit ends a followed log")
    func followLimit() async throws {
        let log = try LogFixture()
        try log.append(LogFixture.entries(0..<4))
        #expect(try await log.follow { $0.limitBytes = 10 }.whole() == "line 0\nlin")
    }

    @Test("A cancelled reader ends, also while it waits")
    func cancelled() async throws {
        let log = try LogFixture()
        try log.append(LogFixture.entries(0..<1))
        let waiting = log.follow()
        _ = try await waiting.until("line 0\n")
        await waiting.cancel()
        log.connect()
        let live = log.follow()
        _ = await log.nextStream()
        await live.cancel()
    }
}
