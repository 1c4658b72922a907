import CMesh

/// Packets that wait for the directory: bounded, and for a short time, so that a first packet is not lost and nothing old is sent.
struct HeldPackets<Key: Hashable & Sendable, Item: Sendable>: Sendable {
    private struct Waiting {
        var items: [(item: Item, since: UInt64)] = []
        var askedAt: UInt64
    }

    /// Packets for one key, and keys.
    private let depth: Int
    private let breadth: Int
    /// Nanoseconds for which a packet is worth keeping, and between two questions for the same thing.
    static var patience: UInt64 { 3_000_000_000 }
    static var interval: UInt64 { 1_000_000_000 }
    private var waiting: [Key: Waiting] = [:]

    init(depth: Int, breadth: Int) {
        self.depth = depth
        self.breadth = breadth
    }

    enum Outcome: Equatable, Sendable {
        /// It waits, and the directory is to be asked.
        case ask
        /// It waits for an answer that was asked for.
        case held
        /// There is no room.
        case dropped
    }

    /// Keeps an item; the oldest of the same key gives way.
    mutating func hold(_ item: @autoclosure () -> Item, for key: Key, at now: UInt64) -> Outcome {
        if waiting[key] == nil {
            // Keys that nobody answered for make room.
            if waiting.count >= breadth { waiting = waiting.filter { now - $0.value.askedAt < Self.patience } }
            guard waiting.count < breadth else { return .dropped }
            waiting[key] = Waiting(items: [(item(), now)], askedAt: now)
            return .ask
        }
        waiting[key]?.items.append((item(), now))
        if let count = waiting[key]?.items.count, count > depth { waiting[key]?.items.removeFirst() }
        guard let askedAt = waiting[key]?.askedAt, now - askedAt >= Self.interval else { return .held }
        waiting[key]?.askedAt = now
        return .ask
    }

    /// What waits for a key and is still worth sending; nothing waits for it any more.
    mutating func release(_ key: Key, at now: UInt64) -> [Item] {
        (waiting.removeValue(forKey: key)?.items ?? []).filter { now - $0.since < Self.patience }.map(\.item)
    }
}
