import Kubernetes

/// `--full-resync-period`: what virtual-kubelet calls a resync. The watched objects are gone through again without a change having been
/// told, Slurm is asked for all jobs, and a status that somebody else has written over is written again.
extension PodManager {
    /// Goes through all pods again and again until the task is cancelled.
    func resync(every period: Duration) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: period)
            guard !Task.isCancelled else { return }
            await resync()
        }
    }

    /// Goes through all pods once.
    func resync() async {
        await services.feed.refreshAll()
        for worker in allWorkers { await worker.resync() }
    }
}

extension PodStatus {
    /// Whether an object's status says what this one says.
    ///
    /// Compared is what the agent decides: phase, reason, addresses, its conditions and the containers' states. Times, and what the API
    /// server or another controller has added, are not.
    func isTold(by seen: PodStatus) -> Bool {
        guard phase == seen.phase, reason == seen.reason, message == seen.message else { return false }
        // An address that the agent does not know is left as it is by what it writes.
        guard hostIP == nil || hostIP == seen.hostIP, podIP == nil || podIP == seen.podIP else { return false }
        for condition in conditions {
            guard let other = seen.conditions.first(where: { $0.type == condition.type }), other.status == condition.status else {
                return false
            }
        }
        return Self.agree(initContainerStatuses, seen.initContainerStatuses) && Self.agree(containerStatuses, seen.containerStatuses)
    }

    private static func agree(_ own: [ContainerStatus], _ seen: [ContainerStatus]) -> Bool {
        own.count == seen.count
            && own.allSatisfy { status in
                guard let other = seen.first(where: { $0.name == status.name }) else { return false }
                return status.ready == other.ready && status.restartCount == other.restartCount
                    && status.state.waiting?.reason == other.state.waiting?.reason
                    && (status.state.running == nil) == (other.state.running == nil)
                    && status.state.terminated?.exitCode == other.state.terminated?.exitCode
                    && status.state.terminated?.reason == other.state.terminated?.reason
            }
    }
}
