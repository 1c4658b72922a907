/// What one contender did in one round.
public struct Measurement: Sendable, Equatable {
    /// Operations done: jobs submitted, queries, pods.
    public var operations: Int
    /// From the first operation's begin to the last one's end.
    public var wallSeconds: Double
    /// Processor time, user and system, of all processes that did the operations; nil when it was not measured.
    public var cpuSeconds: Double?
    /// Allocations (`ProcessUsage.allocations`); nil when they were not counted.
    public var allocations: Int?
    /// Seconds of each operation; empty when they were not taken one by one.
    public var latencies: Distribution

    /// A measurement of `operations` operations.
    public init(
        operations: Int, wallSeconds: Double, cpuSeconds: Double? = nil, allocations: Int? = nil, latencies: Distribution = Distribution([])
    ) {
        self.operations = operations
        self.wallSeconds = wallSeconds
        self.cpuSeconds = cpuSeconds
        self.allocations = allocations
        self.latencies = latencies
    }

    /// Operations per second.
    public var rate: Double { wallSeconds > 0 ? Double(operations) / wallSeconds : 0 }
    /// Seconds of wall time for one operation.
    public var secondsPerOperation: Double { operations > 0 ? wallSeconds / Double(operations) : 0 }
    /// Seconds of processor time for one operation.
    public var cpuPerOperation: Double? { cpuSeconds.map { operations > 0 ? $0 / Double(operations) : 0 } }
    /// Allocations for one operation.
    public var allocationsPerOperation: Double? { allocations.map { operations > 0 ? Double($0) / Double(operations) : 0 } }
}
