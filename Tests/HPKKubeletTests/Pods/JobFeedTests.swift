import Foundation
import Logging
import Slurm
import Synchronization
import Testing

@testable import HPKKubelet

/// A Slurm that answers from a table which the test changes.
private actor TableSource: JobSource {
    var records: [JobRecord] = []
    var fails = false
    /// Whether it says that something has changed since its last answer.
    var isNew = true
    private(set) var queries = 0

    func set(_ records: [JobRecord]) { self.records = records }
    func set(fails: Bool) { self.fails = fails }
    func set(isNew: Bool) { self.isNew = isNew }

    func userJobs() async throws -> UserJobs {
        queries += 1
        if fails {
            throw SlurmError(code: 1, name: "X", message: "down", operation: "query", retryAdvice: .whenReachable, whatToDo: "wait")
        }
        return UserJobs(records, isNew: isNew)
    }
}

@Suite("The feed of job changes", .timeLimit(.minutes(1)))
struct JobFeedTests {
    private static let quick = QueryPace(
        shortest: 0.001, expecting: 0.002, queued: 0.002, resting: 0.005, loadFactor: 0, longestAfterFailure: 0.005)

    private static func record(_ id: UInt32, _ base: JobState.Base) -> JobRecord {
        JobRecord(id: JobID(rawValue: id), name: "n/p", state: JobState(base), stateReason: StateReason(rawValue: 0, text: "None"))
    }

    /// Runs a feed around a test's body and ends it.
    private func withFeed(
        _ source: TableSource, reachability: @escaping @Sendable (SlurmReachability) -> Void = { _ in },
        _ body: (JobFeed, AsyncStream<JobNews>.Continuation, inout AsyncStream<JobNews>.Iterator) async throws -> Void
    ) async throws {
        let feed = JobFeed(source: source, pace: Self.quick, logger: Logger(label: "test"), reachability: reachability)
        let (news, mailbox) = AsyncStream.makeStream(of: JobNews.self)
        let running = Task { await feed.run() }
        var iterator = news.makeAsyncIterator()
        try await body(feed, mailbox, &iterator)
        running.cancel()
        await running.value
    }

    @Test("A follower hears the present state, then each change once")
    func changes() async throws {
        let source = TableSource()
        await source.set([Self.record(1, .pending), Self.record(2, .running)])
        try await withFeed(source) { feed, mailbox, news in
            await feed.follow(JobID(rawValue: 1), owner: "u") { mailbox.yield($0) }
            guard case .changed(let first) = await news.next() else {
                Issue.record("expected a change")
                return
            }
            #expect(first.state.base == .pending)
            await source.set([Self.record(1, .running)])
            guard case .changed(let second) = await news.next() else {
                Issue.record("expected a change")
                return
            }
            #expect(second.state.base == .running)
        }
    }

    @Test("An answer without changes is gone through only for those of whom no answer has told yet")
    func unchanged() async throws {
        let source = TableSource()
        await source.set([Self.record(1, .pending), Self.record(2, .running)])
        try await withFeed(source) { feed, mailbox, news in
            let told = Mutex(0)
            await feed.follow(JobID(rawValue: 1), owner: "u") {
                told.withLock { $0 += 1 }
                mailbox.yield($0)
            }
            _ = await news.next()
            // The first job's record is another one now, which an answer without changes cannot have: so it shows who looks.
            await source.set(isNew: false)
            await source.set([Self.record(1, .running), Self.record(2, .running)])
            let before = await source.queries
            while await source.queries < before + 3 { try await Task.sleep(for: .milliseconds(1)) }
            #expect(told.withLock { $0 } == 1)
            await feed.follow(JobID(rawValue: 2), owner: "u") { mailbox.yield($0) }
            await feed.follow(JobID(rawValue: 3), owner: "u") { mailbox.yield($0) }
            var heard: Set<String> = []
            while heard.count < 3 {
                switch await news.next() {
                case .changed(let record): heard.insert("\(record.id) \(record.state.base)")
                case .forgotten(let id): heard.insert("\(id) forgotten")
                case nil:
                    Issue.record("the news ended")
                    return
                }
            }
            #expect(heard == ["1 running", "2 running", "3 forgotten"])
        }
    }

