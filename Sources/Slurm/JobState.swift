import CSlurm

/// The state of a job: one base state and flags (`enum job_states` and the `JOB_…` bits of slurm.h).
public struct JobState: Sendable, Hashable, CustomStringConvertible {
    /// What the job is doing, or how it ended.
    public enum Base: Sendable, Hashable {
        /// `JOB_PENDING`: waits for resources.
        case pending
        /// `JOB_RUNNING`: has its allocation.
        case running
        /// `JOB_SUSPENDED`: has its allocation, its processes are stopped.
        case suspended
        /// `JOB_COMPLETE`: the script ended with code 0.
        case completed
        /// `JOB_CANCELLED`: by the user or an administrator.
        case cancelled
        /// `JOB_FAILED`: the script ended with another code, or could not be started.
        case failed
        /// `JOB_TIMEOUT`: the time limit was reached.
        case timeout
        /// `JOB_NODE_FAIL`: a node of the allocation was lost.
        case nodeFail
        /// `JOB_PREEMPTED`: ended for the good of another job.
        case preempted
        /// `JOB_BOOT_FAIL`: the nodes could not be started.
        case bootFail
        /// `JOB_DEADLINE`: could not have ended before its deadline.
        case deadline
        /// `JOB_OOM`: used more memory than it had.
        case outOfMemory
        /// A number that this release does not know.
        case unknown(UInt32)
    }

    /// The `JOB_…` bits beside the base state.
    public struct Flags: OptionSet, Sendable, Hashable {
        /// The upper bits of `job_state`.
        public var rawValue: UInt32

        /// Wraps the upper bits of `job_state`.
        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// `JOB_LAUNCH_FAILED`: the batch script could not be started.
        public static let launchFailed = Flags(rawValue: 1 << 8)
        /// `JOB_REQUEUE`: goes back to the queue when it is cleaned up.
        public static let requeue = Flags(rawValue: 1 << 10)
        /// `JOB_REQUEUE_HOLD`: goes back to the queue, held.
        public static let requeueHold = Flags(rawValue: 1 << 11)
        /// `JOB_SPECIAL_EXIT`: went back to the queue, held, marked by an exit code.
        public static let specialExit = Flags(rawValue: 1 << 12)
        /// `JOB_RESIZING`.
        public static let resizing = Flags(rawValue: 1 << 13)
        /// `JOB_CONFIGURING`: the allocated nodes are starting.
        public static let configuring = Flags(rawValue: 1 << 14)
        /// `JOB_COMPLETING`: ended, but some of its processes or epilogs may still run.
        public static let completing = Flags(rawValue: 1 << 15)
        /// `JOB_STOPPED`: stopped by a signal, keeps its CPUs.
        public static let stopped = Flags(rawValue: 1 << 16)
        /// `JOB_RECONFIG_FAIL`: the nodes could not be set up for the job.
        public static let reconfigureFailed = Flags(rawValue: 1 << 17)
        /// `JOB_POWER_UP_NODE`: waits for nodes to be switched on.
        public static let powerUpNode = Flags(rawValue: 1 << 18)
        /// `JOB_REVOKED`: a sibling of a federation runs it.
        public static let revoked = Flags(rawValue: 1 << 19)
        /// `JOB_REQUEUE_FED`: goes back to the queue of a federation.
        public static let requeueFederation = Flags(rawValue: 1 << 20)
        /// `JOB_RESV_DEL_HOLD`: held because its reservation was deleted.
        public static let reservationDeletedHold = Flags(rawValue: 1 << 21)
        /// `JOB_SIGNALING`: a signal is on its way.
        public static let signaling = Flags(rawValue: 1 << 22)
        /// `JOB_STAGE_OUT`: burst buffer data are being written back.
        public static let stageOut = Flags(rawValue: 1 << 23)
    }

    /// The base state.
    public var base: Base
    /// The bits beside it.
    public var flags: Flags

    /// A state of known parts.
    public init(_ base: Base, flags: Flags = []) {
        self.base = base
        self.flags = flags
    }

    /// Reads `job_state`: the low 8 bits are the base, the rest are flags.
    public init(rawValue: UInt32) {
        flags = Flags(rawValue: rawValue & ~0xff)
        base = Base(rawValue: rawValue & 0xff)
    }

    /// The job will not run again: it has ended, and is not on its way back to the queue.
    public var isFinal: Bool {
        base.isEnd && flags.isDisjoint(with: [.requeue, .requeueHold, .specialExit, .requeueFederation, .revoked])
    }

    /// The job has ended and none of its processes or epilogs can still run: its resources are free.
    public var isReleased: Bool { isFinal && !flags.contains(.completing) }

    /// The job goes back to the queue, or waits there after it ran before.
    public var isRequeued: Bool { !flags.isDisjoint(with: [.requeue, .requeueHold, .specialExit, .requeueFederation]) }

    /// Slurm's own word, with the flags behind it: `RUNNING`, `COMPLETED+COMPLETING`.
    public var description: String {
        ([base.name] + flags.names).joined(separator: "+")
    }
}

extension JobState.Base {
    /// Base states in the order of slurm.h's `enum job_states`, with squeue's word for each.
    static let table: [(base: JobState.Base, name: String)] = [
        (.pending, "PENDING"), (.running, "RUNNING"), (.suspended, "SUSPENDED"), (.completed, "COMPLETED"), (.cancelled, "CANCELLED"),
        (.failed, "FAILED"), (.timeout, "TIMEOUT"), (.nodeFail, "NODE_FAIL"), (.preempted, "PREEMPTED"), (.bootFail, "BOOT_FAIL"),
        (.deadline, "DEADLINE"), (.outOfMemory, "OUT_OF_MEMORY"),
    ]

    init(rawValue: UInt32) {
        self = rawValue < UInt32(Self.table.count) ? Self.table[Int(rawValue)].base : .unknown(rawValue)
    }

    /// squeue's word: `PENDING`, `NODE_FAIL`; `UNKNOWN(17)` for a number that is not known.
    public var name: String {
        if case .unknown(let number) = self { return "UNKNOWN(\(number))" }
        return Self.table.first { $0.base == self }?.name ?? "UNKNOWN"
    }

    /// Any way for a run to be over. A number that is not known is not taken for an end.
    public var isEnd: Bool {
        switch self {
        case .pending, .running, .suspended, .unknown: false
        default: true
        }
    }
}

extension JobState.Flags {
    /// Each known flag with Slurm's word for it.
    static let table: [(flag: JobState.Flags, name: String)] = [
        (.launchFailed, "LAUNCH_FAILED"), (.requeue, "REQUEUED"), (.requeueHold, "REQUEUE_HOLD"), (.specialExit, "SPECIAL_EXIT"),
        (.resizing, "RESIZING"), (.configuring, "CONFIGURING"), (.completing, "COMPLETING"), (.stopped, "STOPPED"),
        (.reconfigureFailed, "RECONFIG_FAIL"), (.powerUpNode, "POWER_UP_NODE"), (.revoked, "REVOKED"),
        (.requeueFederation, "REQUEUE_FED"), (.reservationDeletedHold, "RESV_DEL_HOLD"), (.signaling, "SIGNALING"),
        (.stageOut, "STAGE_OUT"),
    ]

    /// The words of the flags that are set; bits that are not known are left out.
    public var names: [String] { Self.table.filter { contains($0.flag) }.map(\.name) }
}
