/// Something to be told about an object.
struct EventNote: Sendable, Hashable {
    let object: EventObject
    let type: EventType
    let reason: String
    let message: String
}

/// How serious an event is.
public enum EventType: String, Sendable, Hashable {
    /// All is as it should be.
    case normal = "Normal"
    /// Something is wrong.
    case warning = "Warning"
}

/// The object that an event is about.
struct EventObject: Sendable, Hashable {
    let kind: String
    let apiVersion: String
    let namespace: String
    let name: String
    let uid: String
    let fieldPath: String
}

/// Decides what becomes of each note: a new event, one more of a known one, or nothing because there are too many.
///
/// A value without clock or network.
struct EventAggregator: Sendable {
    enum Decision: Sendable, Equatable {
        /// Create an event of this name.
        case create(name: String)
        /// Set the count of the event of this name.
        case count(name: String, count: Int)
        case drop
    }

    private struct Known {
        let name: String
        var count: Int
        var lastSeen: Duration
    }

    private struct Budget {
        var tokens: Double
        var filledAt: Duration
    }

    /// Events of one object: this many at once, then one per `refill`.
    private static let burst = 25.0
    private static let refill = Duration.seconds(10)
    /// A note that was not seen for so long becomes a new event: the server forgets old ones after an hour.
    private static let memory = Duration.seconds(600)
    /// Most notes and objects remembered; when reached, the half that is oldest is forgotten.
    private static let capacity = 4096

    private var known: [EventNote: Known] = [:]
    private var budgets: [EventObject: Budget] = [:]

    /// - Parameters:
    ///   - now: Time since some instant.
    ///   - unique: Makes the name of a new event unlike any other.
    mutating func decide(_ note: EventNote, now: Duration, unique: UInt64) -> Decision {
        guard spend(note.object, now: now) else { return .drop }
        if var found = known[note], now - found.lastSeen < Self.memory {
            found.count += 1
            found.lastSeen = now
            known[note] = found
            return .count(name: found.name, count: found.count)
        }
        if known.count >= Self.capacity { forget() }
        let name = Self.name(note, unique: unique)
        known[note] = Known(name: name, count: 1, lastSeen: now)
        return .create(name: name)
    }

    /// At most 253 bytes, of which 17 are the dot and the number; names of objects are plain ASCII.
    static func name(_ note: EventNote, unique: UInt64) -> String { "\(note.object.name.prefix(230)).\(String(unique, radix: 16))" }

    /// The server does not have the event any more, or never got it: the next note makes a new one.
    mutating func forget(_ note: EventNote) { known[note] = nil }

    private mutating func forget() {
        let middle = known.values.map(\.lastSeen).sorted()[known.count / 2]
        known = known.filter { $0.value.lastSeen > middle }
    }

    private mutating func spend(_ object: EventObject, now: Duration) -> Bool {
        if budgets.count >= Self.capacity {
            let full = Duration.seconds(Int64(Self.burst)) * Int(Self.refill.components.seconds)
            // A full budget is as good as none; if all are in use, forgetting is the lesser evil.
            budgets = budgets.filter { now - $0.value.filledAt < full }
            if budgets.count >= Self.capacity { budgets = [:] }
        }
        var budget = budgets[object] ?? Budget(tokens: Self.burst, filledAt: now)
        budget.tokens = min(Self.burst, budget.tokens + (now - budget.filledAt) / Self.refill)
        budget.filledAt = now
        let isAllowed = budget.tokens >= 1
        if isAllowed { budget.tokens -= 1 }
        budgets[object] = budget
        return isAllowed
    }
}
