import Foundation
import Kubernetes
import NIOPosix
import PodProtocol
import Synchronization

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
    private let known = Mutex<[String: Known]>([:])

    /// What this process wrote into a directory, or has read there.
    private struct Known {
        var connection: ConnectionSettings?
        /// The first log of each container.
        var logs: [String] = []
    }

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

    /// Writes the plan of a pod with its connection settings, making its directory; on disk when this returns.
    func write(plan: LaunchPlan, connection: ConnectionSettings) async throws {
        let directory = try directory(of: plan.uid)
        var plan = plan
        plan.connection = connection
        let bytes = try MessageCoding.encode(plan)
        try await onThread {
            if try PodFiles.makeFolder(directory.path) {
                try PodFiles.create(directory.plan, bytes)
            } else {
                // Of an earlier try; settings that were written since then are older than these.
                try PodFiles.replace(directory.plan, with: bytes)
                try PodFiles.remove(directory.connection)
            }
        }
        known.withLock { $0[plan.uid] = Known(connection: connection, logs: Self.logs(of: plan, in: directory)) }
    }

    func write(_ connection: ConnectionSettings, of uid: String) async throws {
        let (path, bytes) = (try directory(of: uid).connection, try MessageCoding.encode(connection))
        try await onThread { try PodFiles.replace(path, with: bytes) }
        known.withLock { $0[uid, default: Known()].connection = connection }
    }

    /// The settings that a pod's supervisor was given; read from disk once.
    func connection(of uid: String) async throws -> ConnectionSettings? {
        if let connection = known.withLock({ $0[uid]?.connection }) { return connection }
        var found = try await read(try directory(of: uid).connection, as: ConnectionSettings.self)
        if found == nil { found = try await plan(of: uid)?.connection }
        if let found { known.withLock { $0[uid, default: Known()].connection = found } }
        return found
    }

    func plan(of uid: String) async throws -> LaunchPlan? {
        try await read(try directory(of: uid).plan, as: LaunchPlan.self)
    }

    /// Records a submission behind earlier records. One that says that a submission is about to begin is on disk when this returns; one
    /// with the job's id only spares a search, so it is left to the file system.
    func write(_ intent: SubmissionIntent) async throws {
        let path = try directory(of: intent.uid).intent
        // Should the last line be torn, it must not take this one with it.
        let line = [UInt8(ascii: "\n")] + (try MessageCoding.encode(intent)) + [UInt8(ascii: "\n")]
        try await onThread { try PodFiles.append(path, line, isDurable: intent.jobID == nil) }
    }

    /// The newest record of a submission.
    func intent(of uid: String) async throws -> SubmissionIntent? {
        let path = try directory(of: uid).intent
        guard let bytes = try await onThread({ try PodFiles.contents(of: path) }) else { return nil }
        let whole = bytes[..<(bytes.lastIndex(of: UInt8(ascii: "\n")) ?? bytes.startIndex)]
        guard let line = whole.split(separator: UInt8(ascii: "\n")).last else { return nil }
        return try MessageCoding.decode(SubmissionIntent.self, from: line, subject: path)
    }

    /// The events in a pod's journal, and what is wrong with lines that are none. A torn last line is not an error: the supervisor
    /// is still writing it, or died while it did.
    func journal(of uid: String) async throws -> (events: [PodEvent], problems: [String]) {
        let path = try directory(of: uid).journal
        let bytes = try await onThread { try PodFiles.contents(of: path) }
        return JournalReader.read(bytes ?? [])
    }

    /// Removes a pod's directory with all that is in it.
    func remove(_ uid: String) async throws {
        let directory = try directory(of: uid)
        let logs = known.withLock { $0.removeValue(forKey: uid)?.logs } ?? []
        try await onThread {
            // What is there is nearly always known, and needs no look around.
            let files = [directory.plan, directory.intent, directory.claim, directory.journal, directory.output]
            if PodFiles.removeKnown(files: files, logs: logs, folder: directory.logs), rmdir(directory.path) == 0 { return }
            guard FileManager.default.fileExists(atPath: directory.path) else { return }
            try FileManager.default.removeItem(atPath: directory.path)
        }
    }

    private static func logs(of plan: LaunchPlan, in directory: PodDirectory) -> [String] {
        (plan.initContainers + plan.containers).map { directory.log(container: $0.name, restartCount: 0) }
    }

    private func read<T: Decodable & Sendable>(_ path: String, as type: T.Type) async throws -> T? {
        try await onThread {
            guard let bytes = try PodFiles.contents(of: path) else { return nil }
            return try MessageCoding.decode(type, from: bytes, subject: path)
        }
    }

    private func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await threads.runIfActive(body)
    }
}
