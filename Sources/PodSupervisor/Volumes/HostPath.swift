import Glibc
import PodProtocol

/// Checks or makes what a hostPath volume names, with the kubelet's words for what is wrong.
enum HostPath {
    /// - Throws: ``Failure`` that begins with `hostPath type check failed:`, or names what could not be made.
    static func prepare(_ path: String, type: HostPathType) throws(Failure) {
        guard path.hasPrefix("/"), !path.utf8.contains(0), !path.split(separator: "/").contains("..") else {
            throw Failure("hostPath \(path.debugDescription) must be an absolute path without '..'")
        }
        let kind = FileSystem.status(path).map(FileSystem.kind)
        func expect(_ wanted: mode_t, _ what: String) throws(Failure) {
            guard kind == wanted else { throw Failure("hostPath type check failed: \(path) is not \(what)") }
        }
        switch type {
        case .directory: try expect(S_IFDIR, "a directory")
        case .file: try expect(S_IFREG, "a file")
        case .socket: try expect(S_IFSOCK, "a socket file")
        case .characterDevice: try expect(S_IFCHR, "a character device")
        case .blockDevice: try expect(S_IFBLK, "a block device")
        case .directoryOrCreate:
            if kind == nil {
                try make { () throws(SystemError) in try FileSystem.makeDirectories(path, mode: 0o755) }
            } else {
                try expect(S_IFDIR, "a directory")
            }
        case .fileOrCreate:
            if kind == nil {
                try make { () throws(SystemError) in _ = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o644) }
            } else {
                try expect(S_IFREG, "a file")
            }
        case .unset:
            // A container runtime makes a missing source a folder.
            if kind == nil { try make { () throws(SystemError) in try FileSystem.makeDirectories(path, mode: 0o755) } }
        }
    }

    private static func make(_ body: () throws(SystemError) -> Void) throws(Failure) {
        do {
            try body()
        } catch {
            throw Failure("hostPath: \(error)")
        }
    }
}
