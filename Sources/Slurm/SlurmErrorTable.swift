import CSlurm
import Glibc

/// What each code means for us: slurm_errno.h's name, whether to try again, what to do. It holds codes that all supported
/// releases name; those that came or went are judged by their range.
enum SlurmErrorTable {
    struct Row: Sendable {
        var code: Int32
        var name: String
        var retry: SlurmError.RetryAdvice
        var whatToDo: String
        var mayHaveBeenApplied = false
    }

    /// The row of a code; codes that the table does not hold are judged by their range.
    static func row(_ code: Int32) -> Row {
        if let row = byCode[code] { return row }
        let name = "SLURM_ERROR_\(code)"
        switch code {
        case 1000..<1100:
            // Failures to talk to a daemon; 22.05 has 1013 for a request that munged gave no credential for.
            return Row(
                code: code, name: name, retry: .whenReachable, whatToDo: "\(Advice.reach); \(Advice.munge)", mayHaveBeenApplied: true)
        case 1800..<1900, 5000..<6000:
            return Row(code: code, name: name, retry: .whenReachable, whatToDo: Advice.reach, mayHaveBeenApplied: true)
        case 6000..<7000:
            return Row(code: code, name: name, retry: .whenReachable, whatToDo: Advice.munge)
        default:
            return Row(code: code, name: name, retry: .never, whatToDo: "look the code up in slurm_errno.h and see slurmctld's log")
        }
    }

    private static let byCode: [Int32: Row] = Dictionary(rows.map { ($0.code, $0) }, uniquingKeysWith: { first, _ in first })

    enum Advice {
        static let reach = "check that slurmctld runs and that this host reaches it (scontrol ping); the request is tried again"
        static let munge = "check that munged runs on this host and slurmctld's, with the same key and clock (munge -n | unmunge)"
        static let partition = "name a partition that `sinfo` shows and that you may use (--partition)"
        static let resources = "ask for less, or for another partition: see `sinfo -o '%P %D %c %m %G %f'`"
        static let account = "name an account and QOS that `sacctmgr show associations` lists for you (--account, --qos)"
        static let limit = "a limit of your account, QOS or partition is reached; it is tried again when jobs end"
        static let reservation = "name a reservation that `scontrol show reservation` lists for you (--reservation)"
        static let requestBug = "this is a fault of the program that made the request: report it with its log"
        static let gone = "the job is over, or was never here: nothing is to be done"
        static let time = "write a time limit that the partition allows (--time)"
    }

    private static func row(
        _ code: slurm_err_t, _ name: String, _ retry: SlurmError.RetryAdvice, _ whatToDo: String, mayHaveBeenApplied: Bool = false
    ) -> Row {
        Row(code: Int32(code.rawValue), name: name, retry: retry, whatToDo: whatToDo, mayHaveBeenApplied: mayHaveBeenApplied)
    }

    static let rows: [Row] = communication + requests + resources + policy + jobs + system

