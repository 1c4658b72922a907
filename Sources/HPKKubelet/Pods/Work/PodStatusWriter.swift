import DequeModule
import Kubernetes
import Logging

/// Writes the pods' statuses: for each pod one request at a time, and of what came meanwhile only the newest.
///
/// What is not urgent waits a moment for what follows (``StatusUrgency``): a pod that soon runs needs no request of its own for having been
/// seen, having a job, and having a job that starts.
public actor PodStatusWriter {
    private struct Entry {
        /// What is to be written next.
        var next: PodStatusUpdate?
        /// What the API server holds, as far as this writer knows.
        var written: PodStatusUpdate?
        var isWriting = false
        /// When `next` may be written; nil for now.
        var due: ContinuousClock.Instant?
        var failures = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let api: any PodAPI
    private let logger: Logger
    private let parallelism: Int
    private let pause: @Sendable (Int) -> Duration
    private let delay: @Sendable (StatusUrgency) -> Duration
    /// The pods whose updates wait, by urgency; of each, the one that is due first in front.
    private var deferred: [Deque<(uid: String, due: ContinuousClock.Instant)>] = Array(repeating: [], count: StatusUrgency.allCases.count)
    private var alarm: Task<Void, Never>?
    private var entries: [String: Entry] = [:]
    private var ready: Deque<String> = []
    private var writing = 0

    /// - Parameters:
    ///   - parallelism: Requests at the same time, over all pods.
    ///   - delay: How long an update waits for what follows, by its urgency.
    ///   - pause: How long to wait after so many failures in a row of one pod.
    init(
        api: any PodAPI, logger: Logger, parallelism: Int = 32, delay: @escaping @Sendable (StatusUrgency) -> Duration = \.delay,
        pause: @escaping @Sendable (Int) -> Duration = PodStatusWriter.backoff
    ) {
        self.delay = delay
        self.api = api
        self.logger = logger
        self.parallelism = parallelism
        self.pause = pause
    }

    /// 0.2 s doubling to 30 s, up to a fifth less so that pods do not all come back at once.
    public static func backoff(failures: Int) -> Duration {
        let seconds = min(30, 0.2 * Double(1 << min(failures, 10)))
        return .seconds(seconds * Double.random(in: 0.8...1))
    }

    /// Takes the newest status of a pod.
    public func set(_ update: PodStatusUpdate) {
        var entry = entries[update.uid] ?? Entry()
        guard entry.next != update, entry.next != nil || entry.written != update else { return }
        // What is asked for is compared with what is known at the server, or will be.
        let urgency = update.urgency(after: entry.written)
        let wait = delay(urgency)
        let due = wait > .zero ? ContinuousClock.now + wait : nil
        if let due {
            let isEarlier = entry.due.map { due < $0 } ?? true
            // What is on its way already is not held up by what is less urgent.
            if entry.next == nil || (entry.due != nil && isEarlier) {
                entry.due = due
                postpone(update.uid, urgency, due)
            }
        } else {
            entry.due = nil
        }
        entry.next = update
        entries[update.uid] = entry
        schedule(update.uid)
    }

    private func postpone(_ uid: String, _ urgency: StatusUrgency, _ due: ContinuousClock.Instant) {
        let isFirst = deferred.allSatisfy { lane in lane.first.map { due < $0.due } ?? true }
        deferred[urgency.rawValue].append((uid, due))
        guard isFirst else { return }
        alarm?.cancel()
        alarm = Task { await self.releaseDeferred() }
    }

    private func releaseDeferred() async {
        while !Task.isCancelled, let due = deferred.compactMap({ $0.first?.due }).min() {
            try? await Task.sleep(until: due)
            guard !Task.isCancelled else { return }
            for lane in deferred.indices {
                while let first = deferred[lane].first, first.due <= .now {
                    deferred[lane].removeFirst()
                    // Another moment may have been chosen since.
                    if let chosen = entries[first.uid]?.due, chosen <= first.due { release(first.uid) }
                }
            }
        }
        if !Task.isCancelled { alarm = nil }
    }

    private func release(_ uid: String) {
        guard entries[uid]?.due != nil else { return }
        entries[uid]?.due = nil
        schedule(uid)
    }

    /// Returns when everything given for the pod so far has been written, or cannot be. The last word on a job whose pod is about to vanish
    /// is not worth a request.
    public func flush(_ uid: String) async {
        if let entry = entries[uid], let next = entry.next, !entry.isWriting, next.urgency(after: entry.written) == .afterwards {
            entries[uid]?.next = nil
            entries[uid]?.due = nil
            return
        }
        release(uid)
        guard let entry = entries[uid], entry.next != nil || entry.isWriting else { return }
        await withCheckedContinuation { entries[uid]?.waiters.append($0) }
    }

    /// Forgets a pod.
    public func forget(_ uid: String) {
        for waiter in entries.removeValue(forKey: uid)?.waiters ?? [] { waiter.resume() }
    }

    /// Writes every known status again: after the node was unreachable, the API server's idea of the pods' readiness is its own.
    public func rewriteAll() {
        for uid in entries.keys { rewrite(uid) }
    }

    /// Writes a pod's last status again, unless a newer one is on its way.
    public func rewrite(_ uid: String) {
        guard let entry = entries[uid], entry.next == nil, !entry.isWriting, let written = entry.written else { return }
        entries[uid]?.next = written
        schedule(uid)
    }

    private func schedule(_ uid: String) {
        guard let entry = entries[uid], !entry.isWriting, entry.due == nil, entry.next != nil else { return }
        guard writing < parallelism else {
            ready.append(uid)
            return
        }
        start(uid)
    }

    private func start(_ uid: String) {
        guard var entry = entries[uid], !entry.isWriting, let update = entry.next else { return }
        entry.next = nil
        entry.isWriting = true
        entries[uid] = entry
        writing += 1
        Task { await write(update) }
    }

    private func write(_ update: PodStatusUpdate) async {
        do {
            try await api.write(update)
            finish(update, failed: false)
        } catch {
            let failures = (entries[update.uid]?.failures ?? 0) + 1
            logger.warning(
                "a pod's status was not written; trying again",
                metadata: ["pod": "\(update.name)", "namespace": "\(update.namespace)", "uid": "\(update.uid)", "error": "\(error)"])
            writing -= 1
            startNext()
            try? await Task.sleep(for: pause(failures))
            writing += 1
            finish(update, failed: true)
        }
    }

    private func finish(_ update: PodStatusUpdate, failed: Bool) {
        writing -= 1
        if var entry = entries[update.uid] {
            entry.isWriting = false
            if failed {
                entry.failures += 1
                entry.next = entry.next ?? update
            } else {
                entry.failures = 0
                entry.written = update
            }
            let waiters = entry.next == nil ? entry.waiters : []
            if entry.next == nil { entry.waiters = [] }
            entries[update.uid] = entry
            for waiter in waiters { waiter.resume() }
            schedule(update.uid)
        }
        startNext()
    }

    private func startNext() {
        while writing < parallelism, let uid = ready.popFirst() { start(uid) }
    }
}
