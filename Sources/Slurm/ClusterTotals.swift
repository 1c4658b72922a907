/// What the usable nodes of a cluster have together.
public struct ClusterTotals: Sendable, Equatable {
    /// Number of usable nodes.
    public private(set) var nodes = 0
    /// Number of nodes that are down, drained or do not answer.
    public private(set) var unusableNodes = 0
    /// CPUs.
    public private(set) var cpus: UInt64 = 0
    /// MiB of memory.
    public private(set) var memoryMegabytes: UInt64 = 0
    /// Generic resources.
    public private(set) var gres = GresCounts()
    /// CPUs of the node that has the most: no task can have more.
    public private(set) var largestNodeCPUs: UInt32 = 0
    /// MiB of the node that has the most.
    public private(set) var largestNodeMemoryMegabytes: UInt64 = 0

    /// Adds up the nodes whose state lets jobs have them. Sums stop at the largest number.
    public init(_ records: some Sequence<NodeRecord>) {
        for node in records {
            guard node.state.isUsable else {
                unusableNodes += 1
                continue
            }
            nodes += 1
            cpus += UInt64(node.cpus)
            let (sum, overflow) = memoryMegabytes.addingReportingOverflow(node.memoryMegabytes)
            memoryMegabytes = overflow ? .max : sum
            gres.add(node.gres)
            largestNodeCPUs = max(largestNodeCPUs, node.cpus)
            largestNodeMemoryMegabytes = max(largestNodeMemoryMegabytes, node.memoryMegabytes)
        }
    }
}
