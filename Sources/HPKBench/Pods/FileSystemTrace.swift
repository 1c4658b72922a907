import Foundation

/// System calls on files below one folder, as strace saw them.
public struct FileSystemTrace: Sendable, Equatable {
    /// What strace is asked for: calls that may make a shared file system ask its server.
    static let calls =
        "%file,read,pread64,readv,write,pwrite64,writev,fsync,fdatasync,ftruncate,getdents64,fstat,fchmod,fchown,flock,close,fallocate"

    /// Number of calls by name.
    public private(set) var counts: [String: Int] = [:]

    /// No calls yet.
    public init() {}

    /// The command that traces the one behind it, with all its children, into a file.
    public static func command(output: String) -> [String] {
        // Seconds since the epoch, names of processes, paths of descriptors.
        ["strace", "-f", "-Y", "-y", "-qq", "-ttt", "-s", "16", "-e", "trace=\(calls)", "-o", output]
    }

    /// Counts the lines about files below a folder.
    ///
    /// - Parameters:
    ///   - folder: absolute path.
    ///   - from: seconds since the epoch; what was before is left out.
    ///   - isCounted: whether the calls of a process of that name are ours.
    public mutating func add(_ text: String, below folder: String, from: Double = 0, isCounted: (Substring) -> Bool = { _ in true }) {
        for line in text.split(separator: "\n") {
            // `9267<hpk-pod> 1795572909.237621 openat(AT_FDCWD</x>, "/home/u/.hpk/pods/1/claim", O_RDONLY) = 3</home/…>`
            guard let nameStart = line.firstIndex(of: "<"), let nameEnd = line[nameStart...].firstIndex(of: ">") else { continue }
            let words = line[line.index(after: nameEnd)...].split(separator: " ", maxSplits: 1)
            guard words.count == 2, let time = Double(words[0]), time >= from, let open = words[1].firstIndex(of: "("),
                isCounted(line[line.index(after: nameStart)..<nameEnd])
            else { continue }
            let call = words[1][..<open]
            guard call.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }), Self.names(words[1][open...], folder) else { continue }
            counts[String(call), default: 0] += 1
        }
    }

    /// Whether the arguments name the folder, or something below it, by a path or by a descriptor.
    private static func names(_ arguments: Substring, _ folder: String) -> Bool {
        var arguments = arguments
        // The working folder says nothing where the path behind it is absolute.
        if arguments.hasPrefix("(AT_FDCWD<"), let end = arguments.firstIndex(of: ">"), arguments[end...].hasPrefix(">, \"/") {
            arguments = arguments[end...].dropFirst()
        }
        for quote in ["\"", "<"] {
            for end in ["/", "\"", ">"] where arguments.contains(quote + folder + end) { return true }
        }
        return false
    }

    /// All calls.
    public var total: Int { counts.values.reduce(0, +) }
}