    private static let communication: [Row] = [
        row(
            SLURM_UNEXPECTED_MSG_ERROR, "SLURM_UNEXPECTED_MSG_ERROR", .never,
            "compare the versions of libslurm and slurmctld (scontrol version)"),
        row(SLURM_COMMUNICATIONS_CONNECTION_ERROR, "SLURM_COMMUNICATIONS_CONNECTION_ERROR", .whenReachable, Advice.reach),
        row(SLURM_COMMUNICATIONS_SEND_ERROR, "SLURM_COMMUNICATIONS_SEND_ERROR", .whenReachable, Advice.reach, mayHaveBeenApplied: true),
        row(
            SLURM_COMMUNICATIONS_RECEIVE_ERROR, "SLURM_COMMUNICATIONS_RECEIVE_ERROR", .whenReachable, Advice.reach, mayHaveBeenApplied: true
        ),
        row(
            SLURM_COMMUNICATIONS_SHUTDOWN_ERROR, "SLURM_COMMUNICATIONS_SHUTDOWN_ERROR", .whenReachable, Advice.reach,
            mayHaveBeenApplied: true),
        row(
            SLURM_PROTOCOL_VERSION_ERROR, "SLURM_PROTOCOL_VERSION_ERROR", .never,
            "libslurm and slurmctld are too far apart: install the libslurm of the cluster's release"),
        row(SLURM_PROTOCOL_AUTHENTICATION_ERROR, "SLURM_PROTOCOL_AUTHENTICATION_ERROR", .whenReachable, Advice.munge),
        row(SLURMCTLD_COMMUNICATIONS_CONNECTION_ERROR, "SLURMCTLD_COMMUNICATIONS_CONNECTION_ERROR", .whenReachable, Advice.reach),
        row(
            SLURMCTLD_COMMUNICATIONS_SEND_ERROR, "SLURMCTLD_COMMUNICATIONS_SEND_ERROR", .whenReachable, Advice.reach,
            mayHaveBeenApplied: true),
        row(
            SLURMCTLD_COMMUNICATIONS_RECEIVE_ERROR, "SLURMCTLD_COMMUNICATIONS_RECEIVE_ERROR", .whenReachable, Advice.reach,
            mayHaveBeenApplied: true),
        row(
            SLURMCTLD_COMMUNICATIONS_SHUTDOWN_ERROR, "SLURMCTLD_COMMUNICATIONS_SHUTDOWN_ERROR", .whenReachable, Advice.reach,
            mayHaveBeenApplied: true),
        row(
            SLURM_PROTOCOL_SOCKET_IMPL_TIMEOUT, "SLURM_PROTOCOL_SOCKET_IMPL_TIMEOUT", .whenReachable, Advice.reach, mayHaveBeenApplied: true
        ),
        row(
            SLURM_PROTOCOL_SOCKET_ZERO_BYTES_SENT, "SLURM_PROTOCOL_SOCKET_ZERO_BYTES_SENT", .whenReachable, Advice.reach,
            mayHaveBeenApplied: true),
        row(ESLURM_PROTOCOL_INCOMPLETE_PACKET, "ESLURM_PROTOCOL_INCOMPLETE_PACKET", .whenReachable, Advice.reach, mayHaveBeenApplied: true),
        row(ESLURM_IN_STANDBY_MODE, "ESLURM_IN_STANDBY_MODE", .whenReachable, "only a backup controller answered; it is tried again"),
        row(
            ESLURM_IN_STANDBY_USE_BACKUP, "ESLURM_IN_STANDBY_USE_BACKUP", .whenReachable,
            "only a backup controller answered; it is tried again"),
        row(ESLURM_AUTH_CRED_INVALID, "ESLURM_AUTH_CRED_INVALID", .whenReachable, Advice.munge),
    ]

