import Foundation
import Glibc
import Testing

@testable import Slurm

@Suite("The question about a user's jobs")
struct UserJobsQueryTests {
    @Test("is about the user as long as nothing is known")
    func first() {
        var query = UserJobsQuery()
        #expect(query.question == .ofUser && query.wantsEstimate)
        query.estimated(unfinished: 10)
        #expect(query.question == .ofUser && !query.wantsEstimate)
        query.answered(own: 10, all: nil, lastUpdate: 5)
        #expect(query.question == .ofAll(since: 5))
    }

    @Test(
        "is about all jobs where the user's are most of them, or where there are few",
        arguments: [
            (0, 100, true), (0, 101, false), (49, 100, true), (499, 1000, false), (500, 1000, true), (1000, 1000, true),
            (0, 1_000_000, false),
            (2000, 1000, true), (0, 0, true),
        ])
    func share(own: Int, all: Int, isOfAll: Bool) {
        var query = UserJobsQuery()
        query.estimated(unfinished: all)
        query.answered(own: own, all: nil, lastUpdate: 7)
        #expect(query.question == (isOfAll ? .ofAll(since: 7) : .ofUser))
        query.answered(own: own, all: max(all, own), lastUpdate: 8)
        #expect(query.question == (isOfAll ? .ofAll(since: 8) : .ofUser))
    }

    @Test("follows the shares as they change")
    func change() {
        var query = UserJobsQuery()
        query.estimated(unfinished: 1000)
        query.answered(own: 900, all: nil, lastUpdate: 1)
        #expect(query.question == .ofAll(since: 1))
        query.answered(own: 900, all: 50_000, lastUpdate: 2)
        #expect(query.question == .ofUser)
        for time in 3..<(3 + Int64(UserJobsQuery.answersPerEstimate)) {
            #expect(!query.wantsEstimate)
            query.answered(own: 900, all: nil, lastUpdate: time)
        }
        #expect(query.wantsEstimate)
        query.estimated(unfinished: 950)
        #expect(!query.wantsEstimate && query.question != .ofUser)
    }
}

@Suite("A user's jobs since the last answer", .tags(.slurm), .enabled(if: LiveSlurm.isAvailable, LiveSlurm.reason), .timeLimit(.minutes(1)))
struct UserJobsLiveTests {
    @Test("are nothing when nothing changed, and all when something did", arguments: [true, false])
    func changes(ownsMost: Bool) async throws {
        let client = try await LiveSlurm.client()
        let id = try await client.submit(LiveSlurm.job("exit 0") { $0.hold = true })
        var query = UserJobsQuery()
        query.estimated(unfinished: ownsMost ? 1 : 1_000_000)
        query.answered(own: 1, all: nil, lastUpdate: 1)
        let start = JobsSnapshot(userID: getuid(), jobs: [], query: query)
        let first = try #require(try await client.jobs(since: start))
        #expect(first.jobs.contains { $0.id == id })
        if ownsMost { try await Self.quiet(client, first) }
        try await client.cancel(id)
        let second = try #require(try await client.jobs(since: first))
        #expect(second.jobs.first { $0.id == id }?.state.base == .cancelled)
        // Another user's snapshot says nothing about ours.
        let other = JobsSnapshot(userID: getuid() &+ 1, jobs: [], query: second.query)
        #expect(try await client.jobs(since: other)?.jobs.contains { $0.id == id } == true)
        #expect(try await client.jobs(since: nil)?.jobs.contains { $0.id == id } == true)
    }

    /// slurmctld counts in seconds, and other tests have jobs: within a while there are two answers with nothing in between.
    private static func quiet(_ client: SlurmClient, _ snapshot: JobsSnapshot) async throws {
        var latest = snapshot
        for _ in 0..<100 {
            guard let next = try await client.jobs(since: latest) else { return }
            latest = next
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("slurmctld never said that nothing had changed")
    }

    @Test("are the same whichever way they are asked for")
    func same() async throws {
        let client = try await LiveSlurm.client()
        let id = try await client.submit(LiveSlurm.job("exit 0") { $0.hold = true })
        let ofUser = try SlurmMessages.jobs(ofUser: getuid(), question: .ofUser, operation: "test")?.jobs.first { $0.id == id }
        let ofAll = try SlurmMessages.jobs(ofUser: getuid(), question: .ofAll(since: 0), operation: "test")?.jobs.first { $0.id == id }
        try await client.cancel(id)
        #expect(ofUser != nil && ofUser == ofAll)
    }
}
