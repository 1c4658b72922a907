/// First line on the standard input of a step's task: what to do, and how to get into the pod's sandbox on that node. It names no secret of
/// the pod's; the key opens the door to processes of the same user only.
struct StepOrder: Codable, Equatable {
    var door: DoorAddress
    /// Number of the container, the init containers first.
    var container: Int
    /// Fit for a file name; the task adds its own number.
    var instance: String
    /// The task is one of several that work together: Slurm's and PMI's variables reach its container.
    var isParallel: Bool
}

/// The lines after it.
enum StepSignal: String {
    /// The container's own stop signal.
    case terminate = "TERMINATE"
    case kill = "KILL"
}

/// First line on the standard input of a node's sandbox.
struct NodeOrder: Codable, Equatable {
    var door: DoorAddress
    /// Those of the pod, by which its environment speaks of itself.
    var podAddresses: [String]
}

/// Where a sandbox lets tasks in, the same on every node of the job.
struct DoorAddress: Codable, Equatable {
    var name: String
    /// 32 hexadecimal digits.
    var key: String

    static func random() -> DoorAddress {
        func digits() -> String {
            let text = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        return DoorAddress(name: digits(), key: digits() + digits())
    }

    /// The socket's name on one node: several may be on one machine.
    func socketName(node: String) -> String { "hpk-pod/\(name)/\(node)" }
}

/// What a task asks for at the door.
struct DoorRequest: Codable, Equatable {
    var key: String
    var container: Int
    var instance: String
    /// `NAME=value` texts that come before the container's own.
    var environment: [String]
    /// The container sees the processes of the pod's others on this node: MPI's transports through memory need each other's ids.
    var sharesProcesses: Bool
    /// The container inherits the connection to PMI's server.
    var keepsPMI: Bool
    /// Folder of PMIx's server on this node, to be seen at the same path.
    var sharedFolder: String?
}

/// The answer; with it come descriptors: the start specification, the termination message's file, the namespaces.
struct DoorReply: Codable, Equatable {
    /// Why the container cannot be made.
    var refusal: String?
    var program = ""
    var arguments: [String] = []
    var environment: [String] = []
    var namespaces = 0
    /// The last descriptor is the network namespace that the program is to be in.
    var hasNetwork = false
    var stopSignal: Int32 = 15
    /// The container's input stays open (`stdin: true`).
    var keepsInput = false
    /// Other containers' processes share the process namespace, so the container's own must be looked for.
    var sharesProcessNamespace = false
}