    private static let requests: [Row] = [
        row(ESLURM_INVALID_PARTITION_NAME, "ESLURM_INVALID_PARTITION_NAME", .never, Advice.partition),
        row(ESLURM_DEFAULT_PARTITION_NOT_SET, "ESLURM_DEFAULT_PARTITION_NOT_SET", .never, Advice.partition),
        row(
            ESLURM_ACCESS_DENIED, "ESLURM_ACCESS_DENIED", .never,
            "ask the administrator for the right that is missing, or leave the option out"),
        row(ESLURM_JOB_MISSING_REQUIRED_PARTITION_GROUP, "ESLURM_JOB_MISSING_REQUIRED_PARTITION_GROUP", .never, Advice.partition),
        row(ESLURM_JOB_MISSING_SIZE_SPECIFICATION, "ESLURM_JOB_MISSING_SIZE_SPECIFICATION", .never, Advice.requestBug),
        row(ESLURM_JOB_SCRIPT_MISSING, "ESLURM_JOB_SCRIPT_MISSING", .never, Advice.requestBug),
        row(ESLURM_USER_ID_MISSING, "ESLURM_USER_ID_MISSING", .never, "make this user known on slurmctld's host (getent passwd)"),
        row(ESLURM_GROUP_ID_MISSING, "ESLURM_GROUP_ID_MISSING", .never, "make this user's group known on slurmctld's host (getent group)"),
        row(ESLURM_ENVIRONMENT_MISSING, "ESLURM_ENVIRONMENT_MISSING", .never, Advice.requestBug),
        row(ESLURM_PATHNAME_TOO_LONG, "ESLURM_PATHNAME_TOO_LONG", .never, "shorten the name or path: Slurm limits the length of each text"),
        row(ESLURM_INVALID_FEATURE, "ESLURM_INVALID_FEATURE", .never, "name features that `sinfo -o '%n %f'` shows (--constraint)"),
        row(ESLURM_INVALID_PREFER, "ESLURM_INVALID_PREFER", .never, "name features that `sinfo -o '%n %f'` shows (--prefer)"),
        row(ESLURM_BATCH_CONSTRAINT, "ESLURM_BATCH_CONSTRAINT", .never, "name features that `sinfo -o '%n %f'` shows (--constraint)"),
        row(ESLURM_INVALID_ACCOUNT, "ESLURM_INVALID_ACCOUNT", .never, Advice.account),
        row(ESLURM_INVALID_QOS, "ESLURM_INVALID_QOS", .never, Advice.account),
        row(ESLURM_INVALID_WCKEY, "ESLURM_INVALID_WCKEY", .never, "name a wckey that `sacctmgr show wckeys` lists for you (--wckey)"),
        row(ESLURM_INVALID_LICENSES, "ESLURM_INVALID_LICENSES", .never, "name licenses that `scontrol show licenses` lists (--licenses)"),
        row(ESLURM_INVALID_GRES, "ESLURM_INVALID_GRES", .never, "name generic resources that `sinfo -o '%n %G'` shows (--gres)"),
        row(ESLURM_INVALID_GRES_TYPE, "ESLURM_INVALID_GRES_TYPE", .never, "name a type that `sinfo -o '%n %G'` shows (--gres)"),
        row(ESLURM_DUPLICATE_GRES, "ESLURM_DUPLICATE_GRES", .never, "name each generic resource once (--gres)"),
        row(ESLURM_UNSUPPORTED_GRES, "ESLURM_UNSUPPORTED_GRES", .never, "ask for generic resources in another form (--gres for each node)"),
        row(
            ESLURM_INVALID_TRES, "ESLURM_INVALID_TRES", .never,
            "name resources that the cluster has (scontrol show config, AccountingStorageTRES)"),
        row(ESLURM_DEPENDENCY, "ESLURM_DEPENDENCY", .never, "write a dependency as sbatch(1) shows, on jobs that exist (--dependency)"),
        row(ESLURM_CIRCULAR_DEPENDENCY, "ESLURM_CIRCULAR_DEPENDENCY", .never, "let no job depend on itself (--dependency)"),
        row(ESLURM_INVALID_TIME_LIMIT, "ESLURM_INVALID_TIME_LIMIT", .never, Advice.time),
        row(ESLURM_INVALID_TIME_MIN_LIMIT, "ESLURM_INVALID_TIME_MIN_LIMIT", .never, Advice.time),
        row(ESLURM_INVALID_TIME_VALUE, "ESLURM_INVALID_TIME_VALUE", .never, "write a time that lies in the future (--begin, --deadline)"),
        row(ESLURM_MISSING_TIME_LIMIT, "ESLURM_MISSING_TIME_LIMIT", .never, Advice.time),
        row(ESLURM_INVALID_NICE, "ESLURM_INVALID_NICE", .never, "write a nice value of 0 or more (--nice)"),
        row(ESLURM_INVALID_ARRAY, "ESLURM_INVALID_ARRAY", .never, "stay below MaxArraySize (scontrol show config)"),
        row(ESLURM_INVALID_NODE_NAME, "ESLURM_INVALID_NODE_NAME", .never, "name nodes that `sinfo -N` shows (--nodelist, --exclude)"),
        row(ESLURM_NOT_SUPPORTED, "ESLURM_NOT_SUPPORTED", .never, "leave the option out: this cluster does not support it"),
        row(ESLURM_DISABLED, "ESLURM_DISABLED", .never, "leave the option out: this cluster has it switched off"),
        row(ESLURM_PLUGIN_INVALID, "ESLURM_PLUGIN_INVALID", .never, "see slurmctld's log: a plugin refused the request"),
    ]

