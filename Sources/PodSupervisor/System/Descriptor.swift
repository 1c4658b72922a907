import CSandbox
import Glibc

/// Owns one file descriptor and closes it exactly once.
final class Descriptor {
    /// The descriptor's number; -1 after ``close()``.
    private(set) var number: Int32

    /// Takes ownership of an open descriptor.
    init(owning number: Int32) {
        self.number = number
    }

    /// Opens a path with `O_CLOEXEC`.
    convenience init(opening path: String, _ flags: Int32, mode: mode_t = 0o600) throws(SystemError) {
        let number = hpk_open_at(AT_FDCWD, path, flags, mode)
        guard number >= 0 else { throw SystemError("open", path) }
        self.init(owning: number)
    }

    deinit {
        close()
    }

    func close() {
        guard number >= 0 else { return }
        _ = Glibc.close(number)
        number = -1
    }

    /// A pipe: what is written to the second end is read from the first.
    static func pipe() throws(SystemError) -> (read: Descriptor, write: Descriptor) {
        var ends: [Int32] = [-1, -1]
        guard hpk_pipe(&ends) == 0 else { throw SystemError("make", "a pipe") }
        return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    }

    /// Calls the body with the number while the descriptor is certain to stay open.
    ///
    /// Swift may end the life of an object after its last use, which the reading of ``number`` is.
    func use<R>(_ body: (Int32) -> R) -> R {
        withExtendedLifetime(self) { body(number) }
    }

    func setNonBlocking() {
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
    }

    /// What one `read` gave.
    enum ReadResult: Equatable {
        case bytes(Int)
        case wouldBlock
        case end
        case failed(Int32)
    }

    /// One read into the buffer.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
        while true {
            let count = Glibc.read(number, buffer.baseAddress, buffer.count)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .end }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed(errno)
        }
    }

    /// Everything up to the end of a blocking file, at most `limit` bytes.
    func readAll(limit: Int, subject: String) throws(SystemError) -> [UInt8] {
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while result.count < limit {
            switch chunk.withUnsafeMutableBytes({ read(into: $0) }) {
            case .bytes(let count): result.append(contentsOf: chunk[..<min(count, limit - result.count)])
            case .end, .wouldBlock: return result
            case .failed(let code): throw SystemError("read", subject, code: code)
            }
        }
        return result
    }

    /// Writes all bytes to a blocking file.
    func writeAll(_ bytes: some Collection<UInt8>, subject: String) throws(SystemError) {
        let contiguous = ContiguousArray(bytes)
        var written = 0
        while written < contiguous.count {
            let count = contiguous.withUnsafeBytes { Glibc.write(number, $0.baseAddress.map { $0 + written }, $0.count - written) }
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("write", subject)
            }
            written += count
        }
    }
}
