import PodProtocol

/// What is known of one container, from the supervisor's events alone.
struct ContainerFacts: Sendable, Equatable {
    enum State: Sendable, Equatable {
        /// Not running; the reason is nil until somebody gives one.
        case waiting(reason: String?, message: String?)
        /// Runs since then (nanoseconds since 1970).
        case running(since: Int64)
        case terminated(ContainerExit)
    }

    var state = State.waiting(reason: nil, message: nil)
    /// How the previous run ended.
    var lastExit: ContainerExit?
    var restartCount = 0
    var containerID: String?
    var lastContainerID: String?

    var isRunning: Bool { if case .running = state { true } else { false } }
    var exit: ContainerExit? { if case .terminated(let exit) = state { exit } else { nil } }
    /// It has run at least once.
    var hasStarted: Bool { isRunning || exit != nil || lastExit != nil }

    mutating func started(at time: Int64, restartCount: Int, id: String) {
        if let exit { retire(exit) }
        state = .running(since: time)
        self.restartCount = restartCount
        containerID = id
    }

    mutating func exited(_ exit: ContainerExit, restartCount: Int) {
        if let previous = self.exit, restartCount > self.restartCount { retire(previous) }
        state = .terminated(exit)
        self.restartCount = restartCount
    }

    mutating func waits(reason: String?, message: String?) {
        if let exit { retire(exit) }
        state = .waiting(reason: reason, message: message)
    }

    /// The process is gone though nothing told how it ended.
    mutating func lost(at time: Int64, exitCode: Int32, reason: String, message: String) {
        guard case .running(let since) = state else { return }
        state = .terminated(ContainerExit(exitCode: exitCode, reason: reason, message: message, startedAt: since, finishedAt: time))
    }

    private mutating func retire(_ exit: ContainerExit) {
        lastExit = exit
        lastContainerID = containerID
    }
}

/// What is known of a pod on its compute node: the sum of its events.
struct PodFacts: Sendable, Equatable {
    /// Sequence of the last event that was counted in; 0 before the first.
    private(set) var lastSequence: UInt64 = 0
    private(set) var start: SupervisorStart?
    /// When the first supervisor began, in nanoseconds since 1970.
    private(set) var firstStart: Int64?
    private(set) var podAddresses: [String] = []
    private(set) var hostAddress: String?
    private(set) var containers: [String: ContainerFacts] = [:]
    /// The sandbox could not be made.
    private(set) var sandboxFailure: PodRejection?
    /// Why the supervisor is ending the pod, if it is.
    private(set) var stopReason: String?
    private(set) var isFinished = false
    /// The supervisor has nothing more to tell: its containers have ended, or could not begin.
    var isComplete: Bool { isFinished || sandboxFailure != nil }
    /// Slurm put the job back into its queue, and its next run has not begun: what comes is the last of the earlier run.
    private(set) var isBetweenRuns = false

    func container(_ name: String) -> ContainerFacts { containers[name] ?? ContainerFacts() }

    /// Counts an event in. False for one that was already counted.
    mutating func apply(_ event: PodEvent) -> Bool {
        guard event.sequence > lastSequence else { return false }
        lastSequence = event.sequence
        switch event.kind {
        case .supervisorStarted(let start):
            if let earlier = self.start, earlier.attempt != start.attempt { requeue(at: event.time) }
            self.start = start
            firstStart = firstStart ?? event.time
            (stopReason, isFinished, sandboxFailure, isBetweenRuns) = (nil, false, nil, false)
        case .sandboxReady(let addresses, let host):
            (podAddresses, hostAddress) = (addresses, host)
        case .sandboxFailed(let reason, let message):
            if !isBetweenRuns { sandboxFailure = PodRejection(reason: reason, message: message) }
        case .containerWaiting(let name, let reason, let message):
            containers[name, default: ContainerFacts()].waits(reason: reason, message: message)
        case .containerStarted(let name, let count, let id):
            containers[name, default: ContainerFacts()].started(at: event.time, restartCount: count, id: id)
        case .containerExited(let name, let count, let exit):
            containers[name, default: ContainerFacts()].exited(exit, restartCount: count)
            if isBetweenRuns { containers[name]?.waits(reason: nil, message: nil) }
        case .stopping(let reason):
            if !isBetweenRuns { stopReason = reason }
        case .finished:
            if !isBetweenRuns { isFinished = true }
        }
        return true
    }

    /// Slurm put the job back into its queue: no supervisor runs, and every container waits to be run again.
    mutating func requeue(at time: Int64) {
        lose(at: time, exitCode: 137, reason: "ContainerStatusUnknown", message: "Slurm requeued the pod's job")
        for name in containers.keys { containers[name]?.waits(reason: nil, message: nil) }
        (start, stopReason, isFinished, sandboxFailure, isBetweenRuns) = (nil, nil, false, nil, true)
    }

    /// Every running container is gone and nothing told how.
    mutating func lose(at time: Int64, exitCode: Int32, reason: String, message: String) {
        for name in containers.keys {
            containers[name]?.lost(at: time, exitCode: exitCode, reason: reason, message: message)
        }
    }
}