    private static let resources: [Row] = [
        row(ESLURM_REQUESTED_NODES_NOT_IN_PARTITION, "ESLURM_REQUESTED_NODES_NOT_IN_PARTITION", .never, Advice.resources),
        row(ESLURM_TOO_MANY_REQUESTED_CPUS, "ESLURM_TOO_MANY_REQUESTED_CPUS", .never, Advice.resources),
        row(ESLURM_INVALID_NODE_COUNT, "ESLURM_INVALID_NODE_COUNT", .never, Advice.resources),
        row(ESLURM_INVALID_CPU_COUNT, "ESLURM_INVALID_CPU_COUNT", .never, Advice.resources),
        row(ESLURM_INVALID_CORE_CNT, "ESLURM_INVALID_CORE_CNT", .never, Advice.resources),
        row(ESLURM_BAD_TASK_COUNT, "ESLURM_BAD_TASK_COUNT", .never, Advice.resources),
        row(ESLURM_BAD_THREAD_PER_CORE, "ESLURM_BAD_THREAD_PER_CORE", .never, Advice.resources),
        row(ESLURM_INVALID_TASK_MEMORY, "ESLURM_INVALID_TASK_MEMORY", .never, Advice.resources),
        row(ESLURM_REQUESTED_NODE_CONFIG_UNAVAILABLE, "ESLURM_REQUESTED_NODE_CONFIG_UNAVAILABLE", .never, Advice.resources),
        row(ESLURM_REQUESTED_PART_CONFIG_UNAVAILABLE, "ESLURM_REQUESTED_PART_CONFIG_UNAVAILABLE", .never, Advice.resources),
        row(ESLURM_INSUFFICIENT_GRES, "ESLURM_INSUFFICIENT_GRES", .never, Advice.resources),
        row(ESLURM_NODES_BUSY, "ESLURM_NODES_BUSY", .afterDelay, "the nodes are busy; it is tried again"),
        row(
            ESLURM_NODE_NOT_AVAIL, "ESLURM_NODE_NOT_AVAIL", .afterDelay, "the nodes are down or drained: see `sinfo -R`; it is tried again"),
        row(ESLURM_CAN_NOT_START_IMMEDIATELY, "ESLURM_CAN_NOT_START_IMMEDIATELY", .afterDelay, "nothing is free now; it is tried again"),
        row(ESLURM_PARTITION_NOT_AVAIL, "ESLURM_PARTITION_NOT_AVAIL", .afterDelay, "the partition takes no jobs now: see `sinfo -s`"),
        row(ESLURM_PARTITION_DOWN, "ESLURM_PARTITION_DOWN", .afterDelay, "the partition is down: see `sinfo -s`"),
    ]

    private static let policy: [Row] = [
        row(ESLURM_ACCOUNTING_POLICY, "ESLURM_ACCOUNTING_POLICY", .afterDelay, Advice.limit),
        row(ESLURM_QOS_THRES, "ESLURM_QOS_THRES", .afterDelay, Advice.limit),
        row(ESLURM_PARTITION_ASSOC, "ESLURM_PARTITION_ASSOC", .never, Advice.account),
        row(
            ESLURM_SUBMISSIONS_DISABLED, "ESLURM_SUBMISSIONS_DISABLED", .afterDelay,
            "the administrator has stopped submissions; it is tried again"),
        row(ESLURM_NOT_TOP_PRIORITY, "ESLURM_NOT_TOP_PRIORITY", .afterDelay, "jobs of higher priority wait; it is tried again"),
        row(ESLURM_DEFER, "ESLURM_DEFER", .afterDelay, "slurmctld put it off; it is tried again"),
        row(ESLURM_RESERVATION_ACCESS, "ESLURM_RESERVATION_ACCESS", .never, Advice.reservation),
        row(ESLURM_RESERVATION_INVALID, "ESLURM_RESERVATION_INVALID", .never, Advice.reservation),
        row(ESLURM_RESERVATION_BUSY, "ESLURM_RESERVATION_BUSY", .afterDelay, "the nodes are reserved; it is tried again"),
        row(ESLURM_RESERVATION_NOT_USABLE, "ESLURM_RESERVATION_NOT_USABLE", .afterDelay, "the reservation has not begun or is over"),
        row(ESLURM_RESERVATION_MAINT, "ESLURM_RESERVATION_MAINT", .afterDelay, "the nodes are under maintenance; it is tried again"),
    ]

