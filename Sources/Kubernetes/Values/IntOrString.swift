/// A number or a name, as for ports (apimachinery's intstr.IntOrString).
public enum IntOrString: Sendable, Hashable, Codable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, CustomStringConvertible {
    /// A number.
    case int(Int)
    /// A name.
    case string(String)

    /// A number.
    public init(integerLiteral value: Int) { self = .int(value) }

    /// A name.
    public init(stringLiteral value: String) { self = .string(value) }

    /// The number or name as text.
    public var description: String {
        switch self {
        case .int(let number): String(number)
        case .string(let name): name
        }
    }

    /// Reads a JSON number or string.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int.self) {
            self = .int(number)
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    /// Writes a JSON number or string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .int(let number): try container.encode(number)
        case .string(let name): try container.encode(name)
        }
    }
}
