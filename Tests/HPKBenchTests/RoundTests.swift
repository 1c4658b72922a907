import Foundation
import Testing

@testable import HPKBench

@Suite struct RoundTests {
    @Test("the order of the contenders rotates from round to round")
    func order() {
        let rounds = InterleavedRounds(
            rounds: 3, ["a", "b", "c"].map { name in .init(name) { _ in Measurement(operations: 1, wallSeconds: 1) } })
        #expect((0..<4).map(rounds.order) == [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]])
    }

    @Test("every contender is measured once a round, and the round that warms up does not count")
    func counts() async throws {
        let rounds = InterleavedRounds(
            rounds: 2,
            [
                .init("a") { Measurement(operations: $0, wallSeconds: 1) },
                .init("b") { Measurement(operations: 10 * $0, wallSeconds: 1) },
            ])
        var said: [String] = []
        let results = try await rounds.run { said.append("\($0)\($1)") }
        #expect(said == ["0a", "0b", "1a", "1b", "2b", "2a"])
        #expect(results["a"].map(\.operations) == [1, 2] && results["b"].map(\.operations) == [10, 20])
    }

    @Test("a ratio compares within a round, so a slow round does not move it")
    func ratios() {
        var results = RoundResults(names: ["ours", "theirs"])
        for (ours, theirs) in [(1.0, 2.0), (10, 20), (3, 6)] {
            results.add(Measurement(operations: 6, wallSeconds: ours), to: "ours")
            results.add(Measurement(operations: 6, wallSeconds: theirs), to: "theirs")
        }
        #expect(results.ratio("ours", to: "theirs", \.rate) == 2)
        #expect(results.ratio("ours", to: "theirs", \.cpuPerOperation) == nil)
        #expect(results.ratio("ours", to: "nobody", \.rate) == nil)
        #expect(results.median("ours", \.secondsPerOperation) == 0.5)
    }
}
