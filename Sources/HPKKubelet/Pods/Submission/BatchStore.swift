import Foundation
import NIOPosix
import PodProtocol

/// The batch files on the shared file system, and which pods still need them. A file goes when the last of its pods is gone; without it a
/// task that Slurm starts late finds no pod and leaves.
actor BatchStore {
    /// The folder.
    nonisolated let directory: BatchDirectory
    private let threads: NIOThreadPool
    private var batchOfPod: [String: String] = [:]
    private var podsLeft: [String: Set<String>] = [:]

    /// - Parameter root: absolute path of the folder; it is made when there is something to write.
    init(root: String, threads: NIOThreadPool) {
        directory = BatchDirectory(path: root)
        self.threads = threads
    }

    /// Writes a batch file; on disk when this returns.
    func write(_ record: BatchRecord) async throws {
        try await put(record)
        keep(record, pods: Set(record.members.map(\.uid)))
    }

    /// Writes it again with what has become known, if any of its pods is still there.
    func complete(_ record: BatchRecord) async throws {
        guard podsLeft[record.id] != nil else { return }
        try await put(record)
        // The last pod may have gone meanwhile.
        if podsLeft[record.id] == nil { try await remove(record.id) }
    }

    private func put(_ record: BatchRecord) async throws {
        let (root, path) = (directory.path, directory.batch(record.id))
        guard let bytes = try record.encoded() else { throw PodDirectoryError(path: path, problem: "a pod's UID does not fit") }
        try await threads.runIfActive {
            if access(root, F_OK) != 0 {
                try FileManager.default.createDirectory(
                    atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
            do { try SharedFiles.replace(path, bytes) } catch { throw PodDirectoryError(path: path, problem: "\(error)") }
        }
    }

    /// Takes the batch back: whatever array of it there may be finds no pods any more.
    func remove(_ id: String) async throws {
        for uid in podsLeft.removeValue(forKey: id) ?? [] where batchOfPod[uid] == id { batchOfPod[uid] = nil }
        let paths = [directory.batch(id), directory.output(id)]
        try await threads.runIfActive {
            for path in paths where unlink(path) != 0 && errno != ENOENT {
                throw PodDirectoryError(path: path, problem: String(cString: strerror(errno)))
            }
        }
    }

    /// A pod is gone, and its job with it.
    func podRemoved(_ uid: String) async throws {
        guard let id = batchOfPod.removeValue(forKey: uid) else { return }
        podsLeft[id]?.remove(uid)
        if podsLeft[id]?.isEmpty ?? false { try await remove(id) }
    }

    /// From now on the batch lives as long as these pods.
    func keep(_ record: BatchRecord, pods: Set<String>) {
        podsLeft[record.id] = pods
        for uid in pods { batchOfPod[uid] = record.id }
    }

    /// Every batch that an earlier agent left, and what is wrong with files that are none. What belongs to no batch is removed.
    func load() async throws -> (records: [BatchRecord], problems: [String]) {
        let root = directory.path
        return try await threads.runIfActive {
            var records: [BatchRecord] = []
            var problems: [String] = []
            let names = SharedFiles.names(in: root)
            for name in names where name.hasSuffix(".batch") {
                let path = "\(root)/\(name)"
                do {
                    guard let bytes = SharedFiles.contents(path, limit: 64 << 20) else { throw PodDirectoryError(path: path, problem: "it cannot be read") }
                    let record = try BatchRecord(reading: bytes, subject: path)
                    guard "\(record.id).batch" == name else {
                        throw PodDirectoryError(path: path, problem: "it holds the record of another batch")
                    }
                    records.append(record)
                } catch {
                    problems.append("\(error)")
                }
            }
            let outputs = Set(names.filter { $0.hasSuffix(".batch") }.map { $0.dropLast(".batch".count) + ".out" })
            for name in names where !name.hasSuffix(".batch") && !outputs.contains(name[...]) { SharedFiles.remove("\(root)/\(name)") }
            return (records, problems)
        }
    }
}
