import Slurm
import Testing

@testable import HPKKubelet

/// A queue that expectations can change, which take no `inout`.
@dynamicMemberLookup
final class SharedQueue {
    private var value = SubmissionQueue()

    subscript<Value>(dynamicMember path: WritableKeyPath<SubmissionQueue, Value>) -> Value {
        get { value[keyPath: path] }
        set { value[keyPath: path] = newValue }
    }

    subscript<Value>(dynamicMember path: KeyPath<SubmissionQueue, Value>) -> Value { value[keyPath: path] }

    func add(_ pod: String, _ group: JobGroup) { value.add(pod, group) }
    func withdraw(_ pod: String) -> Bool { value.withdraw(pod) }
    func reason(of pod: String) -> String? { value.reason(of: pod) }
    func wakeTime(at now: Double) -> Double? { value.wakeTime(at: now) }
    func next(at now: Double, afterReturn: Bool) -> SubmissionQueue.Step? { value.next(at: now, afterReturn: afterReturn) }

    func finish(_ call: SubmissionQueue.Call, _ answer: SubmissionQueue.Answer, at now: Double) -> [String] {
        value.finish(call, answer, at: now)
    }

    func lookedUp(_ found: Set<Int>?, reason: String, at now: Double) -> [SubmissionQueue.Call] {
        value.lookedUp(found, reason: reason, at: now)
    }
}

@Suite("Which pods are submitted next")
struct SubmissionQueueTests {
    static let small = JobGroup(namespace: "n", JobSubmission(name: "n/a", script: "one"))
    static let large: JobGroup = {
        var job = JobSubmission(name: "n/b", script: "two")
        job.cpusPerTask = 8
        return JobGroup(namespace: "n", job)
    }()

    static func queue(_ limits: SubmissionQueue.Limits = SubmissionQueue.Limits()) -> SharedQueue {
        let queue = SharedQueue()
        queue.limits = limits
        queue.longestRhythm = 0
        return queue
    }

