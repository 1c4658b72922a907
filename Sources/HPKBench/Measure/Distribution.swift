/// What was measured many times, exactly: all samples are kept and sorted, so that no percentile is a guess of a histogram's bucket.
///
/// The unit is the caller's.
public struct Distribution: Sendable, Equatable {
    /// The samples, ascending.
    public let sorted: [Double]

    /// Takes samples in any order; those that are not finite are left out.
    public init(_ samples: some Sequence<Double>) {
        sorted = samples.filter(\.isFinite).sorted()
    }

    /// All samples of several distributions.
    public init(merging parts: some Sequence<Distribution>) {
        self.init(parts.flatMap(\.sorted))
    }

    /// Number of samples.
    public var count: Int { sorted.count }
    /// No sample was taken.
    public var isEmpty: Bool { sorted.isEmpty }
    /// The least sample; 0 without samples.
    public var minimum: Double { sorted.first ?? 0 }
    /// The greatest sample; 0 without samples.
    public var maximum: Double { sorted.last ?? 0 }
    /// The arithmetic mean; 0 without samples.
    public var mean: Double { sorted.isEmpty ? 0 : sorted.reduce(0, +) / Double(sorted.count) }
    /// The 50th percentile.
    public var median: Double { percentile(50) }

    /// The value that `percent` (0 to 100) of the samples do not exceed, linearly between the two nearest samples; 0 without samples.
    public func percentile(_ percent: Double) -> Double {
        guard let last = sorted.last, let first = sorted.first else { return 0 }
        let rank = min(max(percent, 0), 100) / 100 * Double(sorted.count - 1)
        let lower = Int(rank)
        guard lower + 1 < sorted.count else { return last }
        guard rank > 0 else { return first }
        return sorted[lower] + (sorted[lower + 1] - sorted[lower]) * (rank - Double(lower))
    }

    /// Every sample multiplied by `factor`, to change the unit.
    public func scaled(by factor: Double) -> Distribution {
        Distribution(sorted.map { $0 * factor })
    }
}
