import CSlurm
import Foundation

/// slurmctld's own account of what it did since it was started or its counters were reset: what sdiag(1) shows.
///
/// Slurm resets the counters at each midnight, UTC, too (`resetTime` tells); compare two of them by `since(_:)`.
public struct SlurmStatistics: Sendable, Equatable {
    /// Requests of one kind.
    public struct Requests: Sendable, Hashable {
        /// How many there were.
        public var count: UInt64
        /// What their handling took together, in microseconds.
        public var microseconds: UInt64

        /// So many requests, which took so long together.
        public init(count: UInt64 = 0, microseconds: UInt64 = 0) {
            self.count = count
            self.microseconds = microseconds
        }

        /// Microseconds of one request in the middle; 0 when there was none.
        public var averageMicroseconds: Double { count == 0 ? 0 : Double(microseconds) / Double(count) }
    }

    /// Runs of a scheduler.
    public struct Cycles: Sendable, Hashable {
        /// How many there were.
        public var count: UInt32 = 0
        /// What they took together, in microseconds.
        public var totalMicroseconds: UInt64 = 0
        /// What the last one took, in microseconds.
        public var lastMicroseconds: UInt32 = 0
        /// What the longest one took, in microseconds.
        public var longestMicroseconds: UInt32 = 0
        /// Jobs that were looked at in all of them.
        public var jobsConsidered: UInt32 = 0
        /// Jobs in the queue at the last one.
        public var queueLength: UInt32 = 0
    }

    /// When slurmctld gave these numbers, by its clock.
    public var time: Date
    /// Since when it counts.
    public var resetTime: Date

    /// Threads that handle requests now. Near 256 slurmctld is as busy as it can be.
    public var serverThreads: UInt32 = 0
    /// Messages to nodes that wait.
    public var agentQueue: UInt32 = 0
    /// Agents, which send messages to nodes, that run now.
    public var agents: UInt32 = 0
    /// Threads of those agents.
    public var agentThreads: UInt32 = 0
    /// Messages to slurmdbd that wait.
    public var databaseQueue: UInt32 = 0

    /// The main scheduler.
    public var scheduler = Cycles()
    /// The backfill scheduler.
    public var backfill = Cycles()
    /// Jobs that the backfill scheduler started.
    public var backfilledJobs: UInt32 = 0

    /// Jobs that were submitted.
    public var jobsSubmitted: UInt32 = 0
    /// Jobs that were started.
    public var jobsStarted: UInt32 = 0
    /// Jobs that completed.
    public var jobsCompleted: UInt32 = 0
    /// Jobs that were cancelled.
    public var jobsCancelled: UInt32 = 0
    /// Jobs that failed.
    public var jobsFailed: UInt32 = 0
    /// Jobs that wait; counted every 30 s only.
    public var jobsPending: UInt32 = 0
    /// Jobs that run; counted every 30 s only.
    public var jobsRunning: UInt32 = 0

    /// Requests by type. Those of slurmd and slurmstepd are among them.
    public var requestsByType: [RequestType: Requests] = [:]
    /// Requests by the uid that made them.
    public var requestsByUser: [UInt32: Requests] = [:]

    /// Nothing was counted; for tests and simulations.
    public init(time: Date, resetTime: Date) {
        self.time = time
        self.resetTime = resetTime
    }

    /// All requests together.
    public var totalRequests: Requests {
        requestsByType.values.reduce(into: Requests()) { total, requests in
            total.count += requests.count
            total.microseconds += requests.microseconds
        }
    }

    /// What came to be since `earlier`: counters become differences, what is a state now stays. When the counters were reset in
    /// between, what was counted since then.
    public func since(_ earlier: SlurmStatistics) -> SlurmStatistics {
        guard earlier.resetTime == resetTime else { return self }
        var difference = self
        difference.resetTime = earlier.time
        difference.scheduler = scheduler.since(earlier.scheduler)
        difference.backfill = backfill.since(earlier.backfill)
        for counter in Self.counters {
            difference[keyPath: counter] = Self.difference(self[keyPath: counter], earlier[keyPath: counter])
        }
        difference.requestsByType = Self.difference(requestsByType, earlier.requestsByType)
        difference.requestsByUser = Self.difference(requestsByUser, earlier.requestsByUser)
        return difference
    }

