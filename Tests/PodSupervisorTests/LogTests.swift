import Glibc
import PodProtocol
import Testing

@testable import PodSupervisor

@Suite("Container logs") struct LogTests {
    private let stamp = "2026-11-24T22:00:00.123456789Z"
    private let time: Int64 = 1_795_557_600_123_456_789

    private func format(_ pieces: [String], finish: Bool = false) -> String {
        var formatter = LogFormatter(stream: "stdout")
        var log: [UInt8] = []
        for piece in pieces { formatter.append(Array(piece.utf8)[...], time: time, to: &log) }
        if finish { formatter.finish(time: time, to: &log) }
        return String(decoding: log, as: UTF8.self)
    }

    @Test(
        "times are written in UTC with nine places",
        arguments: [
            (0, "1970-01-01T00:00:00.000000000Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
            (951_782_400_000_000_001, "2000-02-29T00:00:00.000000001Z"), (1_795_557_600_123_456_789, "2026-11-24T22:00:00.123456789Z"),
            (4_107_542_399_999_999_999, "2100-02-28T23:59:59.999999999Z"), (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
        ] as [(Int64, String)])
    func times(nanoseconds: Int64, text: String) {
        #expect(String(decoding: Timestamp.format(nanoseconds), as: UTF8.self) == text)
    }

    @Test("each line gets its time, pieces are joined, empty lines stay")
    func lines() {
        #expect(format(["a\nb", "c\n\n", "d"]) == "\(stamp) stdout F a\n\(stamp) stdout F bc\n\(stamp) stdout F \n")
        #expect(format(["d"], finish: true) == "\(stamp) stdout F d\n")
        #expect(format(["d\n"], finish: true) == "\(stamp) stdout F d\n")
    }

    @Test("long lines are cut into parts of 16 KiB", arguments: [1, 2, 3])
    func parts(pieces: Int) {
        let line = String(repeating: "x", count: 40000)
        let size = line.count / pieces
        let cut = (0..<pieces).map { String(line.dropFirst($0 * size).prefix($0 == pieces - 1 ? .max : size)) }
        let part = String(repeating: "x", count: 16384)
        let rest = String(repeating: "x", count: 40000 - 2 * 16384)
        #expect(format(cut + ["\n"]) == "\(stamp) stdout P \(part)\n\(stamp) stdout P \(part)\n\(stamp) stdout F \(rest)\n")
        let full = String(repeating: "y", count: 16384)
        #expect(format([full, "\n"]) == "\(stamp) stdout F \(full)\n")
    }

    @Test("bytes that are no text are passed as they are")
    func binary() {
        var formatter = LogFormatter(stream: "stderr")
        var log: [UInt8] = []
        formatter.append([0, 255, 254, 10][...], time: time, to: &log)
        #expect(log == Array("\(stamp) stderr F ".utf8) + [0, 255, 254, 10])
    }

    @Test("a log is rotated at its limit and old files go")
    func rotation() throws {
        let folder = try TemporaryDirectory()
        let log = try LogFile(path: "\(folder.path)/c/0.log", limits: LogLimits(maximumBytes: 10, maximumFiles: 3))
        for word in ["one", "two", "three", "four"] {
            log.append { $0 += Array("\(word)-------\n".utf8) }
            log.flush()
        }
        log.append { $0 += Array("five\n".utf8) }
        log.close()
        #expect(try text(of: log.path) == "five\n")
        #expect(try text(of: log.path + ".1") == "four-------\n")
        #expect(try text(of: log.path + ".2") == "three-------\n")
        #expect(FileSystem.status(log.path + ".3") == nil)
        #expect(log.generation == 4)
        #expect(log.isClosed)
    }

    @Test("a follower sees every byte through a rotation, then the end")
    func follow() throws {
        let folder = try TemporaryDirectory()
        let log = try LogFile(path: "\(folder.path)/0.log", limits: LogLimits(maximumBytes: 8, maximumFiles: 5))
        log.append { $0 += Array("ab\n".utf8) }
        let follower = try LogFollower(path: log.path, live: log, offset: 1)
        #expect(follower.next() == .bytes(Array("b\n".utf8)))
        #expect(follower.next() == .idle)
        for word in ["cdefgh\n", "ijklmnop\n", "q\n"] {
            log.append { $0 += Array(word.utf8) }
            log.flush()
        }
        #expect(follower.next() == .bytes(Array("cdefgh\n".utf8)))
        #expect(follower.next() == .bytes(Array("ijklmnop\n".utf8)))
        #expect(follower.next() == .bytes(Array("q\n".utf8)))
        #expect(follower.next() == .idle)
        log.close()
        #expect(follower.next() == .end)
    }

    @Test("a follower of an ended instance reads to the end")
    func followEnded() throws {
        let folder = try TemporaryDirectory()
        try FileSystem.write("\(folder.path)/0.log", "abc".utf8, mode: 0o600)
        let follower = try LogFollower(path: "\(folder.path)/0.log", live: nil, offset: 0)
        #expect(follower.next() == .bytes(Array("abc".utf8)))
        #expect(follower.next() == .end)
        #expect(throws: SystemError.self) { try LogFollower(path: "\(folder.path)/1.log", live: nil, offset: 0) }
    }

    @Test("the tail keeps the last 80 lines and 2048 bytes")
    func tail() {
        var tail = OutputTail()
        for line in 1...100 { tail.append(Array("\(line)\n".utf8)[...]) }
        #expect(tail.text == (21...100).map { "\($0)\n" }.joined())
        tail.append(Array(repeating: UInt8(ascii: "x"), count: 5000)[...])
        #expect(tail.text == String(repeating: "x", count: 2048))
        #expect(OutputTail().text == "")
    }
}
