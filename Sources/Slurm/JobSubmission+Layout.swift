extension JobSubmission {
    /// Where on a node the tasks go, and what the node must be like for it.
    public struct Layout: Sendable, Hashable {
        /// `--sockets-per-node`: sockets that each node must have, 1 or more.
        public var socketsPerNode: UInt16?
        /// `--cores-per-socket`: cores that each socket must have, 1 or more.
        public var coresPerSocket: UInt16?
        /// `--threads-per-core`: threads that each core must have; no more are used. 1 or more.
        public var threadsPerCore: UInt16?
        /// `--ntasks-per-socket`, 1 or more.
        public var tasksPerSocket: UInt16?
        /// `--ntasks-per-core`, 1 or more; 65,535 is as many as there are threads.
        public var tasksPerCore: UInt16?
        /// `--extra-node-info`: there are as many tasks as sockets × cores × threads, when nothing else says how many.
        public var impliesTasks = false
        /// `--hint`: what the tasks do, instead of numbers.
        public var hints: Hints = []
        /// `--distribution`.
        public var distribution: Distribution?
        /// `--mem-bind`.
        public var memoryBinding: MemoryBinding?
        /// `--core-spec`, `--thread-spec`: cores or threads of each node that are kept free for the system.
        public var reserved: Reserved?
        /// `--spread-job`: over as many nodes as may be.
        public var spreads = false
        /// `--use-min-nodes`: over as few nodes as may be.
        public var prefersFewNodes = false
        /// `--switches`.
        public var switches: Switches?
        /// `--segment` (from 24.11 on).
        public var segment: Segment?

        /// Slurm's defaults.
        public init() {}

        /// Tasks that `impliesTasks` makes on `nodes` nodes; nil when it says nothing. Numbers that are too great stop at the largest.
        func impliedTasks(nodes: UInt32) -> UInt32? {
            guard impliesTasks else { return nil }
            return [socketsPerNode, coresPerSocket, threadsPerCore].reduce(nodes) { product, count in
                let (next, overflow) = product.multipliedReportingOverflow(by: UInt32(count ?? 1))
                return overflow ? .max : next
            }
        }
    }

    /// What the tasks of a job mostly do.
    public struct Hints: OptionSet, Sendable, Hashable {
        /// One bit for each hint.
        public var rawValue: UInt8

        /// Wraps bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// They compute: all cores, one thread of each.
        public static let computeBound = Hints(rawValue: 1)
        /// They wait for memory: one core of each socket, one thread of it.
        public static let memoryBound = Hints(rawValue: 2)
        /// They gain from all threads of a core.
        public static let multithread = Hints(rawValue: 4)
        /// They lose by sharing a core.
        public static let noMultithread = Hints(rawValue: 8)
    }

    /// How tasks are given to nodes, sockets and cores (`SLURM_DIST_…`).
    public struct Distribution: Sendable, Hashable {
        /// Slurm's word of bits.
        public var rawValue: UInt32
        /// Tasks of each block, when the method is `plane`.
        public var planeSize: UInt16?

        /// Wraps Slurm's bits.
        public init(rawValue: UInt32, planeSize: UInt16? = nil) {
            self.rawValue = rawValue
            self.planeSize = planeSize
        }
    }

    /// How tasks are bound to memory (`MEM_BIND_…`).
    public struct MemoryBinding: Sendable, Hashable {
        /// Slurm's word of bits.
        public var rawValue: UInt16
        /// NUMA ids or masks, for `map_mem` and `mask_mem`.
        public var map: String?

        /// Wraps Slurm's bits.
        public init(rawValue: UInt16, map: String? = nil) {
            self.rawValue = rawValue
            self.map = map
        }
    }

    /// What is kept free for the system on each node.
    public enum Reserved: Sendable, Hashable {
        /// Cores, 0 to 32,765.
        case cores(UInt16)
        /// Threads, 1 to 32,765.
        case threads(UInt16)
    }

    /// Nodes that lie together in one block of the network.
    public struct Segment: Sendable, Hashable {
        /// Nodes of each segment, 1 or more.
        public var size: UInt16
        /// The segments lie in different blocks (true, `--spread-segments`) or in as few as may be (false,
        /// `--consolidate-segments`; both from 26.05 on); nil is the cluster's choice.
        public var spreads: Bool?

        /// Segments of `size` nodes.
        public init(size: UInt16, spreads: Bool? = nil) {
            self.size = size
            self.spreads = spreads
        }
    }

    /// How many leaf switches may lie between the nodes.
    public struct Switches: Sendable, Hashable {
        /// The greatest number, 1 or more.
        public var count: UInt32
        /// Seconds to wait for so few at the most; nil is as long as the cluster allows.
        public var waitSeconds: UInt32?

        /// At most `count`, for which the job waits `waitSeconds`.
        public init(count: UInt32, waitSeconds: UInt32? = nil) {
            self.count = count
            self.waitSeconds = waitSeconds
        }
    }
}
