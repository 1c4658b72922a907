extension JobSubmission {
    /// Options that few jobs need.
    public struct Extras: Sendable, Hashable {
        /// `--acctg-freq`: seconds between samples, such as `task=10,energy=5`.
        public var accountingFrequency: String?
        /// `--batch`: features of the node that runs the batch script, a part of `constraint`.
        public var batchFeatures: String?
        /// `--bb`: a burst buffer's specification.
        public var burstBuffer: String?
        /// `--cpu-freq`.
        public var cpuFrequency: CPUFrequency?
        /// `--delay-boot`: seconds to wait for nodes that need no reboot to have the features.
        public var delayBootSeconds: UInt32?
        /// `--extra` (from 23.11 on): text that the site's own plugins read.
        public var siteText: String?
        /// `--kill-on-invalid-dep`: whether a job is ended when its dependency can never be met; nil is the cluster's choice.
        public var endsOnInvalidDependency: Bool?
        /// `--mail-type`: of which changes Slurm writes.
        public var mailTypes: MailTypes = []
        /// `--mail-user`: to whom; nil is the user that submits.
        public var mailUser: String?
        /// `--mcs-label`.
        public var mcsLabel: String?
        /// `--network`: what the switch or interconnect plugin is to do.
        public var network: String?
        /// `--oom-kill-step` (from 24.05 on): whether the lack of memory of one task ends its whole step; nil is the cluster's choice.
        public var endsStepOutOfMemory: Bool?
        /// `--power=level` (until 23.11): the same power cap on all nodes.
        public var levelsPower = false
        /// `--profile`: what is sampled while the job runs.
        public var profile: Profile?
        /// `--reboot`: nodes are started anew before the job.
        public var reboots = false
        /// `--wait-all-nodes`: whether the script starts only when all nodes are up; nil is the cluster's choice.
        public var waitsForAllNodes: Bool?

        /// Slurm's defaults.
        public init() {}
    }

    /// Changes of a job of which Slurm sends mail (`MAIL_JOB_…`).
    public struct MailTypes: OptionSet, Sendable, Hashable {
        /// Slurm's bits.
        public var rawValue: UInt16

        /// Wraps Slurm's bits.
        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        /// It begins.
        public static let begin = MailTypes(rawValue: 1 << 0)
        /// It ends.
        public static let end = MailTypes(rawValue: 1 << 1)
        /// It fails.
        public static let fail = MailTypes(rawValue: 1 << 2)
        /// It goes back to the queue.
        public static let requeue = MailTypes(rawValue: 1 << 3)
        /// It reached its time limit.
        public static let timeLimit = MailTypes(rawValue: 1 << 4)
        /// 90 % of the time limit are over.
        public static let timeLimit90 = MailTypes(rawValue: 1 << 5)
        /// 80 % of the time limit are over.
        public static let timeLimit80 = MailTypes(rawValue: 1 << 6)
        /// 50 % of the time limit are over.
        public static let timeLimit50 = MailTypes(rawValue: 1 << 7)
        /// Its burst buffer is written back.
        public static let stageOut = MailTypes(rawValue: 1 << 8)
        /// Each task of an array is told of, not the array as a whole.
        public static let arrayTasks = MailTypes(rawValue: 1 << 9)
        /// Its dependency can never be met.
        public static let invalidDependency = MailTypes(rawValue: 1 << 10)
        /// What `ALL` stands for.
        public static let all: MailTypes = [.begin, .end, .fail, .requeue, .stageOut, .invalidDependency]
    }

    /// What Slurm samples while a job runs (`ACCT_GATHER_PROFILE_…`).
    public struct Profile: OptionSet, Sendable, Hashable {
        /// Slurm's bits.
        public var rawValue: UInt32

        /// Wraps Slurm's bits.
        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// Nothing.
        public static let nothing = Profile(rawValue: 1 << 0)
        /// Energy.
        public static let energy = Profile(rawValue: 1 << 1)
        /// The tasks' CPU, memory and I/O.
        public static let task = Profile(rawValue: 1 << 2)
        /// The Lustre file system.
        public static let lustre = Profile(rawValue: 1 << 3)
        /// The network.
        public static let network = Profile(rawValue: 1 << 4)
        /// Everything.
        public static let everything = Profile(rawValue: .max)
    }

    /// CPU frequencies: kHz, or one of Slurm's words (`CPU_FREQ_…`).
    public struct CPUFrequency: Sendable, Hashable {
        /// The least.
        public var minimum: UInt32?
        /// The greatest, or the one asked for.
        public var maximum: UInt32?
        /// The governor.
        public var governor: UInt32?

        /// Wraps Slurm's numbers.
        public init(minimum: UInt32? = nil, maximum: UInt32? = nil, governor: UInt32? = nil) {
            self.minimum = minimum
            self.maximum = maximum
            self.governor = governor
        }
    }
}
