import CSandbox
import Glibc

/// Small operations on files; each failure names the path.
enum FileSystem {
    /// The whole file, at most `limit` bytes.
    static func read(_ path: String, limit: Int = 64 << 20) throws(SystemError) -> [UInt8] {
        try Descriptor(opening: path, O_RDONLY).readAll(limit: limit, subject: path)
    }

    /// Makes or overwrites a file with these permission bits, whatever the umask.
    static func write(_ path: String, _ bytes: some Collection<UInt8>, mode: mode_t) throws(SystemError) {
        let file = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
        guard file.use({ fchmod($0, mode) }) == 0 else { throw SystemError("set the mode of", path) }
        try file.writeAll(bytes, subject: path)
    }

    /// Makes a folder with these permission bits, whatever the umask; an existing one is an error.
    static func makeDirectory(_ path: String, mode: mode_t) throws(SystemError) {
        guard mkdir(path, mode) == 0 else { throw SystemError("create folder", path) }
        guard chmod(path, mode) == 0 else { throw SystemError("set the mode of", path) }
    }

    /// Makes a folder and those above it where they are missing.
    static func makeDirectories(_ path: String, mode: mode_t) throws(SystemError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SystemError("create folder", path)
        }
        try makeDirectories(String(path[..<slash]), mode: mode)
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw SystemError("create folder", path) }
    }

    /// The status of a path, links followed; nil where there is nothing.
    static func status(_ path: String) -> stat? {
        var result = stat()
        return stat(path, &result) == 0 ? result : nil
    }

    static func kind(_ status: stat) -> mode_t { status.st_mode & S_IFMT }

    /// Removes a folder and all below it, links not followed.
    static func removeTree(_ path: String) throws(SystemError) {
        let result = hpk_remove_tree(AT_FDCWD, path)
        guard result == 0 else { throw SystemError("remove", path, code: -result) }
    }

    /// Whether the path lies on a file system in memory (tmpfs or ramfs).
    static func isInMemory(_ path: String) -> Bool {
        var magic: Int64 = 0
        return hpk_statfs_magic(path, &magic) == 0 && (magic == 0x0102_1994 || magic == 0x8584_58f6)
    }
}
