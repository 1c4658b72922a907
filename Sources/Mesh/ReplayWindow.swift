/// Which of a sender's counters have been seen, so that no datagram counts twice (as RFC 4303, 3.4.3, and RFC 6479).
///
/// Counters up to ``width`` behind the highest one may come late.
struct ReplayWindow: Sendable {
    /// How far behind the highest counter one may be.
    static let width: UInt64 = 2048
    /// Twice what the width needs, so that a word which comes into use is never one that still counts.
    private static let words: UInt64 = 64

    private var seen = InlineArray<64, UInt64>(repeating: 0)
    /// The counter after the highest one that was accepted.
    private var next: UInt64 = 0

    /// Whether a datagram with this counter may be let in, if it is genuine.
    func admits(_ counter: UInt64) -> Bool {
        if counter >= next { return counter != .max }
        guard next - counter <= Self.width else { return false }
        return seen[Self.word(counter)] & Self.bit(counter) == 0
    }

    /// Remembers the counter of a genuine datagram that was let in.
    mutating func accept(_ counter: UInt64) {
        if counter >= next {
            let steps = next == 0 ? Self.words : min(counter / 64 - (next - 1) / 64, Self.words)
            if steps > 0 {
                for step in 0..<steps { seen[Self.word((counter / 64 &- step) &* 64)] = 0 }
            }
            next = counter + 1
        }
        seen[Self.word(counter)] |= Self.bit(counter)
    }

    private static func word(_ counter: UInt64) -> Int { Int(counter / 64 % words) }
    private static func bit(_ counter: UInt64) -> UInt64 { 1 << (counter % 64) }
}
