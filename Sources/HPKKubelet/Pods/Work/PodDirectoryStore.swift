import Foundation
import Kubernetes
import NIOPosix
import PodProtocol

/// A fault of the shared file system, or of what stands in it.
public struct PodDirectoryError: Error, CustomStringConvertible, Sendable {
    public var path: String
    public var problem: String

    public var description: String { "\(path): \(problem)" }
}

/// The pods' directories on the shared file system: `ROOT/<uid>`, mode 0700, files 0600.
///
/// Every call does its file work on a thread pool, since a shared file system may hang.
public final class PodDirectoryStore: Sendable {
    /// Absolute path of the folder that holds the pods' directories.
    public let root: String
    private let threads: NIOThreadPool

    public init(root: String, threads: NIOThreadPool) {
        self.root = root
        self.threads = threads
    }

    /// The directory of a pod.
    ///
    /// - Throws: ``PodDirectoryError`` for a UID that cannot be the name of a folder.
    public func directory(of uid: String) throws -> PodDirectory {
        let isPlain =
            !uid.isEmpty && uid.utf8.count <= 128
            && uid.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
            }
        guard isPlain else { throw PodDirectoryError(path: root, problem: "the pod UID '\(uid.prefix(64))' cannot name a directory") }
        return PodDirectory(path: "\(root)/\(uid)")
    }

    /// Makes the root folder if it is missing.
    public func prepareRoot() async throws {
        let root = root
        try await onThread {
            try FileManager.default.createDirectory(
                atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
    }

    /// UIDs of the pods that have a directory.
    public func uids() async throws -> [String] {
        let root = root
        return try await onThread { try FileManager.default.contentsOfDirectory(atPath: root).filter { !$0.hasPrefix(".") } }
    }

    /// Writes plan and connection settings of a pod, making its directory.
    func write(plan: LaunchPlan, connection: ConnectionSettings) async throws {
        let directory = try directory(of: plan.uid)
        let (planBytes, connectionBytes) = (try MessageCoding.encode(plan), try MessageCoding.encode(connection))
        try await onThread {
            try FileManager.default.createDirectory(
                atPath: directory.logs, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try Self.replace(directory.connection, with: connectionBytes)
            try Self.replace(directory.plan, with: planBytes)
        }
    }

    func write(_ connection: ConnectionSettings, of uid: String) async throws {
        let (path, bytes) = (try directory(of: uid).connection, try MessageCoding.encode(connection))
        try await onThread { try Self.replace(path, with: bytes) }
    }

    func connection(of uid: String) async throws -> ConnectionSettings? {
        try await read(try directory(of: uid).connection, as: ConnectionSettings.self)
    }

    func plan(of uid: String) async throws -> LaunchPlan? {
        try await read(try directory(of: uid).plan, as: LaunchPlan.self)
    }

    func write(_ intent: SubmissionIntent) async throws {
        let (path, bytes) = (try directory(of: intent.uid).intent, try MessageCoding.encode(intent))
        try await onThread { try Self.replace(path, with: bytes) }
    }

    func intent(of uid: String) async throws -> SubmissionIntent? {
        try await read(try directory(of: uid).intent, as: SubmissionIntent.self)
    }

    /// The events in a pod's journal, and what is wrong with lines that are none. A torn last line is not an error: the supervisor
    /// is still writing it, or died while it did.
    func journal(of uid: String) async throws -> (events: [PodEvent], problems: [String]) {
        let path = try directory(of: uid).journal
        let bytes = try await onThread { try Self.contents(of: path) }
        return JournalReader.read(bytes ?? [])
    }

    /// Removes a pod's directory with all that is in it.
    func remove(_ uid: String) async throws {
        let path = try directory(of: uid).path
        try await onThread {
            guard FileManager.default.fileExists(atPath: path) else { return }
            try FileManager.default.removeItem(atPath: path)
        }
    }

    private func read<T: Decodable & Sendable>(_ path: String, as type: T.Type) async throws -> T? {
        try await onThread {
            guard let bytes = try Self.contents(of: path) else { return nil }
            return try MessageCoding.decode(type, from: bytes, subject: path)
        }
    }

    private func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await threads.runIfActive(body)
    }

    /// Nil where there is no file.
    private static func contents(of path: String) throws -> [UInt8]? {
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch CocoaError.fileReadNoSuchFile {
            return nil
        }
    }

    /// Writes a file of mode 0600 that is either the old or the new one at every instant, and on disk when this returns.
    private static func replace(_ path: String, with bytes: [UInt8]) throws {
        let temporary = "\(path).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw fault(temporary) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw fault(temporary) }
            written += count
        }
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw fault(path) }
    }

    private static func fault(_ path: String) -> PodDirectoryError {
        PodDirectoryError(path: path, problem: String(cString: strerror(errno)))
    }
}
