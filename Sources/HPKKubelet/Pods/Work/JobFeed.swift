import Foundation
import Logging
import Slurm

/// Where the feed gets the user's jobs from: libslurm in the daemon, a table in tests.
public protocol JobSource: Sendable {
    /// All jobs of the user, finished ones that Slurm still remembers included.
    func userJobs() async throws -> UserJobs
}

/// An answer about all jobs of the user.
public struct UserJobs: Sendable {
    public var jobs: [JobRecord]
    /// False where Slurm said that nothing has changed since the last answer.
    public var isNew: Bool

    public init(_ jobs: [JobRecord], isNew: Bool = true) {
        self.jobs = jobs
        self.isNew = isNew
    }
}

/// News of one followed job.
public enum JobNews: Sendable {
    case changed(JobRecord)
    case forgotten(JobID)
}

/// Tells of changes of the followed jobs: Slurm's pushes make it look at once, one query for all jobs is the truth behind them.
///
/// The tasks of an array are followed one by one. Those that wait share one record of slurmctld's, so an answer costs as much as it has
/// records, and a comparison for each task.
public actor JobFeed {
    private struct Follower {
        /// Who follows: a number may be given to somebody else's job.
        var owner: String
        var deliver: @Sendable (JobNews) -> Void
        var last: JobRecord?
        /// Which state of the array's shared record was told last; nil for a record of its own.
        var shared: Int?
        /// slurmctld's own number of a task that has started.
        var number: UInt32?
        /// Queries that began after the job was followed and did not have it.
        var misses = 0
        var followedAt: Double
        var isExpected = false

        /// It waits in the queue, or for its nodes' word that they are done with it.
        var isWaiting: Bool { last.map { $0.state.base == .pending || $0.state.flags.contains(.completing) } ?? true }
        /// No answer has settled yet whether Slurm has the job, so that also one without news is of use.
        var isUnsettled: Bool { misses < 2 && (last == nil || misses > 0) }
    }

    /// What is followed of one array.
    private struct FollowedArray {
        var tasks: Set<UInt32> = []
        /// The shared record of the tasks that wait, without their indices, and how often it has changed.
        var shared: JobRecord?
        var changes = 0
    }

    private let source: any JobSource
    private let pace: QueryPace
    private let logger: Logger
    private let uptime: @Sendable () -> Double
    private let reachability: @Sendable (SlurmReachability) -> Void
    private var followers: [JobID: Follower] = [:]
    private var arrays: [UInt32: FollowedArray] = [:]
    /// Followed tasks by slurmctld's own numbers, and how many tasks have none that is known.
    private var numbers: [UInt32: JobID] = [:]
    private var unnumbered = 0
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
    ///
    /// - Parameter owner: the pod's UID.
    public func follow(_ id: JobID, owner: String, deliver: @escaping @Sendable (JobNews) -> Void) {
        if let task = id.task { arrays[id.rawValue, default: FollowedArray()].tasks.insert(task) }
        set(id, Follower(owner: owner, deliver: deliver, followedAt: uptime()))
        ring()
    }

    public func unfollow(_ id: JobID, owner: String) {
        guard followers[id]?.owner == owner else { return }
        drop(id)
    }

    private func drop(_ id: JobID) {
        set(id, nil)
        guard let task = id.task else { return }
        arrays[id.rawValue]?.tasks.remove(task)
        if arrays[id.rawValue]?.tasks.isEmpty ?? false { arrays[id.rawValue] = nil }
    }

    /// Slurm has given this number to a job, or to an array, whose submission began at that time. Whoever followed one of that number before
    /// follows a job that is no more: a slurmctld that dies loses the last jobs, and gives their numbers again.
    func given(_ id: JobID, began: Double) {
        let same = [JobID(rawValue: id.rawValue)] + (arrays[id.rawValue]?.tasks ?? []).map { JobID(array: id.rawValue, task: $0) }
        for id in same {
            guard let follower = followers[id], follower.followedAt < began else { continue }
            drop(id)
            follower.deliver(.forgotten(id))
        }
    }

    /// Something about the job is expected to change soon: look as soon as the pace allows.
    public func refresh(_ id: JobID) {
        if followers[id] != nil { ask() }
    }

    /// slurmctld says that the job with this number changed: look as soon as the pace allows. A number that belongs to nobody is let pass,
    /// unless it may be that of a task which started since the last look.
    public func pushed(_ number: UInt32) {
        if numbers[number] != nil || unnumbered > 0 || followers[JobID(rawValue: number)] != nil { ask() }
    }

    /// Look at every followed job as soon as the pace allows.
    func refreshAll() {
        guard !followers.isEmpty else { return }
        situation.isAsked = true
        ring()
    }

    /// The job is being ended: look often until its end is seen.
    public func expectEnd(of id: JobID) {
        guard var follower = followers[id] else { return }
        follower.isExpected = true
        set(id, follower)
        ask()
    }

    /// Asks and waits by turns until the task is cancelled.
    public func run() async {
        var lastEnd = uptime() - 3600
        while !Task.isCancelled {
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
            let answer = try await source.userJobs()
            if situation.failures > 0 { logger.notice("slurmctld answers again") }
            situation.failures = 0
            reachability(.reachable)
            if answer.isNew || situation.unsettled > 0 { deliver(answer.jobs, askedAt: began) }
        } catch is CancellationError {
            return
        } catch {
            situation.failures += 1
            if situation.failures == 1 { logger.warning("slurmctld does not answer; trying again", metadata: ["error": "\(error)"]) }
            reachability(.unreachable("\(error)"))
        }
        situation.lastDuration = uptime() - began
    }

    // MARK: Followers

    /// The only way in which a follower changes, so that the counts stay true.
    private func set(_ id: JobID, _ new: Follower?) {
        let old = followers[id]
        followers[id] = new
        situation.followed = followers.count
        situation.waiting += (new?.isWaiting ?? false ? 1 : 0) - (old?.isWaiting ?? false ? 1 : 0)
        situation.expected += (new?.isExpected ?? false ? 1 : 0) - (old?.isExpected ?? false ? 1 : 0)
        situation.unsettled += (new?.isUnsettled ?? false ? 1 : 0) - (old?.isUnsettled ?? false ? 1 : 0)
        guard id.task != nil else { return }
        unnumbered += (new.map { $0.number == nil } ?? false ? 1 : 0) - (old.map { $0.number == nil } ?? false ? 1 : 0)
        if let number = old?.number, new?.number != number { numbers[number] = nil }
        if let number = new?.number { numbers[number] = id }
    }

    private func deliver(_ records: [JobRecord], askedAt began: Double) {
        var seen: Set<JobID> = []
        /// Arrays of which the answer has every task that Slurm still holds.
        var complete: Set<UInt32> = []
        var truncated: [JobRecord] = []
        for record in records {
            if let tasks = record.arrayTasks {
                guard let array = arrays[record.id.rawValue] else { continue }
                complete.insert(record.id.rawValue)
                if tasks.isTruncated { truncated.append(record) }
                let changes = note(shared: record)
                for task in array.tasks where tasks.contains(task) { deliver(record, to: task, changes, &seen) }
            } else {
                if record.id.task != nil { complete.insert(record.id.rawValue) }
                deliver(record, &seen)
            }
        }
        for record in truncated {
            // Slurm's text was cut off, and there is no other: who has no record of its own waits in this one.
            complete.remove(record.id.rawValue)
            let changes = note(shared: record)
            for task in arrays[record.id.rawValue]?.tasks ?? [] where !seen.contains(JobID(array: record.id.rawValue, task: task)) {
                deliver(record, to: task, changes, &seen)
            }
        }
        for (id, follower) in followers where !seen.contains(id) && follower.followedAt < began {
            missed(id, follower, isRemoved: id.task != nil && complete.contains(id.rawValue))
        }
    }

    /// A job that has a record of its own.
    private func deliver(_ record: JobRecord, _ seen: inout Set<JobID>) {
        guard var follower = followers[record.id] else { return }
        seen.insert(record.id)
        let isNews = follower.last != record
        guard isNews || follower.misses > 0 else { return }
        follower.misses = 0
        follower.shared = nil
        follower.last = record
        if record.id.task != nil { follower.number = record.number }
        if record.state.isFinal { follower.isExpected = false }
        set(record.id, follower)
        if isNews { follower.deliver(.changed(record)) }
    }

    /// A task that waits in a shared record.
    private func deliver(_ shared: JobRecord, to task: UInt32, _ changes: Int, _ seen: inout Set<JobID>) {
        let id = JobID(array: shared.id.rawValue, task: task)
        guard var follower = followers[id] else { return }
        seen.insert(id)
        guard follower.shared != changes || follower.misses > 0 else { return }
        let isNews = follower.shared != changes
        let record = shared.waitingTask(task)
        follower.misses = 0
        follower.shared = changes
        follower.last = record
        if record.state.isFinal { follower.isExpected = false }
        set(id, follower)
        if isNews { follower.deliver(.changed(record)) }
    }

    /// Remembers an array's shared record and tells how often it has changed.
    private func note(shared record: JobRecord) -> Int {
        var common = record
        common.arrayTasks = nil
        guard var array = arrays[record.id.rawValue], array.shared != common else { return arrays[record.id.rawValue]?.changes ?? 0 }
        array.shared = common
        array.changes += 1
        arrays[record.id.rawValue] = array
        return array.changes
    }

    /// The answer does not have a followed job. A task that waited, and is not there while others of its array are, was cancelled: Slurm
    /// keeps no record of a task that is cancelled before it starts.
    private func missed(_ id: JobID, _ follower: Follower, isRemoved: Bool) {
        var follower = follower
        follower.misses += 1
        if isRemoved, var record = follower.last, record.state.base == .pending {
            record.state = JobState(.cancelled)
            // What Slurm had in mind for it; it never started.
            record.startTime = nil
            follower.last = record
            follower.isExpected = false
            set(id, follower)
            return follower.deliver(.changed(record))
        }
        set(id, follower)
        // A job in flight may not be in the first answer.
        if follower.misses == 2 {
            follower.deliver(.forgotten(id))
        } else if follower.misses == 1 {
            situation.isAsked = true
        }
    }

    // MARK: Waiting

    private func ask() {
        situation.isAsked = true
        ring()
    }

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