    @Test("A job that two answers in a row do not have is forgotten")
    func forgotten() async throws {
        let source = TableSource()
        try await withFeed(source) { feed, mailbox, news in
            await feed.follow(JobID(rawValue: 9), owner: "u") { mailbox.yield($0) }
            guard case .forgotten(let id) = await news.next() else {
                Issue.record("expected the job to be forgotten")
                return
            }
            #expect(id == JobID(rawValue: 9))
            #expect(await source.queries >= 2)
        }
    }

    @Test(
        "Who follows a number that Slurm gives again is told that the job is gone, and does not disturb its successor", arguments: [nil, 4])
    func givenAgain(_ task: UInt32?) async throws {
        let source = TableSource()
        let id = task.map { JobID(array: 7, task: $0) } ?? JobID(rawValue: 7)
        await source.set([task.map { Self.task(7, $0, .running) } ?? Self.record(7, .running)])
        try await withFeed(source) { feed, mailbox, news in
            await feed.follow(id, owner: "old") { mailbox.yield($0) }
            _ = await news.next()
            // A submission that began before somebody followed is that follower's own.
            await feed.given(JobID(rawValue: 7), began: 0)
            await feed.given(JobID(rawValue: 8), began: .infinity)
            await feed.given(JobID(rawValue: 7), began: .infinity)
            guard case .forgotten(let gone) = await news.next() else {
                Issue.record("expected the job to be gone")
                return
            }
            #expect(gone == id)
            await feed.follow(id, owner: "new") { mailbox.yield($0) }
            await feed.unfollow(id, owner: "old")
            guard case .changed(let record) = await news.next() else {
                Issue.record("expected a change")
                return
            }
            #expect(record.id == id)
        }
    }

    @Test("An outage is told, then its end, and no change is lost")
    func outage() async throws {
        let source = TableSource()
        await source.set(fails: true)
        let (states, mailbox) = AsyncStream.makeStream(of: SlurmReachability.self)
        try await withFeed(source, reachability: { mailbox.yield($0) }) { feed, news, iterator in
            await feed.follow(JobID(rawValue: 1), owner: "u") { news.yield($0) }
            var state = states.makeAsyncIterator()
            guard case .unreachable = await state.next() else {
                Issue.record("expected an outage")
                return
            }
            await source.set([Self.record(1, .completed)])
            await source.set(fails: false)
            guard case .changed(let record) = await iterator.next() else {
                Issue.record("expected a change")
                return
            }
            #expect(record.state.base == .completed)
            var last: SlurmReachability?
            while last != .reachable { last = await state.next() }
            #expect(last == .reachable)
        }
    }

    private static func waiting(_ array: UInt32, _ tasks: String, _ base: JobState.Base = .pending) -> JobRecord {
        var record = record(array, base)
        record.arrayTasks = ArrayTasks(tasks)
        return record
    }

    private static func task(_ array: UInt32, _ task: UInt32, _ base: JobState.Base) -> JobRecord {
        var record = record(array, base)
        record.id = JobID(array: array, task: task)
        record.number = array + task + 1
        return record
    }

    @Test("Each task of an array is told its own changes: while it waits with others, when it starts, and when it ends")
    func tasks() async throws {
        let source = TableSource()
        await source.set([Self.waiting(7, "0-2")])
        try await withFeed(source) { feed, mailbox, news in
            for task in UInt32(0)...2 { await feed.follow(JobID(array: 7, task: task), owner: "u") { mailbox.yield($0) } }
            var seen: Set<JobID> = []
            while seen.count < 3 {
                guard case .changed(let record)? = await news.next() else { continue }
                #expect(record.state.base == .pending && record.arrayTasks == nil)
                seen.insert(record.id)
            }
            // That another task has left the shared record is no news for those that stay.
            await source.set([Self.waiting(7, "0,2"), Self.task(7, 1, .running)])
            guard case .changed(let running)? = await news.next() else {
                Issue.record("expected a change")
                return
            }
            #expect(running.id == JobID(array: 7, task: 1) && running.state.base == .running)
            await source.set([Self.waiting(7, "0,2"), Self.task(7, 1, .completed)])
            guard case .changed(let ended)? = await news.next() else {
                Issue.record("expected a change")
                return
            }
            #expect(ended.id == running.id && ended.state.base == .completed)
        }
    }

