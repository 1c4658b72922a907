import Foundation
import Kubernetes
import PodProtocol
import Slurm

/// The life of one pod as a pure value: takes inputs, returns what is to be done.
///
/// ```
/// preparing ──prepared──► submitting ──submitted──► submitted ──job over──► over ──object removed──► discarded
///     └──rejected, deleted──────┴──────────────────────────────────────────►┘
/// ```
/// Nothing here waits, reads a clock or calls anything; time comes with each input. The status that belongs to the current state is
/// ``status(at:)``.
public struct PodMachine: Sendable {
    enum Stage: Sendable, Equatable {
        /// References and images are being fetched.
        case preparing
        /// The job is on its way to Slurm.
        case submitting
        /// Slurm has the job.
        case submitted(JobID)
        /// The pod has its final phase.
        case over
        /// The object is gone and the directory with it.
        case discarded
    }

    /// Why the pod is being ended before its time.
    enum StopCause: Sendable, Equatable {
        case deleted
        case deadline
        /// The object is already gone.
        case removed
    }

    struct Stop: Sendable, Equatable {
        var cause: StopCause
        var graceSeconds: Int
    }

    var pod: Pod
    var stage = Stage.preparing
    var facts = PodFacts()
    /// Slurm's last word on the job.
    var job: JobRecord?
    var jobID: JobID?
    var outcome: PodOutcome?
    var stop: Stop?
    var delay: PreparationDelay?
    var delayCount = 0
    /// Why the job cannot be submitted yet.
    var submissionWait: String?
    var isConnected = false
    /// Whether this agent submitted the job, so that it has watched it ever since.
    var isSubmittedHere = false
    /// Jobs that Slurm has lost before they began.
    var lostJobs = 0
    /// `imageID` of each container.
    var imageIDs: [String: String] = [:]
    /// Set while the end of the job waits for the journal: what is to be concluded if the journal adds nothing.
    var pendingEnd: PendingEnd?
    /// Status times that must not move: kept from the first time that each condition was seen so.
    var conditionTimes: [String: (status: ConditionStatus, since: Timestamp)] = [:]
    let acknowledged: Timestamp

    enum PendingEnd: Sendable, Equatable {
        case record(JobRecord, looks: Int)
        case forgotten(JobID, looks: Int)
    }

    /// How often the journal is read for the supervisor's last words before the job's end is concluded without them: a shared file
    /// system may show them late.
    static let journalLooks = 3
    /// How often a pod is submitted again because Slurm has lost its job.
    static let lostJobsAtMost = 3
    /// Seconds between a pod's grace period and the KILL of its job.
    static let graceSlack = 5.0
    /// Seconds that a connected supervisor has to end everything by itself where the pod has no grace period: unlike Slurm's KILL, it
    /// leaves nothing on the node's disk.
    static let killSlack = 2.0

    /// A machine for a pod that was just seen.
    public init(pod: Pod, at now: Date) {
        self.pod = pod
        acknowledged = pod.status.startTime ?? Timestamp(now)
        for condition in pod.status.conditions {
            if let since = condition.lastTransitionTime { conditionTimes[condition.type] = (condition.status, since) }
        }
    }

    /// The pod has its final phase.
    public var isOver: Bool { stage == .over || stage == .discarded }

    /// Whether the job may be waiting in Slurm's queue: no supervisor has begun yet.
    var isQueued: Bool {
        if case .submitted = stage { facts.start == nil } else { false }
    }

    var containerNames: [String] { (pod.spec.initContainers + pod.spec.containers).map(\.name) }

    /// Takes an input and returns what is to be done, in order.
    public mutating func handle(_ input: PodInput, at now: Date) -> [PodEffect] {
        guard stage != .discarded else { return [] }
        switch input {
        case .podChanged(let pod): return podChanged(pod, at: now)
        case .podRemoved: return podRemoved(at: now)
        case .recovered(let recovery): return recovered(recovery, at: now)
        case .prepared(let imageIDs):
            self.imageIDs = imageIDs
            return prepared()
        case .preparationDelayed(let delay): return delayed(delay)
        case .rejected(let rejection):
            guard stage == .preparing || stage == .submitting else { return [] }
            return [.record(PodNote(rejection.reason, rejection.message, isWarning: true))]
                + conclude(.failed(rejection.reason, rejection.message), at: now)
        case .submitted(let id): return submitted(id)
        case .submissionWaits(let reason): return submissionWaits(reason)
        case .submissionFailed(let failure):
            guard stage == .submitting else { return [] }
            return [.record(PodNote("FailedSubmit", failure.message, isWarning: true))]
                + conclude(.failed("SlurmRejected", failure.message), at: now)
        case .jobChanged(let record): return jobChanged(record, at: now)
        case .jobForgotten: return jobForgotten()
        case .event(let event): return apply(event, isReplay: false, at: now)
        case .journal(let events): return journalRead(events, at: now)
        case .connectionOpened:
            isConnected = true
            guard !isOver else { return [] }
            return [.deliver] + (stop.map { [.stop(request(for: $0))] } ?? [])
        case .connectionClosed:
            isConnected = false
            if case .submitted(let id) = stage { return [.refresh(id)] }
            return []
        case .timerFired(let timer): return timerFired(timer, at: now)
        }
    }

    // MARK: Before the job

    private mutating func prepared() -> [PodEffect] {
        guard stage == .preparing else { return [] }
        stage = .submitting
        (delay, delayCount) = (nil, 0)
        return [.submit]
    }

