import CSlurm

/// The state of a node: base and flags (`enum node_states` and the `NODE_STATE_…` bits of slurm.h).
public struct NodeState: Sendable, Hashable, CustomStringConvertible {
    /// The word as Slurm carries it: the low 4 bits are the base, the rest are flags.
    public var rawValue: UInt32

    /// Wraps `node_state`.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    private static let words = ["UNKNOWN", "DOWN", "IDLE", "ALLOCATED", "ERROR", "MIXED", "FUTURE"]
    private static let flagWords: [(bit: UInt32, word: String)] = [
        (9, "DRAIN"), (11, "NOT_RESPONDING"), (13, "FAIL"), (10, "COMPLETING"), (12, "POWERED_DOWN"), (14, "POWERING_UP"), (15, "MAINT"),
        (5, "RESERVED"), (18, "POWERING_DOWN"), (20, "REBOOT_ISSUED"), (22, "INVALID_REG"),
    ]

    private func has(_ bit: UInt32) -> Bool { rawValue & (1 << bit) != 0 }

    /// The node can be given to jobs, now or when those that run there have ended: up, answering, neither drained nor failing.
    public var isUsable: Bool {
        let base = rawValue & 0xf
        return [2, 3, 5].contains(base) && ![UInt32(9), 11, 13, 22].contains(where: has)
    }

    /// Slurm's words: `IDLE`, `MIXED+DRAIN`.
    public var description: String {
        let base = Int(rawValue & 0xf)
        let word = base < Self.words.count ? Self.words[base] : "UNKNOWN(\(base))"
        return ([word] + Self.flagWords.filter { has($0.bit) }.map(\.word)).joined(separator: "+")
    }
}

/// One node as slurmctld knows it: what we use of libslurm's `node_info_t`.
public struct NodeRecord: Sendable, Equatable {
    /// Slurm's name of the node.
    public var name: String
    /// Its host name.
    public var hostname: String?
    /// Its address for Slurm.
    public var address: String?
    /// Base state and flags.
    public var state: NodeState
    /// CPUs that jobs can have.
    public var cpus: UInt32
    /// MiB of memory that jobs can have.
    public var memoryMegabytes: UInt64
    /// Sockets, cores of each socket, threads of each core; 0 when slurmctld does not know.
    public var sockets: UInt16 = 0
    /// See `sockets`.
    public var coresPerSocket: UInt16 = 0
    /// See `sockets`.
    public var threadsPerCore: UInt16 = 0
    /// Generic resources.
    public var gres: GresCounts
    /// Features.
    public var features: [String]
    /// Machine architecture, in uname(1)'s word.
    public var architecture: String?
    /// Operating system, as slurmd told it.
    public var operatingSystem: String?
    /// Version of its slurmd.
    public var version: String?
    /// Why it is down or drained.
    public var reason: String?

    /// A node with the given parts and nothing else; for tests and simulations.
    public init(name: String, state: NodeState, cpus: UInt32 = 0, memoryMegabytes: UInt64 = 0, gres: GresCounts = GresCounts()) {
        self.name = name
        self.state = state
        self.cpus = cpus
        self.memoryMegabytes = memoryMegabytes
        self.gres = gres
        features = []
    }

    /// Copies what we use out of libslurm's record.
    init(decoding info: UnsafePointer<node_info_t>) {
        let node = info.pointee
        let total = Sentinel.number(node.real_memory) ?? 0
        let reserved = Sentinel.number(node.mem_spec_limit) ?? 0
        let effective = hpk_slurm_node_cpus(info)
        self.init(
            name: CStrings.text(node.name), state: NodeState(rawValue: node.node_state),
            cpus: effective >= UInt32(Sentinel.notSet16) ? 0 : effective, memoryMegabytes: total > reserved ? total - reserved : 0,
            gres: GresCounts(CStrings.optional(node.gres)))
        sockets = Sentinel.number(node.sockets) ?? 0
        coresPerSocket = Sentinel.number(node.cores) ?? 0
        threadsPerCore = Sentinel.number(node.threads) ?? 0
        hostname = CStrings.optional(node.node_hostname)
        address = CStrings.optional(node.node_addr)
        features = (CStrings.optional(node.features_act) ?? CStrings.optional(node.features) ?? "").split(separator: ",").map(String.init)
        architecture = CStrings.optional(node.arch)
        operatingSystem = CStrings.optional(node.os)
        version = CStrings.optional(node.version)
        reason = CStrings.optional(node.reason)
    }
}
