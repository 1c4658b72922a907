import PodProtocol
import Slurm

/// The node agent's record of pods that were submitted together as one job array: on disk before the array is submitted, completed when
/// Slurm has answered. It is the intent of all its pods (``SubmissionIntent`` is that of a pod that went alone).
struct BatchRecord: Codable, Sendable, Equatable {
    /// One pod.
    struct Member: Codable, Sendable, Equatable {
        var uid: String
        var namespace: String
        var name: String
        /// `imageID` of each container, for the status.
        var imageIDs: [String: String]
    }

    /// Names the file, and stands in the array's comment.
    var id: String
    /// Which cluster the pods belong to.
    var cluster: String
    /// The array's id; nil as long as Slurm has not answered.
    var jobID: JobID?
    /// The pod of each task, by its index.
    var members: [Member]

    /// The job of a task; nil as long as Slurm has not answered.
    func job(of task: Int) -> JobID? { jobID.map { JobID(array: $0.rawValue, task: UInt32(task)) } }

    /// The record of one pod's submission.
    func intent(of task: Int) -> SubmissionIntent {
        let member = members[task]
        return SubmissionIntent(
            uid: member.uid, namespace: member.namespace, name: member.name, jobID: job(of: task), imageIDs: member.imageIDs)
    }

    /// The file: ``BatchTable`` for the tasks, then one line of JSON for the agent. nil where a UID does not fit the table.
    func encoded() throws -> [UInt8]? {
        guard let table = BatchTable.encode(members.map(\.uid)) else { return nil }
        return table + (try MessageCoding.encode(self)) + [UInt8(ascii: "\n")]
    }

    /// Reads the file.
    ///
    /// - Throws: `MessageError` where it is none.
    init(reading bytes: [UInt8], subject: String) throws(MessageError) {
        var start = 0
        while start < bytes.count, bytes[start] != UInt8(ascii: "{") { start += BatchTable.slotSize }
        guard start < bytes.count else { throw MessageError(subject: subject, problem: "it has no record behind its table") }
        self = try MessageCoding.decode(BatchRecord.self, from: bytes[start...], subject: subject)
        guard members.count == start / BatchTable.slotSize else {
            throw MessageError(subject: subject, problem: "its table and its record are of different length")
        }
    }

    init(id: String, cluster: String, jobID: JobID? = nil, members: [Member]) {
        self.id = id
        self.cluster = cluster
        self.jobID = jobID
        self.members = members
    }

    /// 64 random bits as hexadecimal digits.
    static func newID() -> String {
        var generator = SystemRandomNumberGenerator()
        return String(generator.next() as UInt64, radix: 16)
    }
}
