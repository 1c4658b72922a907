/// One number that a benchmark is about, with the goal that it is held against.
public struct Figure: Sendable, Equatable {
    /// Whether the number has a unit, or compares two things of one run.
    public enum Kind: Sendable, Equatable {
        /// `value` is in this unit.
        case absolute(unit: String)
        /// `value` is a quotient.
        case ratio
    }

    /// What the number should be.
    public enum Goal: Sendable, Equatable {
        /// The number or more.
        case atLeast(Double)
        /// The number or less.
        case atMost(Double)

        /// Whether a measured value is good enough.
        public func isReached(by value: Double) -> Bool {
            switch self {
            case .atLeast(let limit): value >= limit
            case .atMost(let limit): value <= limit
            }
        }

        /// `≥ 0.95`.
        public var text: String {
            switch self {
            case .atLeast(let limit): "≥ \(Number.text(limit))"
            case .atMost(let limit): "≤ \(Number.text(limit))"
            }
        }
    }

    /// Name for machines: lower case and underscores.
    public var name: String
    /// What was measured, for people.
    public var title: String
    /// The measured value.
    public var value: Double
    /// See `Kind`.
    public var kind: Kind
    /// nil where the number only informs.
    public var goal: Goal?

    /// A number in a unit.
    public static func figure(_ name: String, _ title: String, _ value: Double, unit: String, goal: Goal? = nil) -> Figure {
        Figure(name: name, title: title, value: value, kind: .absolute(unit: unit), goal: goal)
    }

    /// A quotient.
    public static func ratio(_ name: String, _ title: String, _ value: Double, goal: Goal? = nil) -> Figure {
        Figure(name: name, title: title, value: value, kind: .ratio, goal: goal)
    }

    /// nil without a goal.
    public var isReached: Bool? { goal.map { $0.isReached(by: value) } }

    /// The value with its unit: `12.3 ms`, `0.97 ×`.
    public var text: String {
        switch kind {
        case .absolute(let unit): unit.isEmpty ? Number.text(value) : "\(Number.text(value)) \(unit)"
        case .ratio: "\(Number.text(value)) ×"
        }
    }
}
