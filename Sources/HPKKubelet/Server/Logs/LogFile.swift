import Glibc
import PodProtocol

/// A log file that cannot be read.
struct LogFileError: Error, Equatable, CustomStringConvertible {
    var path: String
    var code: Int32

    var description: String { "log file \(path) cannot be read: \(PrivateFile.systemMessage(code))" }
}

/// One open log file; owns its descriptor, so that a rotation or removal does not disturb a reader.
///
/// All methods block: they are called on the thread pool.
final class LogFile: Sendable {
    let path: String
    /// What makes it the same file under another name.
    let identity: Identity
    private let descriptor: Int32

    struct Identity: Hashable, Sendable {
        var device: UInt64
        var inode: UInt64
    }

    /// Opens a regular file; nil where there is none.
    static func open(_ path: String) throws(LogFileError) -> LogFile? {
        // O_NONBLOCK: a FIFO put there by the pod's user must not hang the thread; O_NOFOLLOW: nor may a link lead elsewhere.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        if descriptor < 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw LogFileError(path: path, code: errno)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw LogFileError(path: path, code: EINVAL)
        }
        return LogFile(path: path, descriptor: descriptor, identity: Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)))
    }

    private init(path: String, descriptor: Int32, identity: Identity) {
        self.path = path
        self.descriptor = descriptor
        self.identity = identity
    }

    deinit {
        close(descriptor)
    }

    func size() throws(LogFileError) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw LogFileError(path: path, code: errno) }
        return Int64(status.st_size)
    }

    /// The bytes from `offset` on, at most `count`; fewer only at the file's end.
    func read(at offset: Int64, count: Int64) throws(LogFileError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(clamping: count)) { buffer, length in
            while length < buffer.count {
                let got = pread(descriptor, buffer.baseAddress?.advanced(by: length), buffer.count - length, off_t(offset) + off_t(length))
                if got == 0 { break }
                if got > 0 {
                    length += got
                } else if errno != EINTR {
                    failure = errno
                    break
                }
            }
        }
        guard failure == 0 else { throw LogFileError(path: path, code: failure) }
        return bytes
    }
}

/// All files of one container instance's log, oldest first.
struct LogFileSet: Sendable {
    var files: [LogFile]

    /// More rotated files than any supervisor keeps.
    static let mostRotated = 1000

    /// Opens the current file and every rotated one.
    ///
    /// A rotation in the middle shows as the same file under two names; then all is opened again.
    static func open(_ path: String) throws(LogFileError) -> LogFileSet {
        var files: [LogFile] = []
        for _ in 0..<8 {
            files = []
            if let current = try LogFile.open(path) { files.append(current) }
            for number in 1...mostRotated {
                guard let rotated = try LogFile.open("\(path).\(number)") else { break }
                files.append(rotated)
            }
            if Set(files.map(\.identity)).count == files.count { break }
        }
        return LogFileSet(files: files.reversed())
    }

    /// Where the last `lines` entries begin: the index of a file and an offset in it; the tail may reach back over rotations.
    ///
    /// - Parameter sizes: bytes of each file to look at.
    func tail(_ lines: Int64, sizes: [Int64]) throws -> (file: Int, offset: Int64) {
        var wanted = lines
        for index in files.indices.reversed() {
            let tail = try TailFinder.find(lines: wanted, size: sizes[index]) { try files[index].read(at: $0, count: $1) }
            wanted -= tail.lines
            if wanted <= 0 { return (index, tail.offset) }
        }
        return (0, 0)
    }
}
