import Foundation
import Logging
import Slurm
import Testing

@testable import HPKKubelet

/// A Slurm that answers from a table which the test changes.
private actor TableSource: JobSource {
    var records: [JobRecord] = []
    var fails = false
    private(set) var queries = 0

    func set(_ records: [JobRecord]) { self.records = records }
    func set(fails: Bool) { self.fails = fails }

    func userJobs() async throws -> [JobRecord] {
        queries += 1
        if fails {
            throw SlurmError(code: 1, name: "X", message: "down", operation: "query", retryAdvice: .whenReachable, whatToDo: "wait")
        }
        return records
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
            await feed.follow(JobID(rawValue: 1)) { mailbox.yield($0) }
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

    @Test("A job that two answers in a row do not have is forgotten")
    func forgotten() async throws {
        let source = TableSource()
        try await withFeed(source) { feed, mailbox, news in
            await feed.follow(JobID(rawValue: 9)) { mailbox.yield($0) }
            guard case .forgotten(let id) = await news.next() else {
                Issue.record("expected the job to be forgotten")
                return
            }
            #expect(id == JobID(rawValue: 9))
            #expect(await source.queries >= 2)
        }
    }

    @Test("An outage is told, then its end, and no change is lost")
    func outage() async throws {
        let source = TableSource()
        await source.set(fails: true)
        let (states, mailbox) = AsyncStream.makeStream(of: SlurmReachability.self)
        try await withFeed(source, reachability: { mailbox.yield($0) }) { feed, news, iterator in
            await feed.follow(JobID(rawValue: 1)) { news.yield($0) }
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

    @Test("Without followers Slurm is not asked")
    func atRest() async throws {
        let source = TableSource()
        try await withFeed(source) { feed, mailbox, news in
            await feed.refresh(JobID(rawValue: 3))
            await source.set([Self.record(1, .running)])
            #expect(await source.queries == 0)
            await feed.follow(JobID(rawValue: 1)) { mailbox.yield($0) }
            _ = await news.next()
            #expect(await source.queries >= 1)
        }
    }
}
