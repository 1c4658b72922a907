import Foundation
import Testing

@testable import Slurm

/// Needs a slurmctld that limits requests per user (`rl_enable` in slurm.conf, from Slurm 23.11) and a user that is not root.
@Suite(
    "Slurm's limit of requests per user", .tags(.slurm),
    .enabled(if: LiveSlurm.limitsRate, "this Slurm does not limit this user's requests; `make test-slurm-releases` tries one that does"),
    .timeLimit(.minutes(3)))
struct RateLimitTests {
    @Test("a burst beyond it loses nothing and doubles nothing, and only the client's own threads wait")
    func burst() async throws {
        let client = try await LiveSlurm.makeClient()
        let name = "hpk-burst-\(UUID().uuidString.prefix(8))"
        let count = 40
        let pauses = Task { try await Self.longestPause() }
        let begin = ContinuousClock.now
        let ids = try await withThrowingTaskGroup(of: JobID.self) { group in
            for _ in 0..<count {
                group.addTask {
                    try await client.submit(
                        LiveSlurm.job("exit 0") {
                            $0.name = name
                            $0.hold = true
                        })
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(ContinuousClock.now - begin > .seconds(3), "the limit was in force")
        pauses.cancel()
        #expect(try await pauses.value < .milliseconds(800), "libslurm sleeps for a second at least: not on the cooperative pool")
        #expect(Set(ids).count == count)
        let held = try await client.jobs().filter { $0.name == name }
        #expect(held.count == count)
        #expect(Set(held.map(\.id)) == Set(ids))
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for id in ids { group.addTask { try await client.cancel(id) } }
            for try await found in group { #expect(found) }
        }
        #expect(try await client.jobs().allSatisfy { $0.name != name || $0.state.isFinal })
        await client.shutdown()
    }

    /// Wakes every 10 ms until it is cancelled: the longest time between two of its turns on the cooperative pool.
    private static func longestPause() async throws -> Duration {
        var longest = Duration.zero
        var last = ContinuousClock.now
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(10))
            longest = max(longest, ContinuousClock.now - last)
            last = .now
        }
        return longest
    }
}
