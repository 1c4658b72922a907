import CSandbox
import Glibc

/// The pod's folder on the compute node's own disk: mode 0700, locked while the supervisor lives, removed at its end.
final class LocalDirectory {
    static let prefix = "hpk-pod-"

    let path: String
    private let lock: Descriptor

    /// Makes a folder with a new name below `base`.
    init(base: String, label: String) throws {
        guard base.hasPrefix("/"), base.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && !Array(",:\"\\".utf8).contains($0) }) else {
            throw Failure(
                "local directory \(base.debugDescription) must be an absolute path without commas, colons, quotes, backslashes or blanks")
        }
        let plain = label.unicodeScalars.map {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0)) ? Character($0) : "-"
        }
        for _ in 0..<100 {
            let path = "\(base)/\(Self.prefix)\(String(plain.prefix(36)))-\(String(UInt32.random(in: .min ... .max), radix: 16))"
            guard mkdir(path, 0o700) == 0 else {
                if errno == EEXIST { continue }
                throw SystemError("create folder", path)
            }
            // Between creation and lock another supervisor may have taken it for a stale one, and removed it.
            let lock: Descriptor
            do throws(SystemError) {
                lock = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            } catch {
                if error.code == ENOENT { continue }
                throw error
            }
            guard lock.use({ flock($0, LOCK_EX | LOCK_NB) }) == 0, Self.isSame(lock, path) else { continue }
            self.path = path
            self.lock = lock
            return
        }
        throw Failure("cannot create a folder below \(base): every name is taken")
    }

    /// Removes the folder and all in it.
    func remove() throws(SystemError) {
        try FileSystem.removeTree(path)
        lock.close()
    }

    /// Removes what supervisors of the same user that were killed have left below `base`.
    static func sweep(base: String) {
        for name in CText.names(in: base) ?? [] where name.hasPrefix(prefix) {
            let path = "\(base)/\(name)"
            guard let folder = try? Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else { continue }
            var status = stat()
            guard folder.use({ fstat($0, &status) }) == 0, status.st_uid == geteuid() else { continue }
            folder.use { if flock($0, LOCK_EX | LOCK_NB) == 0 { try? FileSystem.removeTree(path) } }
        }
    }

    private static func isSame(_ folder: Descriptor, _ path: String) -> Bool {
        var held = stat()
        var named = stat()
        return folder.use({ fstat($0, &held) }) == 0 && lstat(path, &named) == 0 && held.st_ino == named.st_ino
            && held.st_dev == named.st_dev
            && held.st_uid == geteuid()
    }
}
