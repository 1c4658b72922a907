import Glibc
import PodProtocol

/// Finds the pod that a task of a job array runs.
enum BatchMember {
    /// The pod's directory.
    ///
    /// - Parameters:
    ///   - batch: path of the array's batch file.
    ///   - pods: folder of the pods' directories.
    ///   - task: the task's index.
    /// - Throws: where the file is gone (the node agent took the submission back) or holds no pod for the task.
    static func directory(batch: String, pods: String, task: UInt32?) throws -> PodDirectory {
        guard let task else { throw Failure("SLURM_ARRAY_TASK_ID is not set: this is no task of a job array") }
        let file = try Descriptor(opening: batch, O_RDONLY | O_NOFOLLOW)
        var slot = [UInt8](repeating: 0, count: BatchTable.slotSize)
        let count = file.use { number in
            slot.withUnsafeMutableBytes { pread(number, $0.baseAddress, $0.count, off_t(task) * off_t(BatchTable.slotSize)) }
        }
        guard count >= 0 else { throw SystemError("read", batch) }
        guard count == slot.count, let uid = BatchTable.decode(slot) else { throw Failure("\(batch) holds no pod for task \(task)") }
        return PodDirectory(path: "\(pods)/\(uid)")
    }
}
