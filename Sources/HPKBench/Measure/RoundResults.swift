/// All measurements of interleaved rounds, by contender.
public struct RoundResults: Sendable, Equatable {
    /// Contenders in their order.
    public let names: [String]
    private var measurements: [String: [Measurement]] = [:]

    /// Results of the given contenders, still without measurements.
    public init(names: [String]) {
        self.names = names
    }

    /// Adds a contender's measurement of its next round.
    public mutating func add(_ measurement: Measurement, to name: String) {
        measurements[name, default: []].append(measurement)
    }

    /// A contender's measurements by round; empty for an unknown name.
    public subscript(_ name: String) -> [Measurement] { measurements[name] ?? [] }

    /// The median over the rounds of some value of each measurement; nil when it was measured in no round.
    public func median(_ name: String, _ value: (Measurement) -> Double?) -> Double? {
        let values = self[name].compactMap(value)
        return values.isEmpty ? nil : Distribution(values).median
    }

    /// The median over the rounds of `value` of one contender divided by `value` of another in the same round; nil when no round has both,
    /// or the divisor is zero.
    public func ratio(_ name: String, to other: String, _ value: (Measurement) -> Double?) -> Double? {
        let ratios = zip(self[name], self[other]).compactMap { mine, theirs -> Double? in
            guard let mine = value(mine), let theirs = value(theirs), theirs != 0 else { return nil }
            return mine / theirs
        }
        return ratios.isEmpty ? nil : Distribution(ratios).median
    }

    /// Latencies of all rounds, in seconds.
    public func latencies(_ name: String) -> Distribution { Distribution(merging: self[name].map(\.latencies)) }
}
