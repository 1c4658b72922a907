/// Indices of tasks of one job array: `0-3,7` as Slurm writes it.
public struct ArrayTasks: Sendable, Hashable, CustomStringConvertible {
    /// Ascending, without overlap.
    public private(set) var ranges: [ClosedRange<UInt32>] = []
    /// Slurm cut the text off: there are more indices than these.
    public private(set) var isTruncated = false

    /// These indices, in any order.
    public init(_ indices: some Sequence<UInt32>) {
        for index in indices.sorted() { append(index...index) }
    }

    /// Reads Slurm's text: indices, ranges and ranges with a step (`0-10:2`), parted by commas, perhaps with a limit of how many run
    /// at a time (`%4`) or cut off (`...`). nil for anything else.
    public init?(_ text: some StringProtocol) {
        var rest = String(text.prefix { $0 != "%" })
        if rest.hasSuffix("...") {
            isTruncated = true
            rest.removeLast(3)
            // The last number may itself be cut.
            rest = rest.lastIndex(of: ",").map { String(rest[..<$0]) } ?? ""
            if rest.isEmpty { return }
        }
        for part in rest.split(separator: ",", omittingEmptySubsequences: false) {
            let fields = part.split(separator: ":", omittingEmptySubsequences: false)
            let ends = fields[0].split(separator: "-", omittingEmptySubsequences: false).map { UInt32($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last else { return nil }
            guard fields.count == 2 else {
                guard fields.count == 1, append(first...last) else { return nil }
                continue
            }
            guard let step = UInt32(fields[1]), step > 0 else { return nil }
            for index in stride(from: first, through: last, by: UInt32.Stride(step)) {
                guard append(index...index) else { return nil }
            }
        }
    }

    /// Puts a range behind the others; false where it is not behind them.
    @discardableResult
    mutating func append(_ range: ClosedRange<UInt32>) -> Bool {
        guard let last = ranges.last else {
            ranges.append(range)
            return true
        }
        guard range.lowerBound > last.upperBound else { return false }
        if range.lowerBound == last.upperBound + 1 {
            ranges[ranges.count - 1] = last.lowerBound...range.upperBound
        } else {
            ranges.append(range)
        }
        return true
    }

    /// How many indices there are.
    public var count: Int { ranges.reduce(0) { $0 + $1.count } }

    /// Whether the index is one of them.
    public func contains(_ index: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < index { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(index)
    }

    /// Slurm's text, complete, without steps.
    public var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }
}