    private static let jobs: [Row] = [
        row(ESLURM_INVALID_JOB_ID, "ESLURM_INVALID_JOB_ID", .never, Advice.gone),
        row(ESLURM_ALREADY_DONE, "ESLURM_ALREADY_DONE", .never, Advice.gone),
        row(ESLURM_JOB_FINISHED, "ESLURM_JOB_FINISHED", .never, Advice.gone),
        row(ESLURMD_KILL_JOB_ALREADY_COMPLETE, "ESLURMD_KILL_JOB_ALREADY_COMPLETE", .never, Advice.gone),
        row(
            ESLURM_TRANSITION_STATE_NO_UPDATE, "ESLURM_TRANSITION_STATE_NO_UPDATE", .afterDelay,
            "the job is between two states; it is tried again"),
        row(ESLURM_JOB_PENDING, "ESLURM_JOB_PENDING", .afterDelay, "the job has not started: it can be cancelled, not signalled"),
        row(ESLURM_JOB_NOT_RUNNING, "ESLURM_JOB_NOT_RUNNING", .afterDelay, "the job does not run: it can be cancelled, not signalled"),
        row(ESLURM_JOB_SUSPENDED, "ESLURM_JOB_SUSPENDED", .afterDelay, "the job is suspended: see `scontrol resume`"),
        row(ESLURM_PROLOG_RUNNING, "ESLURM_PROLOG_RUNNING", .afterDelay, "the job is being set up; it is tried again"),
        row(ESLURM_DUPLICATE_JOB_ID, "ESLURM_DUPLICATE_JOB_ID", .never, Advice.requestBug),
    ]

    private static let system: [Row] = [
        row(ESLURM_INTERNAL, "ESLURM_INTERNAL", .afterDelay, "see slurmctld's log; it is tried again"),
        row(
            ESLURM_WRITING_TO_FILE, "ESLURM_WRITING_TO_FILE", .afterDelay,
            "slurmctld cannot write its state: check the disk of StateSaveLocation"),
        row(ESLURM_DB_CONNECTION, "ESLURM_DB_CONNECTION", .afterDelay, "slurmdbd does not answer slurmctld; it is tried again"),
        Row(
            code: EAGAIN, name: "EAGAIN", retry: .afterDelay,
            whatToDo: "slurmctld holds MaxJobCount jobs, or this host is short of memory or processes; it is tried again"),
        Row(code: ECONNREFUSED, name: "ECONNREFUSED", retry: .whenReachable, whatToDo: Advice.reach),
        Row(code: EHOSTUNREACH, name: "EHOSTUNREACH", retry: .whenReachable, whatToDo: Advice.reach),
        Row(code: ENETUNREACH, name: "ENETUNREACH", retry: .whenReachable, whatToDo: Advice.reach),
        Row(code: ETIMEDOUT, name: "ETIMEDOUT", retry: .whenReachable, whatToDo: Advice.reach, mayHaveBeenApplied: true),
        Row(code: ECONNRESET, name: "ECONNRESET", retry: .whenReachable, whatToDo: Advice.reach, mayHaveBeenApplied: true),
        Row(code: EPIPE, name: "EPIPE", retry: .whenReachable, whatToDo: Advice.reach, mayHaveBeenApplied: true),
        Row(code: EMFILE, name: "EMFILE", retry: .afterDelay, whatToDo: "raise this process's limit of open files (ulimit -n)"),
        Row(
            code: SLURM_ERROR, name: "SLURM_ERROR", retry: .afterDelay, whatToDo: "see slurmctld's log; it is tried again",
            mayHaveBeenApplied: true),
    ]
}