    /// The queue's next call, where that is what it wants.
    static func call(_ queue: SharedQueue, at now: Double = 0, afterReturn: Bool = true) throws -> SubmissionQueue.Call {
        guard case .submit(let call) = try #require(queue.next(at: now, afterReturn: afterReturn)) else {
            throw Unexpected()
        }
        return call
    }

    struct Unexpected: Error {}

    static func names(_ count: Int) -> [String] { (0..<count).map { "p\($0)" } }

    /// A queue whose first pod is under way and in which the others wait.
    static func loaded(_ count: Int) throws -> (SharedQueue, SubmissionQueue.Call) {
        let queue = queue()
        queue.add("first", small)
        let first = try call(queue, afterReturn: false)
        for name in names(count) { queue.add(name, small) }
        return (queue, first)
    }

    @Test("Pods have one shape whatever their names, comments, scripts and folders, and another for anything else, the namespace included")
    func shapes() {
        var job = JobSubmission(name: "n/x", comment: "c", script: "s", workingDirectory: "/w")
        job.standardOutput = "/o"
        #expect(JobGroup(namespace: "n", job) == Self.small)
        #expect(JobGroup(namespace: "m", job) != Self.small)
        #expect(Self.large != Self.small)
        job.userComment = "mine"
        #expect(JobGroup(namespace: "n", job) != Self.small)
    }

    @Test("A lone pod goes at once and alone")
    func lone() throws {
        let queue = Self.queue()
        queue.add("a", Self.small)
        #expect(try Self.call(queue, afterReturn: false).pods == ["a"])
        #expect(queue.next(at: 0, afterReturn: false) == nil)
        #expect(queue.wakeTime(at: 0) == nil)
    }

    @Test("What comes while a call is under way waits for its return, and then goes together in its order")
    func gathers() throws {
        let (queue, first) = try Self.loaded(5)
        #expect(queue.next(at: 0, afterReturn: false) == nil)
        #expect(queue.waitingCount == 5)
        #expect(queue.finish(first, .taken, at: 0).isEmpty)
        let call = try Self.call(queue)
        #expect(call.pods == Self.names(5))
        #expect(queue.finish(call, .taken, at: 0).isEmpty)
        #expect(queue.isIdle)
    }

    @Test("Pods that come one by one keep rounds of calls apart, the more so the longer it lasts; after a while a lone pod goes at once again")
    func rhythm() throws {
        let queue = Self.queue()
        queue.longestRhythm = 0.05
        var starts: [Double] = []
        // A pod every millisecond for a second, and a Slurm that answers at once.
        for millisecond in 0..<1000 {
            let now = 10 + Double(millisecond) / 1000
            queue.add("p\(millisecond)", Self.small)
            while case .submit(let call)? = queue.next(at: now, afterReturn: true) {
                starts.append(now)
                _ = queue.finish(call, .taken, at: now)
            }
        }
        #expect(starts.first == 10)
        #expect((20...25).contains(starts.count))
        let wake = try #require(queue.wakeTime(at: 11))
        #expect(wake > 10.95 && wake < 11.06)
        let last = try Self.call(queue, at: wake)
        _ = queue.finish(last, .taken, at: wake)
        queue.add("later", Self.small)
        #expect(try Self.call(queue, at: 12, afterReturn: false).pods == ["later"])
    }

    @Test("Shapes go side by side, each on its own, in no more calls than allowed")
    func groups() throws {
        let (queue, first) = try Self.loaded(2)
        queue.limits.calls = 2
        for name in ["x", "y", "z"] { queue.add(name, Self.large) }
        _ = queue.finish(first, .taken, at: 0)
        let calls = [try Self.call(queue), try Self.call(queue)]
        #expect(Set(calls.map(\.pods)) == [["p0", "p1"], ["x", "y", "z"]])
        queue.add("late", Self.small)
        #expect(queue.next(at: 0, afterReturn: true) == nil)
    }

    @Test("No array is larger than Slurm allows", arguments: [(1, 10), (4, 3), (10, 1), (100, 1)])
    func size(tasks: Int, calls: Int) throws {
        let queue = Self.queue(SubmissionQueue.Limits(arrayTasks: tasks, calls: 100))
        for name in Self.names(10) { queue.add(name, Self.small) }
        var pods: [String] = []
        for _ in 0..<calls {
            let call = try Self.call(queue)
            #expect(call.pods.count <= tasks)
            pods += call.pods
        }
        #expect(pods == Self.names(10))
        #expect(queue.next(at: 0, afterReturn: true) == nil)
    }

    @Test("Without gathering every pod goes alone, and does not wait for the others")
    func off() throws {
        let queue = Self.queue(SubmissionQueue.Limits(arrayTasks: 1, calls: 3))
        for name in Self.names(5) { queue.add(name, Self.small) }
        for _ in 0..<3 { #expect(try Self.call(queue, afterReturn: false).pods.count == 1) }
        #expect(queue.next(at: 0, afterReturn: false) == nil)
    }

    @Test("A pod that waits can be taken out, one under way cannot")
    func withdrawn() throws {
        let (queue, first) = try Self.loaded(2)
        #expect(!queue.withdraw("first"))
        #expect(queue.withdraw("p0"))
        #expect(!queue.withdraw("p0"))
        _ = queue.finish(first, .taken, at: 0)
        #expect(try Self.call(queue).pods == ["p1"])
    }

    @Test("An array that does not fit is halved at once until it does, and grows again", arguments: [true, false])
    func bisected(everybody: Bool) throws {
        let queue = Self.queue()
        for name in Self.names(100) { queue.add(name, Self.small) }
        var room = 30
        var sizes: [Int] = []
        while room > 0 {
            let call = try Self.call(queue)
            sizes.append(call.pods.count)
            if call.pods.count <= room {
                room -= call.pods.count
                _ = queue.finish(call, .taken, at: 0)
            } else {
                _ = queue.finish(call, .tooMany(everybody: everybody, "full"), at: 0)
            }
        }
        #expect(sizes.prefix(3) == [100, 50, 25])
        #expect(sizes.count <= 16)
        #expect(queue.waitingCount == 70)
    }

    @Test("Where not even one fits, all wait with the reason, and one call a pause finds out, however many pods there are", arguments: [true, false])
    func full(everybody: Bool) throws {
        let queue = Self.queue()
        for name in Self.names(2000) { queue.add(name, Self.small) }
        var calls = 0
        var now = 0.0
        while now < 120 {
            while case .submit(let call)? = queue.next(at: now, afterReturn: true) {
                calls += 1
                _ = queue.finish(call, .tooMany(everybody: everybody, "full"), at: now)
            }
            now = max(now + 0.01, try #require(queue.wakeTime(at: now)))
        }
        #expect(calls <= 11 + 12, "halving, and then one call for each pause")
        #expect(queue.reasons.count == 2000)
        #expect(queue.reason(of: "p7") == "full")
        #expect(queue.waitingCount == 2000)
    }

    @Test("While slurmctld is away one call at a time asks, with growing pauses; when it is back everything goes")
    func outage() throws {
        let queue = Self.queue()
        queue.add("x", Self.large)
        for name in Self.names(50) { queue.add(name, Self.small) }
        let calls = [try Self.call(queue), try Self.call(queue)]
        for call in calls { _ = queue.finish(call, .unavailable("down"), at: 0) }
        #expect(queue.next(at: 0.9, afterReturn: true) == nil)
        #expect(queue.wakeTime(at: 0.9) == 1)
        #expect(queue.reasons.count == 51)
        let probe = try Self.call(queue, at: 1)
        #expect(queue.next(at: 1, afterReturn: true) == nil, "one at a time")
        _ = queue.finish(probe, .unavailable("down"), at: 1)
        #expect(queue.wakeTime(at: 1) == 3)
        let again = try Self.call(queue, at: 3)
        _ = queue.finish(again, .taken, at: 3)
        #expect(queue.reasons.isEmpty)
        _ = try Self.call(queue, at: 3)
    }

    @Test("A shape that is put off keeps no other back, and many such shapes are tried one a second")
    func putOff() throws {
        let queue = Self.queue()
        let groups = (0..<20).map { JobGroup(namespace: "n\($0)", JobSubmission(name: "", script: "")) }
        for (index, group) in groups.enumerated() { queue.add("p\(index)", group) }
        for _ in groups {
            let call = try Self.call(queue)
            _ = queue.finish(call, .later("no"), at: 0)
        }
        queue.add("other", Self.small)
        #expect(try Self.call(queue, at: 0.5).pods == ["other"])
        var tries = 0
        for tenth in 10..<110 {
            while case .submit(let call)? = queue.next(at: Double(tenth) / 10, afterReturn: true) {
                tries += 1
                _ = queue.finish(call, .later("no"), at: Double(tenth) / 10)
            }
        }
        #expect((9...11).contains(tries))
        #expect(queue.reason(of: "p3") == "no")
    }

    @Test("What Slurm refuses for ever fails one pod of many, and where that settles it all of them")
    func rejected() throws {
        let queue = Self.queue()
        for name in Self.names(9) { queue.add(name, Self.small) }
        let array = try Self.call(queue)
        #expect(queue.finish(array, .rejected(code: 2000), at: 0).isEmpty, "perhaps only the array is refused")
        let one = try Self.call(queue)
        #expect(one.pods == ["p0"])
        #expect(Set(queue.finish(one, .rejected(code: 2000), at: 0)) == Set(Self.names(9)))
        #expect(queue.isIdle)
    }

    @Test("Where only arrays are refused, pods go one by one")
    func arraysRefused() throws {
        let queue = Self.queue()
        for name in Self.names(3) { queue.add(name, Self.small) }
        _ = queue.finish(try Self.call(queue), .rejected(code: 7), at: 0)
        for name in Self.names(3) {
            let call = try Self.call(queue)
            #expect(call.pods == [name])
            #expect(queue.finish(call, .taken, at: 0).isEmpty)
        }
        #expect(queue.isIdle)
    }

    @Test("After a lost answer Slurm's list is read before anything else, and only what is not there goes again")
    func lostAnswer() throws {
        let queue = Self.queue()
        queue.add("x", Self.large)
        for name in Self.names(3) { queue.add(name, Self.small) }
        let calls = [try Self.call(queue), try Self.call(queue)]
        for call in calls { _ = queue.finish(call, .unknown("time-out"), at: 0) }
        #expect(Set(queue.reasons.map(\.pod)) == ["x", "p0", "p1", "p2"])
        queue.add("late", Self.small)
        #expect(queue.next(at: 0.5, afterReturn: true) == nil)
        #expect(queue.wakeTime(at: 0.5) == 1)
        #expect(queue.next(at: 1, afterReturn: true) == .lookUp(calls))
        #expect(queue.next(at: 9, afterReturn: true) == nil, "the look is under way")
        #expect(queue.lookedUp(nil, reason: "down", at: 1).isEmpty)
        #expect(queue.next(at: 3, afterReturn: true) == .lookUp(calls))
        let taken = try #require(calls.first { $0.pods.count == 1 })
        #expect(queue.lookedUp([taken.number], reason: "", at: 3).map(\.pods) == [Self.names(3)])
        #expect(try Self.call(queue, at: 3).pods == Self.names(3) + ["late"])
        #expect(queue.reasons.isEmpty)
    }

    @Test("Every pod is submitted once, whatever Slurm answers", arguments: 0..<30)
    func everyPodOnce(seed: UInt64) throws {
        var random = Numbers(state: seed &* 7919 + 1)
        let queue = Self.queue(SubmissionQueue.Limits(arrayTasks: 7, calls: 3))
        var open: [SubmissionQueue.Call] = []
        var done: [String] = []
        var added = 0
        var now = 0.0
        for step in 0..<20_000 where added < 300 || !queue.isIdle {
            now += Double(random.next() % 100) / 50
            if added < 300, random.next() % 2 == 0 {
                queue.add("p\(added)", added % 3 == 0 ? Self.large : Self.small)
                added += 1
            }
            while let next = queue.next(at: now, afterReturn: random.next() % 2 == 0) {
                switch next {
                case .submit(let call): open.append(call)
                case .lookUp(let calls):
                    let found = calls.filter { _ in random.next() % 2 == 0 }
                    for call in found { done += call.pods }
                    _ = queue.lookedUp(Set(found.map(\.number)), reason: "", at: now)
                }
            }
            guard !open.isEmpty, step % 2 == 0 else { continue }
            let call = open.remove(at: Int(random.next() % UInt64(open.count)))
            let answers: [SubmissionQueue.Answer] = [
                .taken, .taken, .taken, .later("l"), .unavailable("u"), .unknown("?"), .tooMany(everybody: true, "t"),
                .tooMany(everybody: false, "t"), .rejected(code: 1),
            ]
            let answer = answers[Int(random.next() % UInt64(answers.count))]
            if answer == .taken { done += call.pods }
            done += queue.finish(call, answer, at: now)
        }
        #expect(queue.isIdle)
        #expect(done.count == 300)
        #expect(Set(done).count == 300)
    }

    /// A small generator of fixed numbers.
    struct Numbers {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
    }
}

@Suite("What Slurm's errors mean for submissions")
struct SubmissionRefusalTests {
    @Test(
        "Each kind leads to its own way on",
        arguments: [
            ("EAGAIN", false, SlurmError.RetryAdvice.afterDelay, "tooMany"), ("ESLURM_ACCOUNTING_POLICY", false, .afterDelay, "limit"),
            ("ESLURM_INVALID_ARRAY", false, .never, "limit"), ("ESLURM_INVALID_PARTITION_NAME", false, .never, "rejected"),
            ("ESLURM_PARTITION_DOWN", false, .afterDelay, "later"), ("ECONNREFUSED", false, .whenReachable, "unavailable"),
            ("ESLURM_WRITING_TO_FILE", false, .afterDelay, "unavailable"), ("ESHUTDOWN", false, .never, "unavailable"),
            ("ETIMEDOUT", true, .whenReachable, "unknown"),
        ])
    func kinds(name: String, mayHaveBeenApplied: Bool, advice: SlurmError.RetryAdvice, kind: String) {
        let error = SlurmError(
            code: 9, name: name, message: "m", operation: "submit job n/p", retryAdvice: advice, whatToDo: "w",
            mayHaveBeenApplied: mayHaveBeenApplied)
        let found =
            switch SubmissionRefusal(error).answer {
            case .taken: "taken"
            case .rejected: "rejected"
            case .tooMany(let everybody, _): everybody ? "tooMany" : "limit"
            case .later: "later"
            case .unavailable: "unavailable"
            case .unknown: "unknown"
            }
        #expect(found == kind)
        #expect(!SubmissionRefusal(error).message.contains("n/p"), "one reason for all pods")
    }
}