    @Test("A task that left its waiting array without a record was cancelled")
    func cancelledWhileWaiting() async throws {
        let source = TableSource()
        await source.set([Self.waiting(7, "0-1")])
        try await withFeed(source) { feed, mailbox, news in
            await feed.follow(JobID(array: 7, task: 1), owner: "u") { mailbox.yield($0) }
            _ = await news.next()
            await source.set([Self.waiting(7, "0")])
            guard case .changed(let record)? = await news.next() else {
                Issue.record("expected a change")
                return
            }
            #expect(record.id == JobID(array: 7, task: 1) && record.state == JobState(.cancelled))
        }
    }

    @Test("Where Slurm's text of the waiting tasks is cut off, nobody is taken for cancelled")
    func truncated() async throws {
        let source = TableSource()
        await source.set([Self.waiting(7, "0-1,5...")])
        try await withFeed(source) { feed, mailbox, news in
            await feed.follow(JobID(array: 7, task: 900), owner: "u") { mailbox.yield($0) }
            guard case .changed(let record)? = await news.next() else {
                Issue.record("expected a change")
                return
            }
            #expect(record.id == JobID(array: 7, task: 900) && record.state.base == .pending)
            let before = await source.queries
            while await source.queries < before + 3 { try await Task.sleep(for: .milliseconds(1)) }
            mailbox.finish()
            #expect(await news.next() == nil)
        }
    }

    @Test("Pushes of numbers that belong to nobody are let pass once every followed task has its number")
    func strangersPushes() async throws {
        let source = TableSource()
        await source.set([Self.task(7, 0, .running), Self.record(3, .running)])
        let feed = JobFeed(
            source: source, pace: QueryPace(shortest: 0.001, expecting: 0.001, queued: 60, resting: 60, loadFactor: 0),
            logger: Logger(label: "test"))
        let (news, mailbox) = AsyncStream.makeStream(of: JobNews.self)
        let running = Task { await feed.run() }
        defer { running.cancel() }
        var iterator = news.makeAsyncIterator()
        for id in [JobID(array: 7, task: 0), JobID(rawValue: 3)] {
            await feed.follow(id, owner: "u") { mailbox.yield($0) }
            _ = await iterator.next()
        }
        let before = await source.queries
        for number in UInt32(100)..<2000 { await feed.pushed(number) }
        await feed.pushed(7)
        #expect(await source.queries == before)
        await source.set([Self.task(7, 0, .completed), Self.record(3, .running)])
        await feed.pushed(8)
        guard case .changed(let record)? = await iterator.next() else {
            Issue.record("expected a change")
            return
        }
        #expect(record.state.base == .completed)
    }

    @Test("10,000 followed jobs and a storm of pushes: the queries keep their pace", .timeLimit(.minutes(1)))
    func storm() async throws {
        let source = TableSource()
        let count: UInt32 = 10_000
        await source.set([Self.waiting(7, "0-\(count - 1)")])
        let feed = JobFeed(
            source: source, pace: QueryPace(shortest: 0.25, loadFactor: 20), logger: Logger(label: "test"))
        let (first, mailbox) = AsyncStream.makeStream(of: JobID.self)
        for task in 0..<count {
            await feed.follow(JobID(array: 7, task: task), owner: "u") { if case .changed(let record) = $0 { mailbox.yield(record.id) } }
        }
        let running = Task { await feed.run() }
        defer { running.cancel() }
        var told: Set<JobID> = []
        for await id in first {
            told.insert(id)
            if told.count == Int(count) { break }
        }
        let before = await source.queries
        let clock = ContinuousClock()
        let began = clock.now
        var pushes = 0
        // A query of a busy machine takes long, and so does the pause after it: the storm goes on until one was seen.
        while await source.queries == before || clock.now - began < .seconds(2) {
            for number in 0..<UInt32(1000) { await feed.pushed(number) }
            pushes += 1000
        }
        let seconds = (clock.now - began) / .seconds(1)
        let queries = await source.queries - before
        #expect(Double(queries) <= seconds / 0.25 + 1, "\(queries) queries in \(seconds) s for \(pushes) pushes")
    }

    @Test("Without followers Slurm is not asked")
    func atRest() async throws {
        let source = TableSource()
        try await withFeed(source) { feed, mailbox, news in
            await feed.refresh(JobID(rawValue: 3))
            await source.set([Self.record(1, .running)])
            #expect(await source.queries == 0)
            await feed.follow(JobID(rawValue: 1), owner: "u") { mailbox.yield($0) }
            _ = await news.next()
            #expect(await source.queries >= 1)
        }
    }
}
