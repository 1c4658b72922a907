import CSlurm
import Foundation
import Testing

@testable import Slurm

@Suite("slurmctld's statistics")
struct SlurmStatisticsTests {
    private static func sample(reset: TimeInterval, time: TimeInterval, _ change: (inout SlurmStatistics) -> Void) -> SlurmStatistics {
        var statistics = SlurmStatistics(time: Date(timeIntervalSince1970: time), resetTime: Date(timeIntervalSince1970: reset))
        change(&statistics)
        return statistics
    }

    @Test("become differences between two readings")
    func difference() {
        let before = Self.sample(reset: 0, time: 100) {
            ($0.jobsSubmitted, $0.serverThreads, $0.scheduler.count, $0.scheduler.totalMicroseconds) = (10, 3, 4, 400)
            $0.requestsByType = [.submit: .init(count: 10, microseconds: 1000), .ping: .init(count: 5, microseconds: 50)]
            $0.requestsByUser = [0: .init(count: 15, microseconds: 1050)]
        }
        let after = Self.sample(reset: 0, time: 110) {
            ($0.jobsSubmitted, $0.serverThreads, $0.scheduler.count, $0.scheduler.totalMicroseconds) = (13, 2, 6, 700)
            $0.requestsByType = [
                .submit: .init(count: 13, microseconds: 1600), .ping: .init(count: 5, microseconds: 50),
                .kill: .init(count: 1, microseconds: 7),
            ]
            $0.requestsByUser = [0: .init(count: 15, microseconds: 1050), 1000: .init(count: 4, microseconds: 607)]
        }
        let difference = after.since(before)
        #expect(difference.jobsSubmitted == 3 && difference.serverThreads == 2)
        #expect(difference.scheduler.count == 2 && difference.scheduler.totalMicroseconds == 300)
        #expect(difference.requestsByType == [.submit: .init(count: 3, microseconds: 600), .kill: .init(count: 1, microseconds: 7)])
        #expect(difference.requestsByUser == [1000: .init(count: 4, microseconds: 607)])
        #expect(difference.totalRequests == .init(count: 4, microseconds: 607))
        #expect(difference.requestsByType[.submit]?.averageMicroseconds == 200)
        #expect(difference.time.timeIntervalSince(difference.resetTime) == 10)
    }

    @Test("count from the reset when there was one in between")
    func reset() {
        let before = Self.sample(reset: 0, time: 100) { $0.jobsSubmitted = 10 }
        let after = Self.sample(reset: 105, time: 110) { $0.jobsSubmitted = 2 }
        #expect(after.since(before) == after)
    }

    @Test(
        "name the types of requests as sdiag does",
        arguments: [
            (RequestType.submit, "REQUEST_SUBMIT_BATCH_JOB"), (.userJobs, "REQUEST_JOB_USER_INFO"), (.kill, "REQUEST_KILL_JOB"),
            (RequestType(rawValue: 64_000), "RPC_64000"),
        ])
    func names(type: RequestType, name: String) {
        #expect(type.description == name)
    }

    @Test("are read whatever their arrays are")
    func emptyArrays() {
        var message = stats_info_response_msg_t()
        (message.rpc_type_size, message.rpc_user_size, message.req_time, message.jobs_failed) = (9, .max, .max, 7)
        let statistics = SlurmStatistics(decoding: &message)
        #expect(statistics.requestsByType.isEmpty && statistics.requestsByUser.isEmpty && statistics.jobsFailed == 7)
    }
}

@Suite("slurmctld's statistics, live", .tags(.slurm), .enabled(if: LiveSlurm.isAvailable, LiveSlurm.reason), .timeLimit(.minutes(1)))
struct SlurmStatisticsLiveTests {
    @Test("count each request, and say the same as sdiag")
    func live() async throws {
        let client = try await LiveSlurm.client()
        let before = try await client.statistics()
        for _ in 0..<3 { _ = try await client.partitions() }
        let id = try await client.submit(LiveSlurm.job("exit 0") { $0.hold = true })
        try await client.cancel(id)
        let after = try await client.statistics()
        let difference = after.since(before)
        // Other tests ask the same slurmctld meanwhile.
        #expect(difference.requestsByType[.partitions]?.count ?? 0 >= 3)
        #expect(difference.requestsByType[.submit]?.count ?? 0 >= 1 && difference.requestsByType[.kill]?.count ?? 0 >= 1)
        #expect(difference.jobsSubmitted >= 1)
        #expect(difference.requestsByUser[getuid()]?.count ?? 0 >= 5)
        let shown = try LiveSlurm.run("sdiag", [])
        for type in after.requestsByType.keys { #expect(shown.contains("\(type) "), "\(type.rawValue)") }
    }
}
