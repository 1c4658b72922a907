import CSlurm

/// One partition as slurmctld knows it: what we use of libslurm's `partition_info_t`.
public struct PartitionRecord: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// Jobs that name no partition come here.
    public var isDefault: Bool
    /// Jobs can be submitted and started (`State=UP`).
    public var isUp: Bool
    /// Its nodes as a host list.
    public var nodes: String?
    /// Number of its nodes.
    public var totalNodes: UInt32
    /// CPUs of its nodes.
    public var totalCPUs: UInt32
    /// Longest time limit in minutes; nil is none.
    public var maxTimeMinutes: UInt32?
    /// Time limit of jobs that name none, in minutes; nil is `maxTimeMinutes`.
    public var defaultTimeMinutes: UInt32?
    /// Most nodes of one job; nil is no limit.
    public var maxNodes: UInt32?

    /// Fewest nodes of one job.
    public var minNodes: UInt32
    /// Most CPUs of one job on each node; nil is no limit.
    public var maxCPUsPerNode: UInt32?
    /// Jobs of a higher tier come first.
    public var priorityTier: UInt16
    /// Seconds that a job has when another takes its place.
    public var graceTimeSeconds: UInt32
    /// Jobs must name a reservation.
    public var wantsReservation: Bool
    /// The partition's own QOS, whose limits hold for all its jobs.
    public var qos: String?
    /// Accounts that may use it; nil is all but `deniedAccounts`.
    public var allowedAccounts: [String]?
    /// Accounts that may not.
    public var deniedAccounts: [String]
    /// QOS that may use it; nil is all but `deniedQOS`.
    public var allowedQOS: [String]?
    /// QOS that may not.
    public var deniedQOS: [String]
    /// Groups whose users may use it; nil is all.
    public var allowedGroups: [String]?

    /// Copies what we use out of libslurm's record.
    init(decoding info: UnsafePointer<partition_info_t>) {
        let partition = info.pointee
        name = CStrings.text(partition.name)
        isDefault = UInt32(partition.flags) & hpk_slurm_partition_is_default() != 0
        isUp = UInt32(partition.state_up) == UInt32(PARTITION_SUBMIT | PARTITION_SCHED)
        nodes = CStrings.optional(partition.nodes)
        totalNodes = Sentinel.number(partition.total_nodes) ?? 0
        totalCPUs = Sentinel.number(partition.total_cpus) ?? 0
        maxTimeMinutes = Sentinel.number(partition.max_time)
        defaultTimeMinutes = Sentinel.number(partition.default_time)
        maxNodes = Sentinel.number(partition.max_nodes)
        minNodes = Sentinel.number(partition.min_nodes) ?? 0
        maxCPUsPerNode = Sentinel.number(partition.max_cpus_per_node)
        priorityTier = Sentinel.number(partition.priority_tier) ?? 0
        graceTimeSeconds = Sentinel.number(partition.grace_time) ?? 0
        wantsReservation = UInt32(partition.flags) & hpk_slurm_partition_wants_reservation() != 0
        qos = CStrings.optional(partition.qos_char)
        allowedAccounts = Self.list(partition.allow_accounts)
        deniedAccounts = Self.list(partition.deny_accounts) ?? []
        allowedQOS = Self.list(partition.allow_qos)
        deniedQOS = Self.list(partition.deny_qos) ?? []
        allowedGroups = Self.list(partition.allow_groups)
    }

    private static func list(_ text: UnsafePointer<CChar>?) -> [String]? {
        CStrings.optional(text).map { $0.split(separator: ",").map(String.init) }
    }
}
