import CMesh

/// Packets that wait for the directory: bounded, and for a short time, so that a first packet is not lost and nothing old is sent.
struct HeldPackets<Key: Hashable & Sendable, Item: Sendable>: Sendable {
    private struct Waiting {
        var items: [(item: Item, size: Int, since: UInt64)] = []
        var askedAt: UInt64
    }

    /// Packets for one key, keys, and bytes in all.
    private let depth: Int
    private let breadth: Int
    private let capacity: Int
    private var size = 0
    /// Nanoseconds for which a packet is worth keeping, and between two questions for the same thing.
    static var patience: UInt64 { 3_000_000_000 }
    static var interval: UInt64 { 1_000_000_000 }
    private var waiting: [Key: Waiting] = [:]

    init(depth: Int, breadth: Int, capacity: Int) {
        self.depth = depth
        self.breadth = breadth
        self.capacity = capacity
    }

    enum Outcome: Equatable, Sendable {
        /// It waits, and the directory is to be asked.
        case ask
        /// It waits for an answer that was asked for.
        case held
        /// There is no room.
        case dropped
    }

    /// Keeps an item of so many bytes; the oldest of the same key gives way.
    mutating func hold(_ item: @autoclosure () -> Item, size: Int, for key: Key, at now: UInt64) -> Outcome {
        if self.size + size > capacity || (waiting[key] == nil && waiting.count >= breadth) { forgetOld(at: now) }
        guard self.size + size <= capacity, waiting[key] != nil || waiting.count < breadth else { return .dropped }
        self.size += size
        guard var entry = waiting[key] else {
            waiting[key] = Waiting(items: [(item(), size, now)], askedAt: now)
            return .ask
        }
        entry.items.append((item(), size, now))
        if entry.items.count > depth { self.size -= entry.items.removeFirst().size }
        let isDue = now - entry.askedAt >= Self.interval
        if isDue { entry.askedAt = now }
        waiting[key] = entry
        return isDue ? .ask : .held
    }

    /// What waits for a key and is still worth sending; nothing waits for it any more.
    mutating func release(_ key: Key, at now: UInt64) -> [Item] {
        let items = waiting.removeValue(forKey: key)?.items ?? []
        size -= items.reduce(0) { $0 + $1.size }
        return items.filter { now - $0.since < Self.patience }.map(\.item)
    }

    /// Keys that nobody answered for make room.
    private mutating func forgetOld(at now: UInt64) {
        waiting = waiting.filter { now - $0.value.askedAt < Self.patience }
        size = waiting.values.reduce(0) { $0 + $1.items.reduce(0) { $0 + $1.size } }
    }
}
