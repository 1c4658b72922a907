import PodProtocol

/// Where one container of the pod stands; a pure value that ``PodLifecycle`` drives.
struct ContainerLifecycle: Equatable {
    enum State: Equatable {
        /// Not started yet.
        case waiting
        /// Its program is being started.
        case starting
        case running
        /// Ended, or could not be made; to be started again at the monotonic time.
        case pausing(until: Int64)
        /// Ended for good.
        case done(succeeded: Bool)
    }

    let name: String
    /// Failed runs are repeated.
    let restartsOnFailure: Bool
    /// Good runs are repeated too.
    let restartsOnSuccess: Bool
    var state: State = .waiting
    /// The number of the instance that runs, or will run next.
    var restartCount: Int
    /// Whether the next start is of a new instance: false until an instance has ended.
    var hasEnded = false
    /// Whether the last run succeeded.
    var lastSucceeded = false
    var pause: RestartPause

    init(name: String, restartsOnFailure: Bool, restartsOnSuccess: Bool, firstRestartCount: Int, backoff: RestartBackoff) {
        self.name = name
        self.restartsOnFailure = restartsOnFailure
        self.restartsOnSuccess = restartsOnSuccess
        restartCount = firstRestartCount
        pause = RestartPause(backoff)
    }

    /// A process of the container may exist.
    var isAlive: Bool { state == .starting || state == .running }

    var isDone: Bool {
        if case .done = state { true } else { false }
    }

    var succeeded: Bool { state == .done(succeeded: true) }

    func repeats(afterSuccess succeeded: Bool) -> Bool {
        succeeded ? restartsOnSuccess : restartsOnFailure
    }
}
