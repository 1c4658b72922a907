import Foundation

/// Files of a pod's directory, each with as few operations as it takes: on a shared file system every one is a message to a server.
enum PodFiles {
    /// Makes a folder of mode 0700, and those above it where they are missing; false where it is there already.
    static func makeFolder(_ path: String) throws -> Bool {
        if mkdir(path, 0o700) == 0 { return true }
        if errno == EEXIST { return false }
        guard errno == ENOENT else { throw fault(path) }
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return true
    }

    /// Writes a file of mode 0600 that is not there yet and that nobody reads before this has returned; then it is on disk.
    static func create(_ path: String, _ bytes: [UInt8]) throws {
        try write(path, bytes, flags: O_CREAT | O_EXCL, isDurable: true)
    }

    /// Writes a file of mode 0600 that is either the old or the new one at every instant, and on disk when this returns.
    static func replace(_ path: String, with bytes: [UInt8]) throws {
        let temporary = "\(path).new"
        try write(temporary, bytes, flags: O_CREAT | O_TRUNC, isDurable: true)
        guard rename(temporary, path) == 0 else { throw fault(path) }
    }

    /// Writes behind what is in a file of mode 0600.
    ///
    /// - Parameter isDurable: whether it is on disk when this returns.
    static func append(_ path: String, _ bytes: [UInt8], isDurable: Bool) throws {
        try write(path, bytes, flags: O_CREAT | O_APPEND, isDurable: isDurable)
    }

    /// Nil where there is no file.
    static func contents(of path: String) throws -> [UInt8]? {
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch CocoaError.fileReadNoSuchFile {
            return nil
        }
    }

    /// Removes a file, if it is there.
    static func remove(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw fault(path) }
    }

    /// Removes files that are likely to be there, and their folders; false where something else is left.
    static func removeKnown(files: [String], logs: [String], folder: String) -> Bool {
        for path in files where unlink(path) != 0 && errno != ENOENT { return false }
        for log in logs {
            if unlink(log) != 0 && errno != ENOENT { return false }
            guard let slash = log.lastIndex(of: "/") else { continue }
            if rmdir(String(log[..<slash])) != 0 && errno != ENOENT { return false }
        }
        return rmdir(folder) == 0 || errno == ENOENT
    }

    private static func write(_ path: String, _ bytes: [UInt8], flags: Int32, isDurable: Bool) throws {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, 0o600)
        guard descriptor >= 0 else { throw fault(path) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw fault(path) }
            written += count
        }
        guard !isDurable || fsync(descriptor) == 0 else { throw fault(path) }
    }

    private static func fault(_ path: String) -> PodDirectoryError {
        PodDirectoryError(path: path, problem: String(cString: strerror(errno)))
    }
}
