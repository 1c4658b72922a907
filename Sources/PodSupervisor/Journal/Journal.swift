import Glibc
import PodProtocol

/// The pod's journal: each event is one line of JSON, on disk before anybody hears of it.
///
/// Sequence numbers go on where an earlier attempt of the job ended. A last line without its end, left by a crash, is cut off.
final class Journal {
    /// What an existing journal holds.
    struct History {
        var events: [PodEvent] = []
        /// Bytes of whole lines; what lies behind them is a torn line.
        var length = 0

        /// Reads the bytes of a journal.
        ///
        /// - Throws: ``MessageError`` where a whole line is no event or the sequence has a gap: the file was not written by a supervisor.
        init(reading bytes: [UInt8]) throws(MessageError) {
            var start = 0
            while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
                let subject = "journal line \(events.count + 1)"
                let event = try MessageCoding.decode(PodEvent.self, from: bytes[start..<end], subject: subject)
                guard event.sequence == UInt64(events.count + 1) else {
                    throw MessageError(subject: subject, problem: "its sequence is \(event.sequence), expected \(events.count + 1)")
                }
                events.append(event)
                start = end + 1
                length = start
            }
        }
    }

    private let path: String
    private let file: Descriptor
    /// Where each event's line starts; event n is at index n-1.
    private var offsets: [Int64] = []
    private var length: Int64
    /// The newest lines without their ends: they are about to be sent.
    private var recent: [(sequence: UInt64, line: ArraySlice<UInt8>)] = []
    private static let recentLimit = 8
    /// The events of earlier attempts, until ``forgetHistory()``.
    private(set) var history: [PodEvent]

    /// Sequence of the last event, 0 for none.
    var lastSequence: UInt64 { UInt64(offsets.count) }

    init(path: String) throws {
        self.path = path
        // Each write is on disk when it returns: one message to the file server instead of two.
        file = try Descriptor(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW | O_DSYNC, mode: 0o600)
        let bytes = try file.readAll(limit: .max, subject: path)
        let read = try History(reading: bytes)
        history = read.events
        length = Int64(read.length)
        if read.length < bytes.count {
            guard ftruncate(file.number, off_t(read.length)) == 0 else { throw SystemError("cut a torn line off", path) }
        }
        var start = 0
        for _ in read.events {
            offsets.append(Int64(start))
            start = (bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex) + 1
        }
    }

    func forgetHistory() {
        history = []
    }

    /// Writes an event and waits until it is on disk.
    ///
    /// - Parameter time: nanoseconds since the epoch.
    func append(_ kind: PodEvent.Kind, time: Int64) throws {
        let event = PodEvent(sequence: lastSequence + 1, time: time, kind: kind)
        var line = try MessageCoding.encode(event)
        line.append(UInt8(ascii: "\n"))
        do {
            try write(line)
        } catch {
            // What was written of the line goes again, so that the next one starts cleanly.
            _ = ftruncate(file.number, off_t(length))
            throw error
        }
        offsets.append(length)
        length += Int64(line.count)
        recent.append((event.sequence, line.dropLast()))
        if recent.count > Self.recentLimit { recent.removeFirst() }
    }

    private func write(_ line: [UInt8]) throws(SystemError) {
        var written = 0
        while written < line.count {
            let count = line.withUnsafeBytes { bytes in
                pwrite(file.number, bytes.baseAddress.map { $0 + written }, bytes.count - written, off_t(length) + off_t(written))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw SystemError("write to", path) }
            written += count
        }
    }

    /// The line of one event without its end, as it goes over the connection; nil where there is no such event.
    func line(_ sequence: UInt64) -> [UInt8]? {
        guard sequence >= 1, sequence <= lastSequence else { return nil }
        if let line = recent.first(where: { $0.sequence == sequence })?.line { return Array(line) }
        let index = Int(sequence - 1)
        let start = offsets[index]
        let end = index + 1 < offsets.count ? offsets[index + 1] : length
        var bytes = [UInt8](repeating: 0, count: Int(end - start - 1))
        let count = bytes.withUnsafeMutableBytes { pread(file.number, $0.baseAddress, $0.count, off_t(start)) }
        return count == bytes.count ? bytes : nil
    }
}
