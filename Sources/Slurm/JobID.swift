/// The number that Slurm gave a job when it was submitted.
///
/// Ids are handed out from `FirstJobId` to `MaxJobId` of slurm.conf and start again at the end: an id is unique among the
/// jobs that slurmctld still holds, not for all time.
public struct JobID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The number as libslurm carries it.
    public var rawValue: UInt32

    /// Wraps a number that Slurm gave.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Reads an id as Slurm prints it: decimal digits only, not zero. Anything else is nil.
    public init?(_ text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt32(text), number != 0 else { return nil }
        self.rawValue = number
    }

    /// Decodes a bare number.
    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(UInt32.self)
    }

    /// Encodes a bare number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    /// The order of the numbers.
    public static func < (left: JobID, right: JobID) -> Bool { left.rawValue < right.rawValue }

    /// Decimal digits.
    public var description: String { String(rawValue) }
}
