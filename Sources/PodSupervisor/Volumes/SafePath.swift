import CSandbox
import Glibc

/// Finds a path below a folder without ever leaving it, symbolic links included.
///
/// The walk holds a descriptor of each folder on the way, so nothing that a container changes meanwhile can lead it astray.
enum SafePath {
    private static let mostLinks = 40

    /// Opens what the relative path names, as an `O_PATH` descriptor.
    ///
    /// - Parameters:
    ///   - path: relative; `..` is refused in it, and followed in links only while it stays inside.
    ///   - root: the folder that is not to be left.
    ///   - creating: permission bits for folders that are missing; nil makes a missing one an error.
    /// - Throws: ``Failure`` that names the path and what is wrong with it.
    static func open(_ path: String, below root: Descriptor, creating: mode_t?) throws(Failure) -> Descriptor {
        func refuse(_ why: String) -> Failure { Failure("subPath \(path.debugDescription) \(why)") }
        guard !path.hasPrefix("/") else { throw refuse("must be a relative path") }
        var left = Array(path.split(separator: "/").map(String.init).reversed())
        guard !left.contains("..") else { throw refuse("must not contain '..'") }
        guard !path.utf8.contains(0) else { throw refuse("holds a zero byte") }
        var way = [root]
        var links = 0
        while let name = left.popLast() {
            if name == "." { continue }
            if name == ".." {
                guard way.count > 1 else { throw refuse("leads outside the volume") }
                way.removeLast()
                continue
            }
            guard let folder = way.last else { throw refuse("leads outside the volume") }
            let found = try enter(name, in: folder, creating: creating) { refuse("cannot be opened: \($0)") }
            switch found.kind {
            case S_IFDIR:
                way.append(found.descriptor)
            case S_IFLNK:
                links += 1
                guard links <= mostLinks else { throw refuse("passes too many symbolic links") }
                let target = try readLink(found.descriptor) { refuse("cannot be opened: \($0)") }
                guard !target.hasPrefix("/") else { throw refuse("leads outside the volume") }
                left.append(contentsOf: target.split(separator: "/").map(String.init).reversed())
            default:
                guard left.isEmpty else { throw refuse("passes \(name.debugDescription), which is not a directory") }
                return found.descriptor
            }
        }
        guard let last = way.last else { throw refuse("leads outside the volume") }
        return last
    }

    private static func enter(
        _ name: String, in folder: Descriptor, creating: mode_t?, problem: (String) -> Failure
    ) throws(Failure) -> (descriptor: Descriptor, kind: mode_t) {
        defer { withExtendedLifetime(folder) {} }
        var number = hpk_open_at(folder.number, name, hpk_path_only | O_NOFOLLOW, 0)
        if number < 0, errno == ENOENT, let mode = creating {
            guard mkdirat(folder.number, name, mode) == 0 || errno == EEXIST else { throw problem(String(cString: strerror(errno))) }
            number = hpk_open_at(folder.number, name, hpk_path_only | O_NOFOLLOW, 0)
        }
        guard number >= 0 else { throw problem(String(cString: strerror(errno))) }
        let descriptor = Descriptor(owning: number)
        var status = stat()
        guard descriptor.use({ fstat($0, &status) }) == 0 else { throw problem(String(cString: strerror(errno))) }
        return (descriptor, FileSystem.kind(status))
    }

    private static func readLink(_ link: Descriptor, problem: (String) -> Failure) throws(Failure) -> String {
        guard let target = CText.fill(Int(PATH_MAX), { text, size in link.use { readlinkat($0, "", text, size) } }) else {
            throw problem(String(cString: strerror(errno)))
        }
        return target
    }
}
