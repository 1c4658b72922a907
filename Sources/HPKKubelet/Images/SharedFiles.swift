import Foundation

/// Small files on a shared file system: private to the user, never seen half written.
enum SharedFiles {
    /// Makes a folder of mode 0700, and those above it where they are missing.
    static func makeFolder(_ path: String) throws(ImageFault) {
        guard mkdir(path, 0o700) != 0 else { return }
        switch errno {
        case EEXIST: return
        case ENOENT where path.count > 1:
            try makeFolder((path as NSString).deletingLastPathComponent)
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw ImageFault("make the folder", path, code: errno) }
        default: throw ImageFault("make the folder", path, code: errno)
        }
    }

    /// Makes a file of mode 0600 that must not be there yet; false where it is.
    ///
    /// `O_EXCL` decides on the server since NFS version 3, and on every parallel file system in use.
    static func create(_ path: String, _ bytes: [UInt8]) throws(ImageFault) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST { return false }
            throw ImageFault("create", path, code: errno)
        }
        var written = 0
        var code: Int32 = 0
        while written < bytes.count, code == 0 {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written) }
            if count >= 0 { written += count } else if errno != EINTR { code = errno }
        }
        if code == 0, fsync(descriptor) != 0 { code = errno }
        // Over NFS a full disk may be told only now.
        if close(descriptor) != 0, code == 0 { code = errno }
        guard code == 0 else {
            unlink(path)
            throw ImageFault("write", path, code: code)
        }
        return true
    }

    /// Writes a file beside its place and renames it over what is there.
    static func replace(_ path: String, _ bytes: [UInt8]) throws(ImageFault) {
        let temporary = path + ".new-" + uniqueToken()
        guard try create(temporary, bytes) else { throw ImageFault("create", temporary, code: EEXIST) }
        do { try move(temporary, to: path) } catch {
            unlink(temporary)
            throw error
        }
    }

    static func move(_ from: String, to path: String) throws(ImageFault) {
        guard rename(from, path) == 0 else { throw ImageFault("rename to", path, code: errno) }
    }

    /// The bytes of a small file, or nil where it is not there or cannot be read.
    static func contents(_ path: String, limit: Int = 8 << 20) -> [UInt8]? {
        try? OpenFile(path).readPrefix(limit: limit)
    }

    /// Sets the time of last change to now; false where the file is gone.
    @discardableResult
    static func touch(_ path: String) -> Bool { utimensat(AT_FDCWD, path, nil, AT_SYMLINK_NOFOLLOW) == 0 }

    /// The names in a folder, without `.` and `..`; empty where it cannot be read.
    static func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    /// Time of last change in nanoseconds since 1970, and size; nil where nothing is there. Links are not followed.
    static func status(_ path: String) -> (modified: Int64, size: Int64, isRegular: Bool)? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        let modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        return (modified, Int64(status.st_size), status.st_mode & S_IFMT == S_IFREG)
    }

    /// Removes a file, if it is there.
    static func remove(_ path: String) { unlink(path) }

    /// A name that no other process takes.
    static func uniqueToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return String(generator.next(), radix: 36) + String(generator.next(), radix: 36)
    }

    /// Removes a folder and all below it, links themselves only. An unpacked image may hold folders that their owner may not write.
    static func removeTree(_ path: String) {
        if (try? FileManager.default.removeItem(atPath: path)) != nil { return }
        if let below = FileManager.default.enumerator(atPath: path) {
            chmod(path, 0o700)
            for case let name as String in below {
                let full = path + "/" + name
                var status = stat()
                if lstat(full, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { chmod(full, 0o700) }
            }
        }
        try? FileManager.default.removeItem(atPath: path)
    }
}
