import Glibc

/// slurm.conf and the files that it includes, read the way slurm.conf(5) tells, as far as we need it: the settings of the
/// whole cluster, not those of nodes and partitions.
public struct SlurmConfigurationFile: Sendable, Equatable {
    /// Its path.
    public let path: String
    /// All text, with the included files in the place of their `Include` lines.
    public let flattened: String
    /// Values by name in small letters, in the file's order.
    private let values: [String: [String]]

    /// Deepest nesting of `Include`, so that a file that includes itself comes to an end.
    private static let depth = 16
    /// Lines that begin with one of these describe parts of the cluster; their other words are not settings.
    private static let records: Set<String> = ["nodename", "partitionname", "nodeset", "downnodes", "frontendname"]

    /// Reads the file.
    ///
    /// - Throws: `SlurmSetupError.configurationUnreadable` or `.configurationInvalid`.
    public init(path: String) throws {
        try self.init(path: path, read: FileText.read)
    }

    /// Reads the file by `read`, which gives a file's text.
    init(path: String, read: (String) throws -> String) throws {
        self.path = path
        var lines: [Substring] = []
        try Self.collect(path: path, root: Self.directory(of: path), depth: 0, read: read, into: &lines)
        flattened = lines.joined(separator: "\n") + "\n"
        var values: [String: [String]] = [:]
        for line in Self.joined(lines) {
            let pairs = Self.pairs(line)
            guard let first = pairs.first else { continue }
            if Self.records.contains(first.name) { continue }
            for pair in pairs { values[pair.name, default: []].append(pair.value) }
        }
        self.values = values
    }

    /// The last value of a setting; the name in any case of letters.
    public func value(_ name: String) -> String? { values[name.lowercased()]?.last }

    /// All values of a setting that can be given more than once.
    public func allValues(_ name: String) -> [String] { values[name.lowercased()] ?? [] }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Slurm looks for included files with a relative path beside slurm.conf, also for those named in an included file.
    private static func collect(
        path: String, root: String, depth: Int, read: (String) throws -> String, into lines: inout [Substring]
    ) throws {
        guard depth < Self.depth else {
            throw SlurmSetupError.configurationInvalid(path: path, reason: "Include goes deeper than 16 files")
        }
        // A carriage return and a line feed are one Character.
        for line in try read(path).split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
            guard let included = Self.included(by: line) else {
                lines.append(line)
                continue
            }
            // %c and its like are filled in by Slurm: such a file stays an Include, with an absolute path.
            let target = included.hasPrefix("/") ? String(included) : "\(root)/\(included)"
            if target.contains("%") {
                lines.append(Substring("Include \(target)"))
            } else {
                try collect(path: target, root: root, depth: depth + 1, read: read, into: &lines)
            }
        }
    }

    private static func included(by line: Substring) -> Substring? {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard words.count >= 2, words[0].lowercased() == "include" else { return nil }
        return words[1]
    }

    /// Drops comments and joins lines that end in a backslash.
    private static func joined(_ lines: [Substring]) -> [String] {
        var result: [String] = []
        var pending = ""
        for line in lines {
            let text = withoutComment(line)
            if text.hasSuffix("\\") {
                pending += text.dropLast()
            } else {
                result.append(pending + text)
                pending = ""
            }
        }
        if !pending.isEmpty { result.append(pending) }
        return result
    }

    private static func withoutComment(_ line: Substring) -> Substring {
        var escaped = false
        for index in line.indices {
            if line[index] == "#" && !escaped { return line[..<index] }
            escaped = line[index] == "\\"
        }
        return line
    }

    /// `Name=value` words of a line; a value in double quotes may hold blanks.
    private static func pairs(_ line: String) -> [(name: String, value: String)] {
        var isQuoted = false
        let words = line.split { character in
            if character == "\"" { isQuoted.toggle() }
            return !isQuoted && (character == " " || character == "\t")
        }
        return words.compactMap { word in
            guard let equals = word.firstIndex(of: "="), equals != word.startIndex else { return nil }
            let value = word[word.index(after: equals)...]
            return (word[..<equals].lowercased(), String(value.filter { $0 != "\"" }))
        }
    }
}

/// Whole small files.
enum FileText {
    /// Longest configuration file that is read: 16 MiB.
    static let limit = 16 << 20

    /// A file's text; bytes that are not UTF-8 become U+FFFD.
    static func read(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw unreadable(path) }
        guard information.st_mode & S_IFMT == S_IFREG else {
            throw SlurmSetupError.configurationUnreadable(path: path, reason: "it is not a file")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: chunk[..<count])
        }
        throw SlurmSetupError.configurationUnreadable(path: path, reason: "it is longer than 16 MiB")
    }

    private static func unreadable(_ path: String) -> SlurmSetupError {
        .configurationUnreadable(path: path, reason: errnoText())
    }

    /// errno in words.
    static func errnoText(_ code: Int32 = errno) -> String { CStrings.optional(strerror(code)) ?? "error \(code)" }
}
