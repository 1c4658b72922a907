import Foundation
import Slurm

/// The library's part of the benchmark: held jobs that it submits, asks for and cancels.
actor HeldJobs {
    private let client: SlurmClient
    private var ids: [JobID] = []

    init(client: SlurmClient) {
        self.client = client
    }

    private static var submission: JobSubmission {
        var job = JobSubmission(
            name: "hpk-bench", script: "#!/bin/sh\nexit 0\n", environment: ["PATH": "/usr/bin:/bin"], workingDirectory: "/")
        job.hold = true
        job.minNodes = 1
        return job
    }

    /// Submits jobs, one RPC each, by as many tasks as there are callers.
    func submit(_ count: Int, callers: Int) async throws -> Measurement {
        let (client, job) = (client, Self.submission)
        let usage = ProcessUsage.now()
        let watch = Stopwatch()
        let made: [(id: JobID, seconds: Double)]
        if callers == 1 {
            made = try await Self.submit(job, count, client)
        } else {
            made = try await withThrowingTaskGroup(of: [(id: JobID, seconds: Double)].self) { group in
                for caller in 0..<callers {
                    let share = count / callers + (caller < count % callers ? 1 : 0)
                    group.addTask { try await Self.submit(job, share, client) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
        }
        let measurement = Self.measurement(count, watch, usage, made.map(\.seconds))
        ids += made.map(\.id)
        return measurement
    }

    private static func submit(_ job: JobSubmission, _ count: Int, _ client: SlurmClient) async throws -> [(id: JobID, seconds: Double)] {
        var made: [(id: JobID, seconds: Double)] = []
        made.reserveCapacity(count)
        for _ in 0..<count {
            let watch = Stopwatch()
            made.append((try await client.submit(job), watch.seconds))
        }
        return made
    }

    /// Submits one array: as many jobs as it has tasks, in one RPC.
    func submitArray(_ tasks: Int) async throws -> Measurement {
        var job = Self.submission
        job.arrayTasks = UInt32(tasks)
        let usage = ProcessUsage.now()
        let watch = Stopwatch()
        let id = try await client.submit(job)
        let measurement = Self.measurement(1, watch, usage, [watch.seconds])
        ids.append(id)
        return measurement
    }

    /// Cancels what was submitted last, one RPC each.
    func cancelOneByOne() async throws -> Measurement {
        let mine = takeIDs()
        let usage = ProcessUsage.now()
        let watch = Stopwatch()
        var latencies: [Double] = []
        latencies.reserveCapacity(mine.count)
        for id in mine {
            let call = Stopwatch()
            try await client.cancel(id)
            latencies.append(call.seconds)
        }
        return Self.measurement(mine.count, watch, usage, latencies)
    }

    /// Asks for all of the user's jobs, decoded.
    func query(_ count: Int) async throws -> Measurement {
        let usage = ProcessUsage.now()
        let watch = Stopwatch()
        var latencies: [Double] = []
        for _ in 0..<count {
            let call = Stopwatch()
            _ = try await client.jobs()
            latencies.append(call.seconds)
        }
        return Self.measurement(count, watch, usage, latencies)
    }

    /// Asks for what has changed since the last answer, while nothing changes.
    func queryUnchanged(_ count: Int) async throws -> Measurement {
        let known = try await client.jobs(since: nil)
        let usage = ProcessUsage.now()
        let watch = Stopwatch()
        var latencies: [Double] = []
        for _ in 0..<count {
            let call = Stopwatch()
            _ = try await client.jobs(since: known)
            latencies.append(call.seconds)
        }
        return Self.measurement(count, watch, usage, latencies)
    }

    /// The jobs that were submitted since this was last asked.
    func takeIDs() -> [JobID] {
        defer { ids = [] }
        return ids
    }

    /// Measures, and cancels everything afterwards, outside of the measurement.
    nonisolated func thenCancelled(_ body: @Sendable () async throws -> Measurement) async throws -> Measurement {
        let measurement = try await body()
        try await cancelAll()
        return measurement
    }

    /// Submits until slurmctld holds `count` jobs of the user that are not over.
    func fill(to count: Int) async throws {
        let known = try await client.jobs().count { !$0.state.isFinal }
        if known < count { _ = try await submit(count - known, callers: 4) }
    }

    /// The user's jobs that slurmctld holds.
    func count() async throws -> Int { try await client.jobs().count }

    /// Cancels all of the user's jobs that are not over.
    func cancelAll() async throws {
        ids = []
        let waiting = try await client.jobs().filter { !$0.state.isFinal && $0.name == Self.submission.name }.map(\.id)
        _ = try await withThrowingTaskGroup(of: Void.self) { group in
            let size = max(1, (waiting.count + 3) / 4)
            for begin in stride(from: 0, to: waiting.count, by: size) {
                let share = waiting[begin..<min(begin + size, waiting.count)]
                group.addTask { [client] in for id in share { try await client.cancel(id) } }
            }
            try await group.waitForAll()
        }
    }

    private static func measurement(
        _ count: Int, _ watch: Stopwatch, _ before: ProcessUsage, _ latencies: [Double] = []
    ) -> Measurement {
        let wall = watch.seconds
        let used = ProcessUsage.now().since(before)
        return Measurement(
            operations: count, wallSeconds: wall, cpuSeconds: used.cpuSeconds, allocations: used.allocations,
            latencies: Distribution(latencies))
    }
}
