/// The number that Slurm gave a job when it was submitted, and for one task of a job array the task's index.
///
/// Ids are handed out from `FirstJobId` to `MaxJobId` of slurm.conf and start again at the end: an id is unique among the
/// jobs that slurmctld still holds, not for all time.
///
/// A task is always named by its array and its index (`123_4`), which it keeps from submission to end. The number of its own that
/// slurmctld gives a task when it starts (`JobRecord.number`) is no `JobID`.
public struct JobID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The number as libslurm carries it: the job's, or that of the array that the task belongs to.
    public var rawValue: UInt32
    /// The index within the array, from 0; nil for a plain job and for an array as a whole.
    public var task: UInt32?

    /// Wraps a number that Slurm gave.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// One task of a job array.
    public init(array: UInt32, task: UInt32) {
        rawValue = array
        self.task = task
    }

    /// Reads an id as Slurm prints it: decimal digits only, not zero, for a task `_` and the index's digits behind them.
    /// Anything else is nil.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let number = Self.number(first), number != 0 else { return nil }
        rawValue = number
        guard parts.count == 2 else { return }
        guard let task = Self.number(parts[1]) else { return nil }
        self.task = task
    }

    private static func number(_ text: some StringProtocol) -> UInt32? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return UInt32(text)
    }

    /// Decodes a bare number, or a task's text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(UInt32.self) {
            self.init(rawValue: number)
            return
        }
        guard let id = JobID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not the id of a job")
        }
        self = id
    }

    /// Encodes a bare number; a task as text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if task == nil { try container.encode(rawValue) } else { try container.encode(description) }
    }

    /// The order of the numbers, then of the indices; an array comes before its tasks.
    public static func < (left: JobID, right: JobID) -> Bool {
        if left.rawValue != right.rawValue { return left.rawValue < right.rawValue }
        return (left.task.map { Int64($0) } ?? -1) < (right.task.map { Int64($0) } ?? -1)
    }

    /// Decimal digits; for a task `123_4`, as squeue and scancel write it.
    public var description: String { task.map { "\(rawValue)_\($0)" } ?? String(rawValue) }
}
