import Glibc

/// Reads and writes files that hold secrets: mode 0600 in a folder of mode 0700, replaced as a whole or not at all.
enum PrivateFile {
    /// Makes the folder and its parents; the last one gets mode 0700 even where it existed.
    static func makeDirectory(_ path: String) throws(CertificateError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += (prefix.isEmpty || prefix.hasSuffix("/") ? "" : "/") + part
            if mkdir(prefix, 0o700) != 0 && errno != EEXIST && errno != EISDIR {
                throw .unwritable(path: prefix, reason: systemMessage(errno))
            }
        }
        guard chmod(path, 0o700) == 0 else { throw .unwritable(path: path, reason: systemMessage(errno)) }
    }

    /// Writes beside the target and renames, so that a crash at any instant leaves the old file or the new one.
    static func write(_ text: String, to path: String) throws(CertificateError) {
        let temporary = "\(path).\(getpid()).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unwritable(path: temporary, reason: systemMessage(errno)) }
        var failure: Int32 = 0
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty && failure == 0 {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if errno != EINTR {
                failure = errno
            }
        }
        if failure == 0 && fsync(descriptor) != 0 { failure = errno }
        if close(descriptor) != 0 && failure == 0 { failure = errno }
        if failure == 0 && rename(temporary, path) != 0 { failure = errno }
        guard failure == 0 else {
            unlink(temporary)
            throw .unwritable(path: path, reason: systemMessage(failure))
        }
        synchronizeDirectory(of: path)
    }

    /// The file's bytes, at most 1 MiB; nil where there is no such file.
    static func read(_ path: String, what: String) throws(CertificateError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .unreadable(path: path, what: what, reason: systemMessage(errno))
        }
        defer { close(descriptor) }
        let limit = 1 << 20
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &block, block.count)
            if count == 0 { return bytes }
            if count > 0 {
                bytes.append(contentsOf: block[..<count])
            } else if errno != EINTR {
                throw .unreadable(path: path, what: what, reason: systemMessage(errno))
            }
        }
        throw .malformed(path: path, what: what)
    }

    /// The system's words for an error number.
    static func systemMessage(_ code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let start = buffer.baseAddress, strerror_r(code, start, buffer.count) == 0 else { return "error \(code)" }
            return String(cString: start)
        }
    }

    /// Makes the rename itself durable; a file system that cannot do it loses nothing but that.
    private static func synchronizeDirectory(of path: String) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let descriptor = open(String(path[..<slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
