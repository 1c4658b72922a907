import DequeModule
import Slurm

/// Which pods wait to be submitted, and what goes to Slurm next: a pure value.
///
/// A lone pod goes at once. While calls are under way, further pods wait; when one returns, what waits goes by groups of one shape, each as
/// one job array. Where pods keep coming, the rounds of calls keep a growing distance, up to 50 ms, so that each takes more along. What Slurm does not take now waits here with growing pauses, however many pods there are: the rate of calls is bounded by
/// the pauses, not by their number.
struct SubmissionQueue: Sendable {
    /// Bounds of what one call may hold, and of the calls.
    struct Limits: Sendable, Equatable {
        /// Most tasks of one array; 1 submits every pod as a job of its own.
        var arrayTasks = 1000
        /// Most calls at a time.
        var calls = 3
    }

    /// What Slurm said to a call.
    enum Answer: Sendable, Equatable {
        case taken
        /// It will never take it; the code is Slurm's.
        case rejected(code: Int32)
        /// So many jobs do not fit: in slurmctld (`everybody`), or for this account, QOS, partition or shape.
        case tooMany(everybody: Bool, String)
        /// Jobs of this shape cannot be taken now.
        case later(String)
        /// slurmctld takes nothing now.
        case unavailable(String)
        /// Nobody knows whether it took it: Slurm's list tells.
        case unknown(String)
    }

    /// Pods of one group that go together.
    struct Call: Sendable, Equatable {
        var number: Int
        var group: JobGroup
        var pods: [String]
    }

    enum Step: Sendable, Equatable {
        case submit(Call)
        /// Look in Slurm's list whether it took these.
        case lookUp([Call])
    }

    private struct Lane {
        var pods: Deque<String> = []
        /// Most pods of the next call.
        var cap = Int.max
        /// An array of this shape was refused with this code: pods go singly, and one more refusal settles it for all.
        var arrayRefusal: Int32?
        var pause = Pause()
        /// Why its pods wait.
        var message: String?
    }

    /// A pause that grows with each failure in a row.
    private struct Pause {
        var failures = 0
        var until = -Double.infinity

        mutating func grow(at now: Double, longest: Double) {
            failures += 1
            until = now + min(longest, Double(1 << min(failures - 1, 10)))
        }
    }

    /// Longest pauses in seconds.
    static let longestPause = 15.0
    static let longestOutagePause = 30.0
    /// Least seconds between two tries of shapes that were put off, all shapes together.
    static let betweenRetries = 1.0

    /// Seconds between the first two rounds of calls of a burst, which double with each round up to the longest; a burst is over after so
    /// many seconds without a call.
    static let firstRhythm = 0.005
    static let burstEnd = 0.5
    var longestRhythm = 0.05

    var limits = Limits()
    private var lastRound = -Double.infinity
    private var rhythm = 0.0
    private var lanes: [JobGroup: Lane] = [:]
    /// Groups in the order of their turns, some of which may have no lane any more, and the same as a set.
    private var turns: Deque<JobGroup> = []
    private var inTurns: Set<JobGroup> = []
    private var groupOfPod: [String: JobGroup] = [:]
    private var underWay: [Int: Call] = [:]
    private var unknown: [Call] = []
    private var isLookingUp = false
    private var counter = 0
    /// For everybody: slurmctld is away, or full.
    private var pause = Pause()
    private var cap = Int.max
    private var message: String?
    private var nextRetry = -Double.infinity

    /// Nothing waits and nothing is under way.
    var isIdle: Bool { groupOfPod.isEmpty && underWay.isEmpty && unknown.isEmpty }
    /// Pods that wait for a call.
    var waitingCount: Int { groupOfPod.count }

    // MARK: Pods

    mutating func add(_ pod: String, _ group: JobGroup) {
        guard groupOfPod.updateValue(group, forKey: pod) == nil else { return }
        lanes[group, default: Lane()].pods.append(pod)
        giveTurn(to: group)
    }

