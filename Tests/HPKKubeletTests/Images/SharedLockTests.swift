import Foundation
import Synchronization
import Testing

@testable import HPKKubelet

@Suite struct SharedLockTests {
    let folder: TemporaryFolder
    var path: String { folder.path + "/x.lock" }

    init() throws { folder = try TemporaryFolder() }

    /// Counts who is in a place at once.
    private final class Crowd: Sendable {
        private let counts = Mutex((now: 0, most: 0))
        func enter() {
            counts.withLock { counts in
                counts.now += 1
                counts.most = max(counts.most, counts.now)
            }
        }
        func leave() { counts.withLock { $0.now -= 1 } }
        var most: Int { counts.withLock { $0.most } }
    }

    /// Takes the lock as `process` would and keeps it until the task is cancelled.
    private func hold(as process: ProcessMark) async -> Task<Void, any Error> {
        let lock = SharedLock(path: path, clock: frozenClock(), process: process)
        let taken = Gate()
        let task = Task {
            try await lock.withLock {
                await taken.open()
                try await Task.sleep(for: .seconds(3600))
            }
        }
        await taken.pass()
        return task
    }

    @Test("Only one holds the lock at a time, and everybody gets it")
    func exclusion() async throws {
        let crowd = Crowd()
        let path = path
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let timing = SharedLock.Timing(interval: .milliseconds(2))
                    return try await SharedLock(path: path, timing: timing).withLock {
                        crowd.enter()
                        await Task.yield()
                        crowd.leave()
                        return 1
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(count == 8)
        #expect(crowd.most == 1)
        #expect(SharedFiles.names(in: folder.path).isEmpty)
    }

    @Test("The lock of a process that was killed is free at once, and the dead holder does not take it from the next")
    func killedHolder() async throws {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/bin/sleep")
        child.arguments = ["600"]
        try child.run()
        let started = try #require(ProcessMark.startTime(of: child.processIdentifier))
        let mark = ProcessMark(machine: ProcessMark.current.machine, process: child.processIdentifier, started: started)
        #expect(!mark.isDead())
        let holder = await hold(as: mark)

        kill(child.processIdentifier, SIGKILL)
        child.waitUntilExit()
        #expect(mark.isDead())
        // A frozen clock: nobody can wait for a time-out here.
        try await SharedLock(path: path, clock: frozenClock()).withLock {
            holder.cancel()
            _ = await holder.result
            #expect(SharedFiles.status(path) != nil)
        }
        #expect(SharedFiles.names(in: folder.path).isEmpty)
    }

    @Test("The lock of another host that is renewed no more is taken over, by the waiter's own clock")
    func silentHost() async throws {
        let holder = await hold(as: ProcessMark(machine: "another host", process: 1, started: 1))
        let clock = hastyClock()
        try await SharedLock(path: path, clock: clock).withLock {}
        #expect(clock.now() >= SharedLock.Timing().staleAfter)
        holder.cancel()
        _ = await holder.result
    }

    @Test("The lock of another host that is renewed is waited for")
    func livingHost() async throws {
        let holder = await hold(as: ProcessMark(machine: "another host", process: 1, started: 1))
        let clock = hastyClock()
        let looks = Mutex(0)
        let path = path
        let waiter = MonotonicClock(now: clock.now) { length in
            try await clock.sleep(length)
            // Renewed at each look, long past the time-out; then let go.
            SharedFiles.touch(path)
            if looks.withLock({
                $0 += 1; return $0
            }) == 300 {
                holder.cancel()
                _ = await holder.result
            }
        }
        try await SharedLock(path: path, clock: waiter).withLock {}
        #expect(looks.withLock { $0 } >= 300)
        #expect(clock.now() > SharedLock.Timing().staleAfter)
    }

    @Test("A lock file that nobody can read is taken over in time", arguments: ["", "garbage", "{}"])
    func unreadable(text: String) async throws {
        try folder.write("x.lock", text)
        try await SharedLock(path: path, clock: hastyClock()).withLock {}
        #expect(SharedFiles.names(in: folder.path).isEmpty)
    }

    @Test("Who is cancelled while waiting leaves the lock alone")
    func cancelledWaiter() async throws {
        let holder = await hold(as: .current)
        let path = path
        let waiter = Task { try await SharedLock(path: path).withLock {} }
        waiter.cancel()
        let cancelled = await waiter.result
        #expect(throws: (any Error).self) { try cancelled.get() }
        #expect(SharedFiles.status(path) != nil)
        holder.cancel()
        _ = await holder.result
        #expect(SharedFiles.status(path) == nil)
    }

    @Test("A failure of the work is handed on and the lock let go")
    func failure() async throws {
        struct Failed: Error {}
        await #expect(throws: Failed.self) { try await SharedLock(path: path).withLock { throw Failed() } }
        #expect(SharedFiles.names(in: folder.path).isEmpty)
    }
}
