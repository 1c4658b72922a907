/// Runs contenders in turns, so that whatever else the machine does meets all of them alike: A B C, B C A, C A B, …
///
/// Ratios are made of the two measurements of the same round, and the median of those is what counts: a disturbance that lasts for a round
/// or two does not move it.
public struct InterleavedRounds: Sendable {
    /// One of those that are compared.
    public struct Contender: Sendable {
        /// Its name in tables and results.
        public let name: String
        let measure: @Sendable (_ round: Int) async throws -> Measurement

        /// A contender that does its work once a round. What must be made ready or cleared away belongs into `measure` too, outside of the
        /// time that the measurement states.
        public init(_ name: String, measure: @escaping @Sendable (_ round: Int) async throws -> Measurement) {
            self.name = name
            self.measure = measure
        }
    }

    /// How many measurements each contender makes; at least one.
    public let rounds: Int
    /// In the order of the first round.
    public let contenders: [Contender]
    /// A first round that is not counted: connections, caches and page tables are warm afterwards.
    public let warmsUp: Bool

    public init(rounds: Int, warmsUp: Bool = true, _ contenders: [Contender]) {
        self.rounds = max(1, rounds)
        self.contenders = contenders
        self.warmsUp = warmsUp
    }

    /// Indices of the contenders in the order of a round.
    func order(ofRound round: Int) -> [Int] {
        guard !contenders.isEmpty else { return [] }
        return contenders.indices.map { ($0 + round) % contenders.count }
    }

    /// Makes all measurements, one after the other.
    ///
    /// - Throws: what a contender throws; the rounds end with it.
    public func run(progress: (_ round: Int, _ contender: String) -> Void = { _, _ in }) async throws -> RoundResults {
        var results = RoundResults(names: contenders.map(\.name))
        if warmsUp {
            for contender in contenders {
                progress(0, contender.name)
                _ = try await contender.measure(0)
            }
        }
        for round in 0..<rounds {
            for index in order(ofRound: round) {
                progress(round + 1, contenders[index].name)
                results.add(try await contenders[index].measure(round + 1), to: contenders[index].name)
            }
        }
        return results
    }
}
