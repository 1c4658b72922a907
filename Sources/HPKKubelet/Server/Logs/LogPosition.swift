/// How far a log has been read, in words that stay true when files are rotated or the source changes.
///
/// An entry is known by its time stamp, and among entries of the same time stamp by its number.
struct LogPosition: Equatable {
    /// The last whole entry, with its line end; empty before the first.
    private(set) var lastLine: [UInt8] = []
    /// Time stamp of the last entry that could be read, and how many entries in a row had it.
    private(set) var time: LogTime?
    private(set) var repeats = 0

    /// Goes over one entry; `line` is nil where it cannot be read.
    mutating func advance(over line: LogLine?) {
        guard let line else { return }
        repeats = line.time == time ? repeats + 1 : 1
        time = line.time
    }

    mutating func setLastLine(_ raw: ArraySlice<UInt8>) {
        lastLine = Array(raw)
    }
}

/// Passes over entries that were read before, when a log is read again from further back.
///
/// A clock that was set back within the log ends the catching up early: entries may then be seen twice, never lost.
struct LogCatchUp: Equatable {
    private let time: LogTime
    private var left: Int

    /// nil where nothing was read before.
    init?(_ position: LogPosition) {
        guard let time = position.time else { return nil }
        self.time = time
        left = position.repeats
    }

    enum Verdict: Equatable {
        /// Read before.
        case seen
        /// Read before, and the last such entry.
        case lastSeen
        /// New; so is all that follows.
        case new
    }

    /// `line` is nil for an entry that cannot be read.
    mutating func judge(_ line: LogLine?) -> Verdict {
        guard let line else { return .seen }
        if line.time > time { return .new }
        guard line.time == time else { return .seen }
        left -= 1
        return left > 0 ? .seen : .lastSeen
    }
}
