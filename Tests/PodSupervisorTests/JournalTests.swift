import Glibc
import PodProtocol
import Testing

@testable import PodSupervisor

@Suite("The journal") struct JournalTests {
    private func start(_ attempt: UInt32) -> PodEvent.Kind {
        .supervisorStarted(SupervisorStart(jobID: 7, attempt: attempt, host: "n", processID: 1))
    }

    @Test("events are lines that a second run continues")
    func continues() throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/journal.jsonl"
        let first = try Journal(path: path)
        #expect(first.lastSequence == 0)
        try first.append(start(0), time: 5)
        try first.append(.stopping(reason: "a\nb"), time: 6)
        let second = try Journal(path: path)
        #expect(second.history.map(\.sequence) == [1, 2])
        #expect(second.history.last?.kind == .stopping(reason: "a\nb"))
        try second.append(.finished, time: 7)
        let line = try #require(second.line(3))
        #expect(try MessageCoding.decode(PodEvent.self, from: line, subject: "line") == PodEvent(sequence: 3, time: 7, kind: .finished))
        #expect(second.line(0) == nil)
        #expect(second.line(4) == nil)
        #expect(FileSystem.status(path).map { $0.st_mode & 0o777 } == 0o600)
    }

    @Test("a torn last line is cut off at every possible place")
    func torn() throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/journal.jsonl"
        let journal = try Journal(path: path)
        try journal.append(start(0), time: 5)
        let whole = try FileSystem.read(path)
        try journal.append(.finished, time: 6)
        let both = try FileSystem.read(path)
        for length in whole.count..<both.count {
            try FileSystem.write(path, both[..<length], mode: 0o600)
            let repaired = try Journal(path: path)
            #expect(repaired.lastSequence == 1)
            try repaired.append(.finished, time: 6)
            #expect(try FileSystem.read(path) == both)
        }
    }

    @Test(
        "a line that is no event, or out of order, is an error that names it",
        arguments: ["{}\n", "garbage\n", "\n", #"{"sequence":9,"time":0,"kind":{"finished":{}}}"# + "\n"])
    func malformed(line: String) throws {
        let folder = try TemporaryDirectory()
        try FileSystem.write("\(folder.path)/journal.jsonl", line.utf8, mode: 0o600)
        let error = #expect(throws: MessageError.self) { try Journal(path: "\(folder.path)/journal.jsonl") }
        #expect(error?.subject == "journal line 1")
    }

    private func exit(_ code: Int32) -> ContainerExit {
        ContainerExit(exitCode: code, reason: "", startedAt: 0, finishedAt: 0)
    }

    private func history(_ kinds: [PodEvent.Kind], attempt: UInt32) -> JournalHistory {
        JournalHistory(
            events: kinds.enumerated().map { PodEvent(sequence: UInt64($0.offset + 1), time: 0, kind: $0.element) }, attempt: attempt)
    }

    @Test("a requeued pod runs again with new instance numbers")
    func requeued() {
        let past = history(
            [
                start(0), .containerStarted(container: "a", restartCount: 0, containerID: ""),
                .containerExited(container: "a", restartCount: 0, exit: exit(1)),
                .containerStarted(container: "a", restartCount: 1, containerID: ""),
            ], attempt: 1)
        #expect(past.outcome == nil)
        #expect(past.firstRestartCount("a") == 2)
        #expect(past.firstRestartCount("b") == 0)
    }

    @Test("a pod that came to its own end does not run again", arguments: [(Int32(0), true), (1, false)])
    func ended(code: Int32, succeeded: Bool) {
        let kinds: [PodEvent.Kind] = [start(0), .containerExited(container: "a", restartCount: 0, exit: exit(code)), .finished]
        #expect(history(kinds, attempt: 1).outcome == succeeded)
    }

    @Test("a pod that was stopped runs again only in a later attempt", arguments: [(UInt32(0), Bool?(false)), (1, nil)])
    func stopped(attempt: UInt32, outcome: Bool?) {
        let kinds: [PodEvent.Kind] = [
            start(0), .stopping(reason: "x"), .containerExited(container: "a", restartCount: 0, exit: exit(143)), .finished,
        ]
        #expect(history(kinds, attempt: attempt).outcome == outcome)
    }

    @Test("one job owns the pod, a requeue of it too, another never")
    func claim() throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/claim"
        #expect(try Claim.make(path: path, job: "5") == .ours)
        #expect(try Claim.make(path: path, job: "5") == .ours)
        #expect(try Claim.make(path: path, job: "6") == .others("5"))
        #expect(CText.names(in: folder.path) == ["claim"])
        #expect(throws: SystemError.self) { try Claim.make(path: "\(folder.path)/none/claim", job: "5") }
    }
}
