/// Turns one output stream of a container into lines of the CRI log format: `TIME stdout F text`.
///
/// A line longer than ``longestPart`` bytes is cut into parts marked `P`, the last one `F`. Bytes are passed as they are.
/// See `k8s.io/cri-api`, "ContainerConfig.log_path", and the kubelet's log design.
struct LogFormatter {
    /// The most bytes of text in one line of the log, as containerd has it.
    static let longestPart = 16 << 10

    private let stream: [UInt8]
    private var pending: [UInt8] = []

    /// - Parameter stream: `stdout` or `stderr`.
    init(stream: String) {
        self.stream = Array(stream.utf8)
    }

    /// Appends to `log` the lines that these bytes complete.
    ///
    /// - Parameter time: nanoseconds since the epoch at which the bytes were read.
    mutating func append(_ bytes: ArraySlice<UInt8>, time: Int64, to log: inout [UInt8]) {
        let stamp = Timestamp.format(time)
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            fill(rest[..<end], stamp, &log)
            emit("F", stamp, &log)
            rest = rest[(end + 1)...]
        }
        fill(rest, stamp, &log)
    }

    /// Appends to `log` what was left without a line end when the stream ended.
    mutating func finish(time: Int64, to log: inout [UInt8]) {
        guard !pending.isEmpty else { return }
        emit("F", Timestamp.format(time), &log)
    }

    private mutating func fill(_ text: ArraySlice<UInt8>, _ stamp: [UInt8], _ log: inout [UInt8]) {
        var rest = text
        while pending.count + rest.count > Self.longestPart {
            let part = rest.prefix(Self.longestPart - pending.count)
            pending.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
            emit("P", stamp, &log)
        }
        pending.append(contentsOf: rest)
    }

    private mutating func emit(_ tag: Unicode.Scalar, _ stamp: [UInt8], _ log: inout [UInt8]) {
        log.append(contentsOf: stamp)
        log.append(UInt8(ascii: " "))
        log.append(contentsOf: stream)
        log.append(UInt8(ascii: " "))
        log.append(UInt8(ascii: tag))
        log.append(UInt8(ascii: " "))
        log.append(contentsOf: pending)
        log.append(UInt8(ascii: "\n"))
        pending.removeAll(keepingCapacity: true)
    }
}