    private mutating func delayed(_ delay: PreparationDelay) -> [PodEffect] {
        guard stage == .preparing else { return [] }
        let isNews = self.delay?.message != delay.message || self.delay?.eventReason != delay.eventReason
        self.delay = delay
        delayCount += 1
        let seconds = delay.retryAfterSeconds ?? min(120, 2 * pow(2, Double(min(delayCount, 7) - 1)))
        let note = PodNote(delay.eventReason, delay.message, isWarning: true, container: delay.container)
        return (isNews ? [.record(note)] : []) + [.startTimer(.retryPreparation, seconds: seconds)]
    }

    private mutating func submitted(_ id: JobID) -> [PodEffect] {
        guard stage == .submitting else { return [] }
        stage = .submitted(id)
        jobID = id
        isSubmittedHere = true
        submissionWait = nil
        guard stop != nil else { return [.follow(id)] }
        return [.follow(id), .cancelJob(id), .startTimer(.grace, seconds: Self.graceSlack)]
    }

    private mutating func submissionWaits(_ reason: String) -> [PodEffect] {
        guard stage == .submitting, submissionWait != reason else { return [] }
        submissionWait = reason
        return [.record(PodNote("SubmissionWaits", reason, isWarning: true))]
    }

    // MARK: The object

    private mutating func podChanged(_ new: Pod, at now: Date) -> [PodEffect] {
        let old = pod
        pod = new
        if new.metadata.deletionTimestamp != nil {
            let grace = new.metadata.deletionGracePeriodSeconds ?? new.spec.terminationGracePeriodSeconds ?? 30
            return requestStop(Stop(cause: .deleted, graceSeconds: max(0, grace)), at: now)
        }
        if old.spec.activeDeadlineSeconds != new.spec.activeDeadlineSeconds { return deadlineTimer(at: now) }
        return []
    }

    private mutating func podRemoved(at now: Date) -> [PodEffect] {
        if stage == .over {
            stage = .discarded
            return [.discard]
        }
        return requestStop(Stop(cause: .removed, graceSeconds: 0), at: now)
    }

    mutating func requestStop(_ new: Stop, at now: Date) -> [PodEffect] {
        if stage == .over {
            stop = new
            return new.cause == .deleted ? [.confirmDeletion] : []
        }
        if let old = stop, old.cause != .deadline || new.cause == .deadline {
            guard new.graceSeconds < old.graceSeconds || (new.cause == .removed && old.cause != .removed) else { return [] }
        }
        stop = new
        switch stage {
        case .preparing:
            return [.cancelPreparation] + conclude(.failed("Terminated", "The pod was deleted before its job was submitted"), at: now)
        case .submitted(let id):
            return stopJob(id, new)
        case .submitting:
            // What waits has no job; a submission under way answers with one, which is then cancelled.
            return [.withdrawSubmission]
        case .over, .discarded: return []
        }
    }

    private func stopJob(_ id: JobID, _ stop: Stop) -> [PodEffect] {
        if stop.graceSeconds == 0, isConnected, facts.start != nil {
            return [.stop(request(for: stop)), .startTimer(.grace, seconds: Self.killSlack)]
        }
        if facts.start == nil || stop.graceSeconds == 0 {
            return (isConnected ? [.stop(request(for: stop))] : []) + [.cancelJob(id), .startTimer(.grace, seconds: Self.graceSlack)]
        }
        let ask: PodEffect = isConnected ? .stop(request(for: stop)) : .terminateJob(id)
        return [ask, .startTimer(.grace, seconds: Double(stop.graceSeconds) + Self.graceSlack)]
    }

    private func request(for stop: Stop) -> StopRequest {
        StopRequest(graceSeconds: Int64(stop.graceSeconds), reason: stop.cause == .deadline ? "DeadlineExceeded" : "Deleted")
    }

    // MARK: Timers

    private mutating func timerFired(_ timer: PodTimer, at now: Date) -> [PodEffect] {
        switch (timer, stage) {
        case (.retryPreparation, .preparing): return [.prepare]
        case (.grace, .submitted(let id)) where stop != nil:
            return [.cancelJob(id), .refresh(id), .startTimer(.grace, seconds: 30)]
        case (.activeDeadline, .submitted):
            let grace = pod.spec.terminationGracePeriodSeconds ?? 30
            return [.record(PodNote("DeadlineExceeded", Self.deadlineMessage))]
                + requestStop(Stop(cause: .deadline, graceSeconds: grace), at: now)
        case (.journal, .submitted): return pendingEnd == nil ? [] : [.readJournal]
        default: return []
        }
    }

    static let deadlineMessage = "Pod was active on the node longer than the specified deadline"

    /// The deadline counts from the supervisor's start: time in Slurm's queue is not the pod's.
    func deadlineTimer(at now: Date) -> [PodEffect] {
        guard let start = facts.firstStart, case .submitted = stage else { return [] }
        guard let deadline = pod.spec.activeDeadlineSeconds else { return [.stopTimer(.activeDeadline)] }
        let passed = now.timeIntervalSince1970 - Double(start) / 1e9
        return [.startTimer(.activeDeadline, seconds: max(0, Double(deadline) - passed))]
    }

    // MARK: The end

    /// Gives the pod its final phase.
    mutating func conclude(_ end: PodOutcome, at now: Date) -> [PodEffect] {
        var end = end
        if stop?.cause == .deadline { end = .failed("DeadlineExceeded", Self.deadlineMessage) }
        outcome = end
        facts.lose(
            at: Int64(now.timeIntervalSince1970 * 1e9), exitCode: end.lostExitCode, reason: end.lostReason,
            message: end.message ?? "The container could not be located when the pod was terminated")
        pendingEnd = nil
        let timers = PodTimer.allCases.map { PodEffect.stopTimer($0) }
        stage = .over
        switch stop?.cause {
        case .deleted: return timers + [.confirmDeletion]
        case .removed:
            stage = .discarded
            return timers + [.discard]
        case .deadline, nil: return timers
        }
    }
}
