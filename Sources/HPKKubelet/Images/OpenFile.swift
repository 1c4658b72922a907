import Foundation

/// Why a file of an image or of the store could not be used.
struct ImageFault: Error, Sendable, Equatable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }

    /// The failure of a system call, with the words for `code` (an `errno` value).
    init(_ operation: String, _ path: String, code: Int32) {
        description = "cannot \(operation) \(quoted(path)): \(String(cString: strerror(code)))"
    }
}

/// An open file or folder, closed once.
struct OpenFile: ~Copyable {
    private let descriptor: Int32
    private let path: String
    private let status: stat

    /// Opens for reading. Pipes and devices are opened without waiting for their other end.
    init(_ path: String) throws(ImageFault) {
        try self.init(path, descriptor: open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
    }

    private init(_ path: String, descriptor: Int32) throws(ImageFault) {
        guard descriptor >= 0 else { throw ImageFault("open", path, code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw ImageFault("examine", path, code: code)
        }
        self.descriptor = descriptor
        self.path = path
        self.status = status
    }

    deinit { close(descriptor) }

    var isDirectory: Bool { status.st_mode & S_IFMT == S_IFDIR }
    var isRegular: Bool { status.st_mode & S_IFMT == S_IFREG }
    var size: Int64 { Int64(status.st_size) }
    /// Nanoseconds since 1970.
    var modified: Int64 { Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec) }

    /// Reads exactly `count` bytes.
    borrowing func read(offset: UInt64, count: Int) throws(ImageFault) -> [UInt8] {
        let bytes = try readPrefix(offset: offset, limit: count)
        guard bytes.count == count else { throw ImageFault("\(quoted(path)) is cut short") }
        return bytes
    }

    /// Reads to the end, at most `limit` bytes.
    ///
    /// - Parameter sized: false for files whose status does not tell their size.
    borrowing func readPrefix(offset: UInt64 = 0, limit: Int, sized: Bool = true) throws(ImageFault) -> [UInt8] {
        let count = sized ? min(limit, Int(clamping: size) - Int(clamping: offset)) : limit
        var bytes = [UInt8](repeating: 0, count: max(0, count))
        var filled = 0
        while filled < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled, off_t(clamping: offset) + off_t(filled))
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw ImageFault("read", path, code: errno) }
            guard got > 0 else { break }
            filled += got
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    /// A small file of a folder inside this one, or nothing. No symbolic link is followed, so nothing outside the folder can be read.
    borrowing func readBelow(_ folder: String, _ name: String) -> [UInt8] {
        let inner = openat(descriptor, folder, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY)
        guard inner >= 0 else { return [] }
        defer { close(inner) }
        let opened = openat(inner, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard let file = try? OpenFile(name, descriptor: opened), file.isRegular else { return [] }
        return (try? file.readPrefix(limit: AccountDatabase.sizeLimit)) ?? []
    }

    /// SHA-256 of the whole file, as `sha256:…`.
    borrowing func digest() throws(ImageFault) -> String {
        guard var hash = SHA256() else { throw ImageFault("SHA-256 is not available") }
        var offset: UInt64 = 0
        while true {
            let piece = try readPrefix(offset: offset, limit: 1 << 20)
            guard !piece.isEmpty else { break }
            piece.withUnsafeBytes { hash.update($0) }
            offset += UInt64(piece.count)
        }
        guard let digest = hash.digest() else { throw ImageFault("SHA-256 is not available") }
        return digest
    }
}
