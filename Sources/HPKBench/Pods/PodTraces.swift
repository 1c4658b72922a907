import Foundation
import Glibc
import PodProtocol

/// What a pod's directory tells of its life: read before the pod is deleted, looked at afterwards.
public struct PodTraces: Sendable {
    /// The journal's bytes.
    public var journal: Data
    /// When the plan was on disk, nanoseconds since the Unix epoch.
    public var planned: Int64?
    /// When the job's number was on disk.
    public var submitted: Int64?
    /// When Slurm made the batch step's output file, just before it starts the script.
    public var stepStarted: Int64?
    /// The log of the container `main`.
    public var log: Data

    /// Reads the directory of a pod; what is not there stays unknown.
    public init(directory: PodDirectory) {
        journal = FileManager.default.contents(atPath: directory.journal) ?? Data()
        log = FileManager.default.contents(atPath: directory.log(container: "main", restartCount: 0)) ?? Data()
        planned = Self.status(directory.plan)?.time
        submitted = Self.status(directory.intent)?.time
        // Whatever the supervisor printed would have changed the file's time.
        stepStarted = Self.status(directory.output).flatMap { $0.size == 0 ? $0.time : nil }
    }

    private static func status(_ path: String) -> (time: Int64, size: Int64)? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return (Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec), Int64(status.st_size))
    }
}
