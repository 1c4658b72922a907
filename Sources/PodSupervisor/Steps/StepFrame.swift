import Glibc

/// One line from a task of a step to the supervisor, through the standard output of `srun`: `TASK LETTER TEXT`.
///
/// Slurm passes lines of less than 1024 bytes on whole (`srun` without `--unbuffered`), so lines of many tasks cannot be mixed up.
struct StepFrame: Equatable {
    enum Kind: UInt8 {
        /// The task is there; the text is the number of tasks.
        case present = 0x50
        /// The container's program runs.
        case started = 0x53
        /// The container's program could not be started; escaped text, perhaps in several parts.
        case refused = 0x52
        /// Standard output without, and with, the line's end.
        case output = 0x6f
        case outputLine = 0x4f
        case error = 0x65
        case errorLine = 0x45
        /// The termination message; escaped text, perhaps in several parts.
        case message = 0x54
        /// The end: exit code, signal or 0, and 1 where memory was exhausted.
        case exited = 0x58
    }

    /// The most bytes of text, so that the line stays below Slurm's limit.
    static let longestText = 960

    /// `SLURM_PROCID`.
    var task: UInt32
    var kind: Kind
    /// Holds no line end.
    var text: ArraySlice<UInt8>

    /// The line with its end.
    var encoded: [UInt8] {
        Array("\(task) ".utf8) + [kind.rawValue, 0x20] + text + [0x0a]
    }

    /// - Parameter line: without its end.
    /// - Returns: nil for what is none of ours, such as words of Slurm itself.
    init?(line: ArraySlice<UInt8>) {
        let digits = line.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty, let task = UInt32(String(decoding: digits, as: UTF8.self)) else { return nil }
        let rest = line[digits.endIndex...]
        guard rest.count >= 3, rest[rest.startIndex] == 0x20, rest[rest.startIndex + 2] == 0x20,
            let kind = Kind(rawValue: rest[rest.startIndex + 1])
        else { return nil }
        self.init(task: task, kind: kind, text: rest[(rest.startIndex + 3)...])
    }

    init(task: UInt32, kind: Kind, text: ArraySlice<UInt8>) {
        self.task = task
        self.kind = kind
        self.text = text
    }

    init(task: UInt32, kind: Kind, _ text: String = "") {
        self.init(task: task, kind: kind, text: Array(text.utf8)[...])
    }

    /// Frames of a stream's bytes, each with at most one line.
    static func of(output bytes: ArraySlice<UInt8>, task: UInt32, isError: Bool) -> [StepFrame] {
        var frames: [StepFrame] = []
        var rest = bytes
        while !rest.isEmpty {
            let part = rest.prefix(longestText)
            if let end = part.firstIndex(of: 0x0a) {
                frames.append(StepFrame(task: task, kind: isError ? .errorLine : .outputLine, text: part[..<end]))
                rest = rest[(end + 1)...]
            } else {
                frames.append(StepFrame(task: task, kind: isError ? .error : .output, text: part))
                rest = rest[part.endIndex...]
            }
        }
        return frames
    }

    /// Frames of any text: line ends and backslashes are escaped.
    static func of(text: some Sequence<UInt8>, kind: Kind, task: UInt32) -> [StepFrame] {
        var escaped: [UInt8] = []
        for byte in text {
            switch byte {
            case 0x0a: escaped += [0x5c, 0x6e]
            case 0x5c: escaped += [0x5c, 0x5c]
            default: escaped.append(byte)
            }
        }
        return stride(from: 0, to: max(escaped.count, 1), by: longestText).map {
            StepFrame(task: task, kind: kind, text: escaped[$0..<min($0 + longestText, escaped.count)])
        }
    }

    /// Writes frames to standard output, which leads to the supervisor.
    static func tell(_ frames: [StepFrame]) {
        let bytes = frames.flatMap(\.encoded)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress.map { $0 + written }, $0.count - written) }
            if count > 0 { written += count } else if errno != EINTR { return }
        }
    }

    /// The text whose escaped parts, put together, are these bytes.
    static func unescape(_ bytes: [UInt8]) -> String {
        var plain: [UInt8] = []
        var isEscaped = false
        for byte in bytes {
            if isEscaped {
                plain.append(byte == 0x6e ? 0x0a : byte)
                isEscaped = false
            } else if byte == 0x5c {
                isEscaped = true
            } else {
                plain.append(byte)
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }
}

/// Cuts a stream of bytes into lines.
struct LineReader {
    /// Longer lines are cut: no writer of ours makes them.
    private let limit: Int
    private var pending: [UInt8] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// The lines that these bytes complete, without their ends.
    mutating func append(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = bytes
        while let end = rest.firstIndex(of: 0x0a) {
            lines.append(pending + rest[..<end])
            pending.removeAll(keepingCapacity: true)
            rest = rest[(end + 1)...]
        }
        pending.append(contentsOf: rest.prefix(max(0, limit - pending.count)))
        return lines
    }
}
