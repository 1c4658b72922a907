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
    }
}
