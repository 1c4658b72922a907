/// Rules for paths of files inside a configMap, secret, downwardAPI or projected volume: those of the kubelet's atomic writer.
enum VolumePath {
    static let maximumLength = 4096
    static let maximumPartLength = 255

    /// What is wrong with the path; nil for a good one.
    static func problem(_ path: String) -> String? {
        if path.isEmpty { return "invalid path: must not be empty: \"\"" }
        if path.hasPrefix("/") { return "invalid path: must be relative path: \(path)" }
        if TextRules.hasControl(path) { return "invalid path: must not contain control characters: \(path.quotedForMessage)" }
        if path.utf8.count > maximumLength { return "invalid path: must be less than or equal to \(maximumLength) characters" }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        if parts.contains("..") { return "invalid path: must not contain '..': \(path)" }
        if parts.contains(where: { $0.utf8.count > maximumPartLength }) {
            return "invalid path: filenames must be less than or equal to \(maximumPartLength) characters"
        }
        if path.hasPrefix("..") { return "invalid path: must not start with '..': \(path)" }
        if normalized(path).isEmpty { return "invalid path: names no file: \(path)" }
        return nil
    }

    /// The path without empty and `.` parts.
    static func normalized(_ path: String) -> String {
        path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// An absolute path without empty, `.` and `..` parts (`..` at the root stays at the root, as in Go's `path.Clean`).
    static func absolute(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Two files of which one would have to be a folder, or nil.
    static func conflict(_ paths: some Collection<String>) -> (String, String)? {
        let all = Set(paths)
        for path in all.sorted() {
            var parent = path[...]
            while let slash = parent.lastIndex(of: "/") {
                parent = parent[..<slash]
                if all.contains(String(parent)) { return (String(parent), path) }
            }
        }
        return nil
    }
}
