import Foundation

/// Which SIF files and image folders of the file system a pod may name.
///
/// A path is resolved first, symbolic links and all, and must then lie below one of the allowed folders: a link that leads out of them is refused.
/// The pod gets the resolved path, so a link that changes later changes nothing.
struct LocalImages: Sendable {
    /// Absolute paths; none allows no local image.
    let allowedFolders: [String]

    func resolve(_ path: String) throws(ImageError) -> String {
        guard !allowedFolders.isEmpty else {
            throw .invalidName(
                image: path, reason: "images of the file system are not allowed here; the administrator can allow folders of them")
        }
        guard let resolved = Self.realPath(path) else {
            let code = errno
            // What lies outside is not even said to be missing.
            guard allowedFolders.contains(where: { Self.isBelow(path, $0) }) else { throw outside(path) }
            throw .pull(image: path, reason: String(cString: strerror(code)))
        }
        guard allowedFolders.contains(where: { Self.isBelow(resolved, Self.realPath($0) ?? $0) }) else { throw outside(path) }
        return resolved
    }

    private func outside(_ path: String) -> ImageError {
        .invalidName(image: path, reason: "the path is not below one of the allowed folders: \(allowedFolders.joined(separator: ", "))")
    }

    private static func isBelow(_ path: String, _ folder: String) -> Bool {
        var folder = folder[...]
        while folder.hasSuffix("/") { folder = folder.dropLast() }
        return folder.hasPrefix("/") && path.hasPrefix(folder + "/")
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