    private static var counters: [WritableKeyPath<SlurmStatistics, UInt32>] {
        [\.backfilledJobs, \.jobsSubmitted, \.jobsStarted, \.jobsCompleted, \.jobsCancelled, \.jobsFailed]
    }

    fileprivate static func difference<Number: FixedWidthInteger>(_ later: Number, _ earlier: Number) -> Number {
        later >= earlier ? later - earlier : later
    }

    private static func difference<Key: Hashable>(_ later: [Key: Requests], _ earlier: [Key: Requests]) -> [Key: Requests] {
        later.reduce(into: [:]) { result, entry in
            let before = earlier[entry.key] ?? Requests()
            let requests = Requests(
                count: difference(entry.value.count, before.count), microseconds: difference(entry.value.microseconds, before.microseconds))
            if requests.count > 0 { result[entry.key] = requests }
        }
    }
}

extension SlurmStatistics.Cycles {
    fileprivate func since(_ earlier: Self) -> Self {
        var difference = self
        difference.count = SlurmStatistics.difference(count, earlier.count)
        difference.totalMicroseconds = SlurmStatistics.difference(totalMicroseconds, earlier.totalMicroseconds)
        difference.jobsConsidered = SlurmStatistics.difference(jobsConsidered, earlier.jobsConsidered)
        return difference
    }
}

extension SlurmStatistics {
    /// Copies what we use out of libslurm's record.
    init(decoding info: UnsafePointer<stats_info_response_msg_t>) {
        let stats = info.pointee
        self.init(time: Self.date(stats.req_time), resetTime: Self.date(stats.req_time_start))
        serverThreads = stats.server_thread_count
        agentQueue = stats.agent_queue_size
        agents = stats.agent_count
        agentThreads = stats.agent_thread_count
        databaseQueue = stats.dbd_agent_queue_size
        scheduler = Cycles(
            count: stats.schedule_cycle_counter, totalMicroseconds: UInt64(stats.schedule_cycle_sum),
            lastMicroseconds: stats.schedule_cycle_last, longestMicroseconds: stats.schedule_cycle_max,
            jobsConsidered: stats.schedule_cycle_depth, queueLength: stats.schedule_queue_len)
        backfill = Cycles(
            count: stats.bf_cycle_counter, totalMicroseconds: UInt64(stats.bf_cycle_sum), lastMicroseconds: stats.bf_cycle_last,
            longestMicroseconds: stats.bf_cycle_max, jobsConsidered: stats.bf_depth_sum, queueLength: stats.bf_queue_len)
        backfilledJobs = stats.bf_backfilled_jobs
        jobsSubmitted = stats.jobs_submitted
        jobsStarted = stats.jobs_started
        jobsCompleted = stats.jobs_completed
        jobsCancelled = stats.jobs_canceled
        jobsFailed = stats.jobs_failed
        jobsPending = stats.jobs_pending
        jobsRunning = stats.jobs_running
        if let ids = stats.rpc_type_id, let counts = stats.rpc_type_cnt, let times = stats.rpc_type_time {
            for index in 0..<Int(stats.rpc_type_size) where ids[index] != 0 {
                requestsByType[RequestType(rawValue: ids[index])] = Requests(count: UInt64(counts[index]), microseconds: times[index])
            }
        }
        if let ids = stats.rpc_user_id, let counts = stats.rpc_user_cnt, let times = stats.rpc_user_time {
            for index in 0..<Int(stats.rpc_user_size) where counts[index] != 0 {
                requestsByUser[ids[index]] = Requests(count: UInt64(counts[index]), microseconds: times[index])
            }
        }
    }

    private static func date(_ seconds: time_t) -> Date { Date(timeIntervalSince1970: TimeInterval(seconds)) }
}
