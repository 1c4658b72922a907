/// An amount of a resource (apimachinery's resource.Quantity): `100m`, `1Gi`, `1e3`, `0.5`.
///
/// Kept exactly in units of 10⁻⁹; anything finer is rounded away from zero and anything beyond ±(2⁶³ - 1) is capped, as Kubernetes does.
/// Two quantities are equal when their amounts are, however they were written.
public struct Quantity: Sendable, Codable, CustomStringConvertible {
    /// How the amount is written.
    public enum Format: Sendable, Hashable {
        /// `n`, `u`, `m`, none, `k`, `M`, `G`, `T`, `P`, `E`.
        case decimalSI
        /// `Ki`, `Mi`, `Gi`, `Ti`, `Pi`, `Ei`.
        case binarySI
        /// `e3`, `E3`.
        case decimalExponent
    }

    /// The amount in units of 10⁻⁹.
    let nanos: Int128
    /// How the amount is written.
    public let format: Format

    static let unit: Int128 = 1_000_000_000
    static let largest = Int128(Int64.max) * unit

    init(nanos: Int128, format: Format) {
        self.nanos = min(max(nanos, -Self.largest), Self.largest)
        self.format = format
    }

    /// A whole amount.
    public init(_ value: Int64, format: Format = .decimalSI) {
        self.init(nanos: Int128(value) * Self.unit, format: format)
    }

    /// An amount in thousandths.
    public init(milli: Int64) {
        self.init(nanos: Int128(milli) * 1_000_000, format: .decimalSI)
    }

    /// Reads a quantity as Kubernetes writes it; nil when it is none.
    public init?(_ text: String) {
        guard let parsed = QuantityParser.parse(text) else { return nil }
        self = parsed
    }

    /// Nothing.
    public static var zero: Quantity { Quantity(0) }

    /// The amount in whole units, rounded away from zero.
    public var value: Int64 { rounded(to: Self.unit) }

    /// The amount in thousandths, rounded away from zero; ±Int64.max when it is beyond.
    public var milliValue: Int64 { rounded(to: 1_000_000) }

    /// Whether the amount is 0.
    public var isZero: Bool { nanos == 0 }

    private func rounded(to unit: Int128) -> Int64 {
        let (quotient, remainder) = nanos.quotientAndRemainder(dividingBy: unit)
        let whole = remainder == 0 ? quotient : quotient + (nanos < 0 ? -1 : 1)
        return Int64(clamping: whole)
    }

    /// Kubernetes' canonical form: no fraction, the largest suffix that keeps the number whole.
    public var description: String {
        if nanos == 0 { return "0" }
        switch format {
        case .binarySI:
            // Kubernetes writes what is below one Ki, or not whole, in decimal.
            guard nanos.magnitude >= UInt128(1024 * Self.unit), nanos % Self.unit == 0 else { return decimal(suffixes: .decimalSI) }
            var number = nanos / Self.unit
            var exponent = 0
            while exponent < 6, number % 1024 == 0 {
                number /= 1024
                exponent += 1
            }
            return "\(number)\(["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][exponent])"
        case .decimalSI, .decimalExponent:
            return decimal(suffixes: format)
        }
    }

    private func decimal(suffixes: Format) -> String {
        var number = nanos
        var exponent = -9
        while exponent < 18, number % 1000 == 0 {
            number /= 1000
            exponent += 3
        }
        if suffixes == .decimalExponent { return exponent == 0 ? "\(number)" : "\(number)e\(exponent)" }
        return "\(number)\(["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][(exponent + 9) / 3])"
    }

    /// Reads a JSON string, or a JSON number as it stands.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text: String
        if let string = try? container.decode(String.self) {
            text = string
        } else if let whole = try? container.decode(Int64.self) {
            text = String(whole)
        } else {
            text = String(try container.decode(Double.self))
        }
        guard let value = Quantity(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a quantity: \(text.prefix(40))")
        }
        self = value
    }

    /// Writes a JSON string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Quantity: Hashable, Comparable {
    /// Equal amounts are equal, however written.
    public static func == (left: Quantity, right: Quantity) -> Bool { left.nanos == right.nanos }

    /// Compares the amounts.
    public static func < (left: Quantity, right: Quantity) -> Bool { left.nanos < right.nanos }

    /// Hashes the amount.
    public func hash(into hasher: inout Hasher) { hasher.combine(nanos) }

    /// The sum in the left side's format, capped.
    public static func + (left: Quantity, right: Quantity) -> Quantity {
        Quantity(nanos: left.nanos + right.nanos, format: left.isZero ? right.format : left.format)
    }

    /// The difference in the left side's format, capped.
    public static func - (left: Quantity, right: Quantity) -> Quantity {
        Quantity(nanos: left.nanos - right.nanos, format: left.isZero ? right.format : left.format)
    }
}
