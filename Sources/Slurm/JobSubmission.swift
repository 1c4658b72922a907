/// A batch job as it is to be submitted: the typed form of libslurm's `job_desc_msg_t`.
///
/// Every field that is nil is left to Slurm's defaults. The meaning of the fields is that of the sbatch option of the same
/// name (sbatch(1)). All text goes to slurmctld as data; nothing is interpreted by a shell.
public struct JobSubmission: Sendable, Hashable {
    /// Where slurmctld calls back when the job changes: `resp_host` and `other_port` of the submission.
    public struct PushEndpoint: Sendable, Hashable {
        /// Host name or address of the listener, as slurmctld can reach it.
        public var host: String
        /// The listener's TCP port.
        public var port: UInt16

        /// A listener that can be reached at `host`, `port`.
        public init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }
    }

    /// A signal that Slurm sends some time before the job's time limit (`--signal`).
    public struct WarningSignal: Sendable, Hashable {
        /// Signal number, 1 to 64.
        public var signal: UInt16
        /// Seconds before the end of the time limit, 0 to 65,535.
        public var secondsBeforeEnd: UInt16
        /// Only the batch script gets the signal, not the job's steps (`B:`).
        public var batchOnly: Bool
        /// The job may run on nodes of a reservation that starts before the job's end (`R:`).
        public var reservationOverlap: Bool

        /// Describes `--signal=[R][B:]signal@seconds`.
        public init(signal: UInt16, secondsBeforeEnd: UInt16 = 60, batchOnly: Bool = false, reservationOverlap: Bool = false) {
            self.signal = signal
            self.secondsBeforeEnd = secondsBeforeEnd
            self.batchOnly = batchOnly
            self.reservationOverlap = reservationOverlap
        }
    }

    /// A time limit.
    public enum TimeLimit: Sendable, Hashable {
        /// Minutes, 1 or more.
        case minutes(UInt32)
        /// No limit of the job's own; the partition's still holds.
        case unlimited
    }

    /// Memory that the job asks for.
    public enum Memory: Sendable, Hashable {
        /// MiB for each node; 0 asks for all of the node's memory.
        case perNode(megabytes: UInt64)
        /// MiB for each allocated CPU.
        case perCPU(megabytes: UInt64)
        /// MiB for each allocated GPU.
        case perGPU(megabytes: UInt64)
    }

    /// Whom the job shares its nodes with.
    public enum Sharing: Sendable, Hashable {
        /// With nobody (`--exclusive`).
        case exclusive
        /// With jobs of the same user (`--exclusive=user`).
        case user
        /// With jobs of the same MCS label (`--exclusive=mcs`).
        case mcs
        /// With nobody on its whole segment of the network (`--exclusive=topo`, from 24.11 on).
        case topology
        /// With anybody, also on the same CPUs where the partition allows it (`--oversubscribe`).
        case oversubscribe
    }

    /// A scheduling priority that was set by hand (administrators only).
    public enum Priority: Sendable, Hashable {
        /// Above every other job of the queue.
        case top
        /// A number; 0 holds the job.
        case value(UInt32)
    }

    /// Job name, shown by squeue.
    public var name: String
    /// The submitter's own comment. It stands first in the job's comment, and holds no white space, so that it can be
    /// found again (`JobRecord.ownComment`) whatever `userComment` says.
    public var comment: String?
    /// More comment, from the pod's author; it is put behind `comment` and one space.
    public var userComment: String?
    /// How many tasks the job array has, with the indices from 0 on; nil submits a plain job. Everything else holds for each task.
    public var arrayTasks: UInt32?
    /// The batch script's text; it starts with `#!`.
    public var script: String
    /// The whole environment of the batch step. Slurm refuses a job without one: an empty dictionary is sent as `PATH`.
    public var environment: [String: String]
    /// An absolute path that exists on the compute node.
    public var workingDirectory: String
    /// File for standard output; nil is `/dev/null`.
    public var standardOutput: String?
    /// What standard output and error write goes behind what their files hold, instead of replacing it (`--open-mode=append`).
    public var appendsOutput: Bool = false
    /// File for standard error; nil is the file of standard output.
    public var standardError: String?
    /// File for standard input; nil is `/dev/null`.
    public var standardInput: String?

    /// `--partition`: one or more names, parted by commas.
    public var partition: String?
    /// `--account`.
    public var account: String?
    /// `--qos`.
    public var qos: String?
    /// `--constraint`: a feature expression.
    public var constraint: String?
    /// `--prefer`: features that are liked but not needed.
    public var preferredFeatures: String?
    /// `--reservation`.
    public var reservation: String?
    /// `--nodelist`: nodes that the allocation must hold.
    public var nodeList: String?
    /// `--exclude`: nodes that the allocation must not hold.
    public var excludeNodes: String?
    /// `--licenses`.
    public var licenses: String?
    /// `--dependency`.
    public var dependency: String?
    /// `--wckey`.
    public var wckey: String?

    /// `--time`.
    public var timeLimit: TimeLimit?
    /// `--time-min`: the least limit that the scheduler may cut `timeLimit` down to.
    public var minimumTimeLimit: TimeLimit?
    /// `--begin`, seconds since 1970 UTC.
    public var beginTime: Int64?
    /// `--deadline`, seconds since 1970 UTC.
    public var deadline: Int64?

    /// `--nodes`, the least number.
    public var minNodes: UInt32?
    /// `--nodes`, the greatest number.
    public var maxNodes: UInt32?
    /// `--ntasks`.
    public var tasks: UInt32?
    /// `--ntasks-per-node`.
    public var tasksPerNode: UInt16?
    /// `--cpus-per-task`.
    public var cpusPerTask: UInt16?
    /// CPUs of the whole job; nil is tasks × CPUs per task.
    public var minCPUs: UInt32?
    /// `--mincpus`: CPUs of each node.
    public var minCPUsPerNode: UInt16?
    /// `--tmp`: MiB of temporary disk of each node.
    public var temporaryDiskMegabytes: UInt32?
    /// `--mem`, `--mem-per-cpu`, `--mem-per-gpu`.
    public var memory: Memory?
    /// `--gres` of each node, as sbatch reads it: `gpu:2`, `gpu:a100:1,shard:4`.
    public var gres: String?
    /// `--gpus` of the whole job: `2`, `a100:1,h100:2`.
    public var gpus: String?
    /// `--exclusive`, `--oversubscribe`.
    public var sharing: Sharing?
    /// `--contiguous`.
    public var contiguous: Bool = false
    /// `--overcommit`: one CPU for each node is enough, however many tasks there are.
    public var overcommit: Bool = false

    /// `--priority`.
    public var priority: Priority?
    /// `--nice`: lowers the priority; less than zero only for administrators.
    public var nice: Int32?
    /// `--hold`: the job waits until it is released.
    public var hold: Bool = false
    /// `--requeue`: Slurm may start the job again under the same id. Off: a pod's job runs once.
    public var requeue: Bool = false
    /// Whether the loss of one node ends the job; nil is Slurm's default, yes.
    public var killOnNodeFail: Bool?
    /// `--signal`.
    public var warningSignal: WarningSignal?

    /// Where on a node the tasks go.
    public var layout = Layout()
    /// How GPUs are counted and used.
    public var gpuUse = GPUUse()
    /// Options that few jobs need.
    public var extras = Extras()

    /// Where slurmctld says that the job changed. Without it the job's end is only found by asking.
    public var pushEndpoint: PushEndpoint?

    /// A job that runs `script` with Slurm's defaults for all else.
    public init(
        name: String, comment: String? = nil, script: String, environment: [String: String] = [:], workingDirectory: String = "/"
    ) {
        self.name = name
        self.comment = comment
        self.script = script
        self.environment = environment
        self.workingDirectory = workingDirectory
    }

    /// The comment as it is sent: the submitter's own first, then the user's.
    public var wireComment: String? {
        let parts = [comment, userComment].compactMap { $0 }.filter { !$0.isEmpty }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }
}
