import Glibc
import PodProtocol

/// Writes the files of a configMap, secret, downwardAPI or projected volume so that a reader sees all of the old or all of the new ones.
///
/// The layout is the kubelet's (`pkg/volume/util/atomic_writer.go`): files stand in a folder with a new name each time, `..data` is a
/// link to it that is replaced by a rename, and each file is seen through a link into `..data`.
struct ContentVolume {
    /// The volume's folder, which exists.
    let path: String
    /// Group that owns the files, where the pod asks for one.
    let fsGroup: UInt32?

    /// Replaces the content.
    ///
    /// - Parameter version: distinguishes this writing from every earlier one.
    func write(_ content: VolumeContent, version: Int64) throws {
        let names = try content.files.map { try Self.components(of: $0.path) }
        let folder = "..\(version)"
        try makeFolder("\(path)/\(folder)")
        for (file, parts) in zip(content.files, names) {
            var at = "\(path)/\(folder)"
            for part in parts.dropLast() {
                at += "/\(part)"
                if FileSystem.status(at) == nil { try makeFolder(at) }
            }
            try writeFile(file, at: "\(at)/\(parts.last ?? "")")
        }
        let old = Self.linkTarget("\(path)/..data")
        _ = unlink("\(path)/..data_tmp")
        guard symlink(folder, "\(path)/..data_tmp") == 0 else { throw SystemError("link", "\(path)/..data_tmp") }
        guard rename("\(path)/..data_tmp", "\(path)/..data") == 0 else { throw SystemError("rename", "\(path)/..data_tmp") }
        let tops = Set(names.compactMap(\.first))
        for top in tops where Self.linkTarget("\(path)/\(top)") == nil {
            guard symlink("..data/\(top)", "\(path)/\(top)") == 0 else { throw SystemError("link", "\(path)/\(top)") }
        }
        try removeLinks(except: tops)
        if let old, old.hasPrefix(".."), !old.contains("/"), old != folder { try FileSystem.removeTree("\(path)/\(old)") }
    }

    /// The parts of a file's path, each fit to be a file name.
    static func components(of path: String) throws(Failure) -> [String] {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        for part in parts where part.isEmpty || part == "." || part == ".." || part.utf8.contains(0) {
            throw Failure("file path \(path.debugDescription) of a volume must be relative and without '..'")
        }
        guard let first = parts.first, !first.hasPrefix("..") else {
            throw Failure("file path \(path.debugDescription) of a volume must not start with '..'")
        }
        return parts
    }

    private func makeFolder(_ folder: String) throws(SystemError) {
        try FileSystem.makeDirectory(folder, mode: fsGroup == nil ? 0o755 : 0o2775)
        if let fsGroup { try Ownership.give(folder, group: fsGroup, mode: 0o2775) }
    }

    private func writeFile(_ file: VolumeContent.File, at place: String) throws(SystemError) {
        let mode = mode_t(file.mode & 0o777) | (fsGroup == nil ? 0 : 0o440)
        try FileSystem.write(place, file.data, mode: mode)
        if let owner = file.owner, chown(place, owner, gid_t.max) != 0 { throw SystemError("give to user \(owner)", place) }
        if let fsGroup { try Ownership.give(place, group: fsGroup, mode: mode) }
    }

    private func removeLinks(except kept: Set<String>) throws(SystemError) {
        guard let present = CText.names(in: path) else { throw SystemError("list", path) }
        for name in present {
            guard !kept.contains(name), Self.linkTarget("\(path)/\(name)") == "..data/\(name)" else { continue }
            guard unlink("\(path)/\(name)") == 0 else { throw SystemError("remove", "\(path)/\(name)") }
        }
    }

    private static func linkTarget(_ path: String) -> String? {
        CText.fill(Int(PATH_MAX)) { readlink(path, $0, $1) }
    }
}

/// Gives files of a volume to the pod's group.
enum Ownership {
    /// Changes the group, then the mode: a change of group clears the set-group-id bit.
    static func give(_ path: String, group: UInt32, mode: mode_t) throws(SystemError) {
        guard chown(path, uid_t.max, group) == 0 else { throw SystemError("give to group \(group)", path) }
        guard chmod(path, mode) == 0 else { throw SystemError("set the mode of", path) }
    }
}
