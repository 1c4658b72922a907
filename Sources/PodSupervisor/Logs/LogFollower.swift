import Glibc
import PodProtocol

/// Sends the bytes of one log file, and those that are added later, until the instance has ended and all is sent.
///
/// It is driven by the loop's own writes and by room in the send buffer; it never polls. Rotation is followed: the rotated file is read to
/// its end, then the next one from its start.
final class LogFollower {
    /// What one step gave.
    enum Step: Equatable {
        case bytes([UInt8])
        /// Nothing now; more may come.
        case idle
        case end
    }

    static let chunk = 64 << 10

    private let path: String
    /// The instance's open log; nil for one that ended earlier.
    private weak var live: LogFile?
    private var file: Descriptor
    private var generation: Int
    private var position: Int64

    /// - Throws: ``SystemError`` where there is no such log.
    init(path: String, live: LogFile?, offset: Int64) throws(SystemError) {
        live?.flush()
        self.path = path
        self.live = live
        generation = live?.generation ?? 0
        position = max(0, offset)
        file = try Descriptor(opening: path, O_RDONLY | O_NOFOLLOW)
    }

    func next() -> Step {
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        while true {
            let count = buffer.withUnsafeMutableBytes { pread(file.number, $0.baseAddress, $0.count, off_t(position)) }
            if count > 0 {
                position += Int64(count)
                return .bytes(Array(buffer[..<count]))
            }
            guard count == 0, let live else { return .end }
            if generation == live.generation { return live.isClosed ? .end : .idle }
            generation += 1
            position = 0
            let age = live.generation - generation
            guard let newer = try? Descriptor(opening: age == 0 ? path : "\(path).\(age)", O_RDONLY | O_NOFOLLOW) else { continue }
            file = newer
        }
    }
}
