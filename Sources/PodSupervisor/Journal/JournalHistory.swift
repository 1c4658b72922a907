import PodProtocol

/// What earlier attempts of the job did, as their journal tells it.
struct JournalHistory: Equatable {
    /// Number of the next instance by container name.
    private var next: [String: Int] = [:]
    /// Set where the pod has ended for good: whether every container succeeded.
    private(set) var outcome: Bool?

    /// - Parameter attempt: Slurm's restart count of this attempt.
    init(events: [PodEvent], attempt: UInt32) {
        var succeeded: [String: Bool] = [:]
        var lastAttempt: UInt32 = 0
        var wasStopped = false
        var hasFinished = false
        for event in events {
            switch event.kind {
            case .supervisorStarted(let start):
                lastAttempt = start.attempt
                succeeded = [:]
                wasStopped = false
                hasFinished = false
            case .containerStarted(let container, let restartCount, _):
                next[container] = max(next[container] ?? 0, restartCount + 1)
            case .containerExited(let container, let restartCount, let exit):
                next[container] = max(next[container] ?? 0, restartCount + 1)
                succeeded[container] = exit.exitCode == 0
            case .stopping: wasStopped = true
            case .finished: hasFinished = true
            case .sandboxReady, .sandboxFailed, .containerWaiting: break
            }
        }
        // A pod that was stopped and requeued (preemption) runs again; one that ran to its own end does not.
        if hasFinished && !(wasStopped && attempt > lastAttempt) { outcome = succeeded.values.allSatisfy(\.self) }
    }

    func firstRestartCount(_ container: String) -> Int {
        next[container] ?? 0
    }
}