    /// Takes a pod out; false where it does not wait here.
    mutating func withdraw(_ pod: String) -> Bool {
        guard let group = groupOfPod.removeValue(forKey: pod) else { return false }
        lanes[group]?.pods.removeAll { $0 == pod }
        dropIfEmpty(group)
        return true
    }

    /// Why a pod waits; nil where it is to go soon.
    func reason(of pod: String) -> String? {
        guard let group = groupOfPod[pod] else { return nil }
        return message ?? lanes[group]?.message
    }

    /// Every pod that waits, or whose call's end is unknown, with the reason.
    var reasons: [(pod: String, reason: String)] {
        lanes.values.flatMap { lane in
            (message ?? lane.message).map { reason in lane.pods.map { ($0, reason) } } ?? []
        } + unknown.flatMap { call in message.map { reason in call.pods.map { ($0, reason) } } ?? [] }
    }

    // MARK: Steps

    /// What is to be done now; nil when there is nothing, or not yet.
    ///
    /// - Parameters:
    ///   - now: seconds of a clock that never goes back.
    ///   - afterReturn: A call has just returned. A pod that has just come waits for that where any call is under way.
    mutating func next(at now: Double, afterReturn: Bool) -> Step? {
        guard !isLookingUp, now >= pause.until else { return nil }
        if !unknown.isEmpty {
            guard underWay.isEmpty else { return nil }
            isLookingUp = true
            return .lookUp(unknown)
        }
        // While slurmctld is away or full, one call at a time finds out whether it is back.
        let most = pause.failures > 0 ? 1 : limits.calls
        guard underWay.count < most, underWay.isEmpty || afterReturn || limits.arrayTasks <= 1 else { return nil }
        guard !underWay.isEmpty || now >= nextRound, let group = chooseLane(at: now), var lane = lanes[group] else { return nil }
        if underWay.isEmpty { beginRound(at: now) }
        if lane.pause.failures > 0 { nextRetry = now + Self.betweenRetries }
        let count = max(1, min(lane.pods.count, lane.arrayRefusal == nil ? lane.cap : 1, cap, limits.arrayTasks))
        counter += 1
        let call = Call(number: counter, group: group, pods: Array(lane.pods.prefix(count)))
        lane.pods.removeFirst(count)
        lanes[group] = lane
        for pod in call.pods { groupOfPod[pod] = nil }
        underWay[call.number] = call
        return .submit(call)
    }

    private var nextRound: Double { limits.arrayTasks <= 1 ? -.infinity : lastRound + rhythm }

    private mutating func beginRound(at now: Double) {
        rhythm = min(longestRhythm, now - lastRound > Self.burstEnd ? Self.firstRhythm : rhythm * 2)
        lastRound = now
    }

    /// The next lane in turn that may go now.
    private mutating func chooseLane(at now: Double) -> JobGroup? {
        for _ in 0..<turns.count {
            guard let group = turns.popFirst() else { return nil }
            guard let lane = lanes[group] else {
                inTurns.remove(group)
                continue
            }
            turns.append(group)
            if !lane.pods.isEmpty, now >= lane.pause.until, lane.pause.failures == 0 || now >= nextRetry { return group }
        }
        return nil
    }

    /// When `next` is to be asked again although nothing came or returned; nil for never.
    func wakeTime(at now: Double) -> Double? {
        guard !isLookingUp, underWay.isEmpty else { return nil }
        if !unknown.isEmpty { return pause.until }
        let times = lanes.values.filter { !$0.pods.isEmpty }.map { $0.pause.failures > 0 ? max($0.pause.until, nextRetry) : $0.pause.until }
        return times.min().map { max($0, pause.until, nextRound) }
    }

    // MARK: Returns

    /// A call has returned.
    ///
    /// - Returns: pods that Slurm will never take; the others are submitted or wait again.
    mutating func finish(_ call: Call, _ answer: Answer, at now: Double) -> [String] {
        guard underWay.removeValue(forKey: call.number) != nil else { return [] }
        switch answer {
        case .taken:
            taken(call)
        case .rejected(let code):
            return rejected(call, code)
        case .tooMany(let everybody, let reason):
            tooMany(call, everybody, reason, at: now)
        case .later(let reason):
            putBack(call)
            lanes[call.group]?.pause.grow(at: now, longest: Self.longestPause)
            lanes[call.group]?.message = reason
        case .unavailable(let reason):
            putBack(call)
            outage(reason, at: now)
        case .unknown(let reason):
            unknown.append(call)
            outage(reason, at: now)
        }
        return []
    }

