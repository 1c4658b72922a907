/// Generic resources and how many there are, from the text that Slurm writes: `gpu:a100:4(S:0-1),shard:8`, `gpu:2`, `nic`.
public struct GresCounts: Sendable, Equatable {
    /// Totals by name, over all types: `["gpu": 4, "shard": 8]`.
    public private(set) var byName: [String: UInt64] = [:]
    /// Totals by name and type, where a type is given: `["gpu:a100": 4]`.
    public private(set) var byType: [String: UInt64] = [:]

    /// Nothing.
    public init() {}

    /// Reads Slurm's text. An item that makes no sense is left out; an absent count is 1; K, M, G, T are powers of 1024.
    public init(_ text: String?) {
        for item in Self.items(text ?? "") { add(item) }
    }

    /// GPUs in the text of an option for GPUs alone: `2`, `a100:1,h100:2`; nil for nothing.
    static func gpus(_ text: String?) -> UInt64? {
        guard let text, !text.isEmpty else { return nil }
        return GresCounts(text.split(separator: ",").map { "gpu:\($0)" }.joined(separator: ",")).byName["gpu"]
    }

    /// Adds another count to this one; sums stop at the largest number.
    public mutating func add(_ other: GresCounts) {
        byName.merge(other.byName, uniquingKeysWith: Self.sum)
        byType.merge(other.byType, uniquingKeysWith: Self.sum)
    }

    private mutating func add(_ item: Substring) {
        let bare = item.prefix { $0 != "(" }
        let parts = bare.split(separator: ":", omittingEmptySubsequences: false).filter { $0 != "no_consume" }
        guard let name = parts.first, !name.isEmpty, parts.count <= 3, name != "null" else { return }
        guard let last = parts.last, parts.count > 1, let count = Self.count(last) else {
            if parts.count == 1 { byName[String(name)] = Self.sum(byName[String(name)] ?? 0, 1) }
            if parts.count == 2 { record(name: name, type: parts[1], count: 1) }
            return
        }
        record(name: name, type: parts.count == 3 ? parts[1] : nil, count: count)
    }

    private mutating func record(name: Substring, type: Substring?, count: UInt64) {
        byName[String(name)] = Self.sum(byName[String(name)] ?? 0, count)
        guard let type, !type.isEmpty else { return }
        byType["\(name):\(type)"] = Self.sum(byType["\(name):\(type)"] ?? 0, count)
    }

    /// Splits at commas that are not within parentheses: `gpu:2(IDX:0,2),nic:1` has two items.
    private static func items(_ text: String) -> [Substring] {
        var depth = 0
        return text.split { character in
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            return character == "," && depth <= 0
        }
    }

    private static func count(_ text: Substring) -> UInt64? {
        guard let first = text.unicodeScalars.first, ("0"..."9").contains(first) else { return nil }
        let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
        guard let last = text.last, let unit = units[Character(last.uppercased())] else { return UInt64(text) }
        guard let number = UInt64(text.dropLast()) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? .max : product
    }

    private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
