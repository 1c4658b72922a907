import Glibc
import PodProtocol

/// The log of one container instance: an append-only file that is rotated by size.
///
/// Bytes are gathered in memory and written by ``flush()``, which the loop calls before it waits. A write that fails (full disk)
/// drops the gathered bytes and is tried again with the next ones: a container never stops because of its log.
final class LogFile {
    let path: String
    private let limits: LogLimits
    private var file: Descriptor?
    private var buffer: [UInt8] = []
    /// Bytes in the live file.
    private(set) var size: Int64 = 0
    /// How many times the file has been rotated: a reader that knows an older number finds its file under `.N`.
    private(set) var generation = 0
    /// No more bytes will come.
    private(set) var isClosed = false
    /// The last failure to write, for the supervisor's own output.
    private(set) var lastFailure: SystemError?

    init(path: String, limits: LogLimits) throws(SystemError) {
        self.path = path
        self.limits = limits
        if let slash = path.lastIndex(of: "/") {
            let folder = path[..<slash]
            // The first container makes the folder of all logs, too.
            if let above = folder.lastIndex(of: "/") { _ = mkdir(String(folder[..<above]), 0o700) }
            try FileSystem.makeDirectories(String(folder), mode: 0o700)
        }
        if let fresh = try? Descriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, mode: 0o600) {
            file = fresh
        } else {
            file = try Self.open(path)
            size = Int64(FileSystem.status(path)?.st_size ?? 0)
        }
    }

    private static func open(_ path: String) throws(SystemError) -> Descriptor {
        try Descriptor(opening: path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, mode: 0o600)
    }

    /// Lets the writer put whole lines behind those gathered so far.
    func append(_ body: (inout [UInt8]) -> Void) {
        body(&buffer)
        if buffer.count >= 256 << 10 { flush() }
    }

    /// Writes what was gathered.
    func flush() {
        guard !buffer.isEmpty else { return }
        defer { buffer.removeAll(keepingCapacity: buffer.capacity <= 1 << 20) }
        do throws(SystemError) {
            let file = try openFile()
            try file.writeAll(buffer, subject: path)
            size += Int64(buffer.count)
            lastFailure = nil
            if size >= limits.maximumBytes { try rotate() }
        } catch {
            lastFailure = error
        }
    }

    /// Writes what is left; the file gets no more bytes.
    func close() {
        flush()
        isClosed = true
        file?.close()
        file = nil
    }

    private func openFile() throws(SystemError) -> Descriptor {
        if let file { return file }
        let opened = try Self.open(path)
        file = opened
        return opened
    }

    private func rotate() throws(SystemError) {
        let kept = max(limits.maximumFiles, 2) - 1
        for number in stride(from: kept - 1, through: 1, by: -1) {
            _ = rename("\(path).\(number)", "\(path).\(number + 1)")
        }
        guard rename(path, "\(path).1") == 0 else { throw SystemError("rotate", path) }
        file = try Self.open(path)
        size = 0
        generation += 1
    }
}
