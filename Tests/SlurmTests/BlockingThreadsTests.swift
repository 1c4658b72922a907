import Foundation
import Synchronization
import Testing

@testable import Slurm

@Suite("Threads for blocking calls", .timeLimit(.minutes(1)))
struct BlockingThreadsTests {
    private struct Failed: Error {}

    private static func threadName() -> String {
        let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
        return name?.trimmingCharacters(in: .newlines) ?? ""
    }

    private final class Log: Sendable {
        private let state = Mutex<[String]>([])
        var words: [String] { state.withLock { $0 } }
        func append(_ word: String) { state.withLock { $0.append(word) } }
    }

    @Test("give results and errors back, never on a thread of the cooperative pool")
    func results() async throws {
        let threads = BlockingThreads(count: 2, name: "blocking")
        #expect(try await threads.run(.ordinary) { Self.threadName() } == "blocking")
        await #expect(throws: Failed.self) { try await threads.run(.urgent) { throw Failed() } }
        await threads.stop()
    }

    @Test("take urgent calls before ordinary ones, and skip those that were cancelled")
    func order() async throws {
        let threads = BlockingThreads(count: 1, name: "blocking")
        let gate = DispatchSemaphore(value: 0)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let log = Log()
        async let first: Void = threads.run(.ordinary) {
            begin.yield()
            gate.wait()
        }
        for await _ in begun { break }
        try await withThrowingTaskGroup(of: Void.self) { group in
            let cancelled = Task { try await threads.run(.ordinary) { log.append("cancelled") } }
            group.addTask { try await threads.run(.ordinary) { log.append("ordinary") } }
            while threads.waitingCount < 2 { await Task.yield() }
            group.addTask { try await threads.run(.urgent) { log.append("urgent") } }
            while threads.waitingCount < 3 { await Task.yield() }
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            gate.signal()
            try await group.waitForAll()
        }
        try await first
        #expect(log.words == ["urgent", "ordinary"])
        await threads.stop()
    }

    @Test("carry a call that has begun to its end although its task was cancelled")
    func begun() async throws {
        let threads = BlockingThreads(count: 1, name: "blocking")
        let gate = DispatchSemaphore(value: 0)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await threads.run(.ordinary) {
                begin.yield()
                gate.wait()
                return 7
            }
        }
        for await _ in begun { break }
        task.cancel()
        gate.signal()
        #expect(try await task.value == 7)
        await threads.stop()
    }

    @Test("resume every call exactly once when calls, cancellations and the stop meet")
    func storm() async throws {
        for round in 0..<20 {
            let threads = BlockingThreads(count: 3, name: "blocking")
            let ends = await withTaskGroup(of: Int.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let task = Task { try await threads.run(index.isMultiple(of: 2) ? .urgent : .ordinary) { index } }
                        if index.isMultiple(of: 3) { task.cancel() }
                        _ = await task.result
                        return 1
                    }
                }
                if round.isMultiple(of: 2) {
                    group.addTask {
                        await threads.stop()
                        return 0
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(ends == 200)
            await threads.stop()
            await #expect(throws: BlockingThreads.Stopped.self) { try await threads.run(.ordinary) {} }
        }
    }
}
