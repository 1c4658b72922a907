import DequeModule
import Kubernetes
import Logging

/// A status to be written.
public struct PodStatusUpdate: Sendable, Equatable {
    public var namespace: String
    public var name: String
    public var uid: String
    public var status: PodStatus
    public var annotations: [String: String]

    public init(namespace: String, name: String, uid: String, status: PodStatus, annotations: [String: String]) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.status = status
        self.annotations = annotations
    }

    /// Whether somebody may be waiting for just this: a phase, a container that began or ended, readiness. All else is about a pod that
    /// still waits, and can be told together with what follows.
    func isUrgent(after previous: PodStatusUpdate?) -> Bool {
        func essence(_ status: PodStatus) -> some Equatable {
            status.initContainerStatuses.map(ContainerEssence.init) + status.containerStatuses.map(ContainerEssence.init)
        }
        let old = previous?.status ?? PodStatus()
        return (status.phase ?? .pending) != (old.phase ?? .pending) || status.reason != old.reason || status.podIP != old.podIP
            || essence(status) != essence(old.containerStatuses.isEmpty ? status.withoutContainerStates : old)
            || status.conditions.contains { $0.status == .true && $0.type != "Initialized" }
                != old.conditions.contains { $0.status == .true && $0.type != "Initialized" }
    }
}

/// Of a container's status, what is urgent.
private struct ContainerEssence: Equatable {
    let restartCount: Int
    let running: ContainerStateRunning?
    let terminated: ContainerStateTerminated?
    let ready: Bool

    init(_ status: ContainerStatus) {
        restartCount = status.restartCount
        running = status.state.running
        terminated = status.state.terminated
        ready = status.ready
    }
}

extension PodStatus {
    /// The containers as they are before anything has run.
    fileprivate var withoutContainerStates: PodStatus {
        var status = self
        status.initContainerStatuses = initContainerStatuses.map { ContainerStatus(name: $0.name) }
        status.containerStatuses = containerStatuses.map { ContainerStatus(name: $0.name) }
        return status
    }
}

/// Writes the pods' statuses: for each pod one request at a time, and of what came meanwhile only the newest.
///
/// What is not urgent waits a moment for what follows: a pod that soon runs needs no request of its own for having been seen, having a
/// job, and having a job that starts.
public actor PodStatusWriter {
    private struct Entry {
        /// What is to be written next.
        var next: PodStatusUpdate?
        /// What the API server holds, as far as this writer knows.
        var written: PodStatusUpdate?
        var isWriting = false
        /// Whether `next` waits for its moment to be over.
        var isDeferred = false
        var failures = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let api: any PodAPI
    private let logger: Logger
    private let parallelism: Int
    private let pause: @Sendable (Int) -> Duration
    private let deferral: Duration
    /// The pods whose updates wait, the one that is due first in front.
    private var deferred: Deque<(uid: String, due: ContinuousClock.Instant)> = []
    private var alarm: Task<Void, Never>?
    private var entries: [String: Entry] = [:]
    private var ready: Deque<String> = []
    private var writing = 0

    /// - Parameters:
    ///   - parallelism: Requests at the same time, over all pods.
    ///   - deferral: How long what is not urgent waits for what follows; zero for not at all.
    ///   - pause: How long to wait after so many failures in a row of one pod.
    public init(
        api: any PodAPI, logger: Logger, parallelism: Int = 32, deferral: Duration = .seconds(1),
        pause: @escaping @Sendable (Int) -> Duration = PodStatusWriter.backoff
    ) {
        self.deferral = deferral
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
        let isUrgent = deferral <= .zero || update.isUrgent(after: entry.written)
        let isNew = entry.next == nil
        entry.next = update
        if isUrgent {
            entry.isDeferred = false
        } else if isNew, !entry.isWriting {
            entry.isDeferred = true
            postpone(update.uid)
        }
        entries[update.uid] = entry
        schedule(update.uid)
    }

    private func postpone(_ uid: String) {
        deferred.append((uid, .now + deferral))
        if alarm == nil { alarm = Task { await self.releaseDeferred() } }
    }

    private func releaseDeferred() async {
        while let first = deferred.first {
            try? await Task.sleep(until: first.due)
            while let due = deferred.first, due.due <= .now {
                deferred.removeFirst()
                release(due.uid)
            }
        }
        alarm = nil
    }

    private func release(_ uid: String) {
        guard entries[uid]?.isDeferred == true else { return }
        entries[uid]?.isDeferred = false
        schedule(uid)
    }

    /// Returns when everything given for the pod so far has been written, or cannot be.
    public func flush(_ uid: String) async {
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
        guard let entry = entries[uid], !entry.isWriting, !entry.isDeferred, entry.next != nil else { return }
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