    /// Slurm's list has been read: `found` are the numbers of the calls that it took. nil where it could not be read.
    ///
    /// - Returns: the calls that it did not take; their pods wait again.
    mutating func lookedUp(_ found: Set<Int>?, reason: String, at now: Double) -> [Call] {
        isLookingUp = false
        guard let found else {
            outage(reason, at: now)
            return []
        }
        let calls = unknown
        unknown = []
        let lost = calls.filter { !found.contains($0.number) }
        for call in lost.reversed() { putBack(call) }
        recovered()
        return lost
    }

    private mutating func taken(_ call: Call) {
        recovered()
        if cap != .max { cap = cap > limits.arrayTasks / 2 ? .max : cap * 2 }
        guard var lane = lanes[call.group] else { return }
        lane.pause = Pause()
        lane.message = nil
        if lane.cap != .max { lane.cap = lane.cap > limits.arrayTasks / 2 ? .max : lane.cap * 2 }
        lanes[call.group] = lane
        dropIfEmpty(call.group)
    }

    private mutating func rejected(_ call: Call, _ code: Int32) -> [String] {
        recovered()
        if call.pods.count > 1 {
            // It may be that only arrays are refused: one pod alone tells.
            putBack(call)
            lanes[call.group]?.arrayRefusal = code
            return []
        }
        guard lanes[call.group]?.arrayRefusal == code, let lane = lanes.removeValue(forKey: call.group) else {
            dropIfEmpty(call.group)
            return call.pods
        }
        for pod in lane.pods { groupOfPod[pod] = nil }
        return call.pods + lane.pods
    }

    private mutating func tooMany(_ call: Call, _ everybody: Bool, _ reason: String, at now: Double) {
        putBack(call)
        let half = call.pods.count / 2
        if everybody {
            cap = max(1, half)
            if half == 0 { outage(reason, at: now, longest: Self.longestPause) }
        } else {
            lanes[call.group]?.cap = max(1, half)
            if half == 0 {
                lanes[call.group]?.pause.grow(at: now, longest: Self.longestPause)
                lanes[call.group]?.message = reason
            }
        }
    }

    private mutating func outage(_ reason: String, at now: Double, longest: Double = SubmissionQueue.longestOutagePause) {
        // Calls that return together have met the same outage: it counts once.
        if now >= pause.until { pause.grow(at: now, longest: longest) }
        message = reason
    }

    private mutating func recovered() {
        pause = Pause()
        message = nil
    }

    private mutating func putBack(_ call: Call) {
        lanes[call.group, default: Lane()].pods.prepend(contentsOf: call.pods)
        giveTurn(to: call.group)
        for pod in call.pods { groupOfPod[pod] = call.group }
    }

    private mutating func giveTurn(to group: JobGroup) {
        if inTurns.insert(group).inserted { turns.append(group) }
    }

    /// Shapes come and go with their pods; what was learnt of one is kept only as long as pods of it wait.
    private mutating func dropIfEmpty(_ group: JobGroup) {
        guard lanes[group]?.pods.isEmpty ?? false, !underWay.values.contains(where: { $0.group == group }) else { return }
        lanes[group] = nil
    }
}

/// What pods must have in common to go as one array: the namespace, so that the array's name tells whose they are, and the shape.
struct JobGroup: Sendable, Hashable {
    var namespace: String
    var shape: JobSubmission

    /// The shape is everything that the submission says but which pod it is.
    init(namespace: String, _ submission: JobSubmission) {
        self.namespace = namespace
        shape = submission
        (shape.name, shape.comment, shape.script, shape.workingDirectory, shape.standardOutput) = ("", nil, "", "", nil)
    }
}
