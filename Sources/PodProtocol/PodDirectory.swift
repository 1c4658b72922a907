/// Names of the files in a pod's directory on the shared file system.
///
/// The directory is made by the node agent with mode 0700 and belongs to the user. The supervisor writes the journal, the claim and
/// the logs; everything else is written by the node agent.
public struct PodDirectory: Sendable, Equatable {
    /// Absolute path of the pod's directory; its last part is the pod's UID.
    public let path: String

    public init(path: String) {
        self.path = path
    }

    /// ``LaunchPlan`` as JSON, mode 0600.
    public var plan: String { path + "/plan.json" }
    /// ``ConnectionSettings`` as JSON, mode 0600, where they are no longer those of the plan; read again before each further attempt.
    public var connection: String { path + "/connection.json" }
    /// The node agent's records of the submission, one JSON object a line, the newest last; the first is written before the job is submitted.
    public var intent: String { path + "/intent.json" }
    /// Made with `O_EXCL` by the first supervisor of the pod: holds the job (``SupervisorStart/jobName``) that owns the pod. A supervisor of another job leaves at once.
    public var claim: String { path + "/claim" }
    /// ``PodEvent`` values, one JSON object a line.
    public var journal: String { path + "/journal.jsonl" }
    /// What the supervisor itself prints (Slurm's standard output and error of the job). For a task of a job array it is made when there is
    /// something to print, and what is printed before the supervisor knows its pod is in ``BatchDirectory/output``.
    public var output: String { path + "/slurm.out" }
    /// Folder of the containers' logs.
    public var logs: String { path + "/logs" }

    /// The log of one instance of a container; rotated files add `.1`, `.2`, … (older numbers are older files).
    public func log(container: String, restartCount: Int) -> String {
        "\(logs)/\(container)/\(restartCount).log"
    }
}
