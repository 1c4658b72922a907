/// What `hpk-kubelet doctor --probe-job` asks of a compute node: `request.json` in a folder on the shared file system, read by
/// `hpk-pod probe` as the batch step of a small job.
public struct NodeProbeRequest: Codable, Sendable, Equatable {
    /// Names of the two files in the folder.
    public static let fileName = "request.json"
    public static let answerName = "answer.jsonl"

    /// `host:port` or `[v6]:port` of the agent, dialled to see whether compute nodes reach it.
    public var endpoint: String
    /// The `apptainer` program, as in a plan.
    public var apptainer: String
    /// Folder on the compute node's own disk.
    public var localDirectory: String
    /// Comes back in the answer: the folder is the same for both.
    public var token: String

    public init(endpoint: String, apptainer: String, localDirectory: String, token: String) {
        self.endpoint = endpoint
        self.apptainer = apptainer
        self.localDirectory = localDirectory
        self.token = token
    }
}

/// One line of the answer.
public struct NodeProbeFinding: Codable, Sendable, Equatable {
    /// What was looked at.
    public enum Check: String, Codable, Sendable, CaseIterable {
        /// The program started and found its request; `found` is the node's name, a blank and the token.
        case start
        case userNamespaces
        case subordinateIDs
        case apptainer
        case localDirectory
        case connection
    }

    public var check: Check
    public var isGood: Bool
    /// What was found, in words.
    public var found: String

    public init(_ check: Check, isGood: Bool, _ found: String) {
        self.check = check
        self.isGood = isGood
        self.found = found
    }
}
