/// Turns raw log entries into the answer's bytes as ``LogOptions`` asks.
struct LogFilter {
    private let since: LogTime?
    private let timestamps: Bool
    /// Bytes of the answer still allowed.
    private var bytesLeft: Int64
    /// Entries still allowed; counts only without `follow`, as the kubelet does.
    private var entriesLeft: Int64
    /// A long line that was split into partial entries gets one time stamp, at its beginning.
    private var atLineStart = true

    init(_ options: LogOptions) {
        since = options.since
        timestamps = options.timestamps
        bytesLeft = options.limitBytes ?? .max
        entriesLeft = options.follow ? .max : options.tailLines ?? .max
    }

    /// The answer is complete: nothing that follows can go into it.
    var isDone: Bool { bytesLeft <= 0 || entriesLeft <= 0 }

    /// Appends what the client sees of one entry.
    mutating func append(_ line: LogLine, to output: inout [UInt8]) {
        guard !isDone else { return }
        entriesLeft -= 1
        let startsLine = atLineStart
        atLineStart = line.text.last == UInt8(ascii: "\n") || line.text.isEmpty
        if let since, line.time < since { return }
        if timestamps && startsLine { put(Array("\(line.time.fixedDescription) ".utf8)[...], into: &output) }
        put(line.text, into: &output)
    }

    private mutating func put(_ bytes: ArraySlice<UInt8>, into output: inout [UInt8]) {
        let part = bytes.prefix(Int(clamping: bytesLeft))
        output.append(contentsOf: part)
        bytesLeft -= Int64(part.count)
    }
}
