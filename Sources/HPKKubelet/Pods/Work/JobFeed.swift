import Foundation
import Logging
import Slurm

/// Where the feed gets the user's jobs from: libslurm in the daemon, a table in tests.
public protocol JobSource: Sendable {
    /// All jobs of the user, finished ones that Slurm still remembers included.
    func userJobs() async throws -> [JobRecord]
}

/// News of one followed job.
public enum JobNews: Sendable {
    case changed(JobRecord)
    case forgotten(JobID)
}

/// Tells of changes of the followed jobs: Slurm's pushes make it look at once, one query for all jobs is the truth behind them.
public actor JobFeed {
    private struct Follower {
        var deliver: @Sendable (JobNews) -> Void
        var last: JobRecord?
        /// Queries that began after the job was followed and did not have it.
        var misses = 0
        var followedAt: Double
        var isExpected = false
    }

    private let source: any JobSource
    private let pace: QueryPace
    private let logger: Logger
    private let uptime: @Sendable () -> Double
    private let reachability: @Sendable (SlurmReachability) -> Void
    private var followers: [JobID: Follower] = [:]
    private var situation = QueryPace.Situation()
    private var wake: CheckedContinuation<Void, Never>?
    private var isWoken = false

    /// - Parameters:
    ///   - uptime: Seconds of a clock that never goes back.
    ///   - reachability: Called when a query succeeds after failures, or fails.
    init(
        source: any JobSource, pace: QueryPace? = nil, logger: Logger, uptime: @escaping @Sendable () -> Double = JobFeed.monotonicSeconds,
        reachability: @escaping @Sendable (SlurmReachability) -> Void = { _ in }
    ) {
        self.source = source
        self.pace = pace ?? QueryPace()
        self.logger = logger
        self.uptime = uptime
        self.reachability = reachability
    }

    /// Seconds of the monotonic clock.
    public static func monotonicSeconds() -> Double {
        Double(DispatchTime.now().uptimeNanoseconds) / 1e9
    }

    /// Tells of every change of the job from now on, beginning with its present state.
    public func follow(_ id: JobID, deliver: @escaping @Sendable (JobNews) -> Void) {
        followers[id] = Follower(deliver: deliver, followedAt: uptime())
        situation.isAsked = true
        ring()
    }

    public func unfollow(_ id: JobID) {
        followers[id] = nil
    }

    /// Something about the job is expected to change soon, or has been pushed: look as soon as the pace allows.
    public func refresh(_ id: JobID) {
        guard followers[id] != nil else { return }
        situation.isAsked = true
        ring()
    }

    /// Look at every followed job as soon as the pace allows.
    func refreshAll() {
        guard !followers.isEmpty else { return }
        situation.isAsked = true
        ring()
    }

    /// The job is being ended: look often until its end is seen.
    public func expectEnd(of id: JobID) {
        followers[id]?.isExpected = true
        situation.isAsked = true
        ring()
    }

    /// Asks and waits by turns until the task is cancelled.
    public func run() async {
        var lastEnd = uptime() - 3600
        while !Task.isCancelled {
            situation.followed = followers.count
            situation.expected = followers.values.count { $0.isExpected }
            situation.waiting = followers.values.count { $0.last.map { $0.state.base == .pending } ?? true }
            guard let pause = pace.pause(situation) else {
                await sleep(seconds: nil)
                continue
            }
            let wait = lastEnd + pause - uptime()
            if wait > 0 {
                await sleep(seconds: wait)
                continue
            }
            await query()
            lastEnd = uptime()
        }
    }

    private func query() async {
        let began = uptime()
        situation.isAsked = false
        do {
            let records = try await source.userJobs()
            if situation.failures > 0 { logger.notice("slurmctld answers again") }
            situation.failures = 0
            reachability(.reachable)
            deliver(records, askedAt: began)
        } catch is CancellationError {
            return
        } catch {
            situation.failures += 1
            if situation.failures == 1 { logger.warning("slurmctld does not answer; trying again", metadata: ["error": "\(error)"]) }
            reachability(.unreachable("\(error)"))
        }
        situation.lastDuration = uptime() - began
    }

    private func deliver(_ records: [JobRecord], askedAt began: Double) {
        var seen: Set<JobID> = []
        for record in records {
            guard var follower = followers[record.id] else { continue }
            seen.insert(record.id)
            follower.misses = 0
            if follower.last != record {
                follower.last = record
                if record.state.isFinal { follower.isExpected = false }
                followers[record.id] = follower
                follower.deliver(.changed(record))
            } else {
                followers[record.id] = follower
            }
        }
        for (id, follower) in followers where !seen.contains(id) && follower.followedAt < began {
            // A job in flight may not be in the first answer.
            followers[id]?.misses += 1
            if follower.misses + 1 == 2 {
                follower.deliver(.forgotten(id))
            } else if follower.misses == 0 {
                situation.isAsked = true
            }
        }
    }

    // MARK: Waiting

    private func ring() {
        isWoken = true
        wake?.resume()
        wake = nil
    }

    /// Returns when the time is over, when something changed, or when the task is cancelled.
    private func sleep(seconds: Double?) async {
        if isWoken {
            isWoken = false
            // What rang may not shorten the pause: wait for the rest of it below only where there is one.
            return
        }
        let timer = seconds.map { seconds in
            Task {
                try? await Task.sleep(for: .seconds(seconds))
                if !Task.isCancelled { self.ring() }
            }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled { return continuation.resume() }
                wake = continuation
            }
        } onCancel: {
            Task { await self.ring() }
        }
        isWoken = false
        timer?.cancel()
    }
}

/// Whether slurmctld answers, for the node's conditions.
public enum SlurmReachability: Sendable, Equatable {
    case reachable
    case unreachable(String)
}
