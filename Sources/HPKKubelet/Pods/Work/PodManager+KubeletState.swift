import Foundation
import Kubernetes
import PodProtocol

/// What the kubelet port asks of the pods.
extension PodManager: KubeletState {
    public func podList() async throws -> [UInt8] {
        var pods: [JSONValue] = []
        for worker in allWorkers {
            pods.append(try JSONValue(encoding: await worker.pod))
        }
        let list: JSONValue = ["kind": "PodList", "apiVersion": "v1", "metadata": [:], "items": .array(pods)]
        return Array(try JSONEncoder().encode(list))
    }

    public func logTarget(
        namespace: String, pod name: String, container: String, previous: Bool
    ) async -> Result<LogTarget, LogTargetError> {
        for worker in allWorkers {
            let pod = await worker.pod
            guard pod.metadata.namespace == namespace, pod.metadata.name == name else { continue }
            guard let directory = try? services.store.directory(of: worker.uid) else { return .failure(.podNotFound) }
            return await worker.logTarget(of: container, in: pod, previous: previous, directory: directory)
        }
        return .failure(.podNotFound)
    }
}

extension PodWorker {
    /// Chooses the instance whose log is meant.
    func logTarget(of container: String, in pod: Pod, previous: Bool, directory: PodDirectory) -> Result<LogTarget, LogTargetError> {
        guard (pod.spec.initContainers + pod.spec.containers).contains(where: { $0.name == container }) else {
            return .failure(.containerNotFound)
        }
        let facts = facts(of: container)
        let instance: Int
        switch (previous, facts.state) {
        case (true, .waiting) where facts.lastExit != nil: instance = facts.restartCount
        case (true, _):
            guard facts.lastExit != nil, facts.restartCount > 0 else { return .failure(.previousNotFound) }
            instance = facts.restartCount - 1
        case (false, .waiting(let reason, _)):
            // Between two runs the log is that of the run that ended, as the kubelet has it.
            guard facts.lastExit != nil else {
                let status = (pod.status.initContainerStatuses + pod.status.containerStatuses).first { $0.name == container }
                return .failure(.waiting(reason: reason ?? status?.state.waiting?.reason ?? "ContainerCreating"))
            }
            instance = facts.restartCount
        case (false, _): instance = facts.restartCount
        }
        return .success(
            LogTarget(
                directory: directory, container: container, restartCount: instance,
                isFinished: { await self.hasEnded(container, instance: instance) },
                waitUntilFinished: { await self.waitUntilEnded(container, instance: instance) },
                follow: { offset in
                    guard let connection = await self.currentConnection else { throw SupervisorNotConnected() }
                    return try await connection.open(.followLog(container: container, restartCount: instance, offset: offset))
                }))
    }

    private func hasEnded(_ container: String, instance: Int) -> Bool {
        let facts = facts(of: container)
        return isOver || facts.restartCount > instance || !facts.isRunning
    }

    private func waitUntilEnded(_ container: String, instance: Int) async {
        while !hasEnded(container, instance: instance), !Task.isCancelled { await nextChange() }
    }
}

/// There is no connection to the pod's supervisor at the moment.
struct SupervisorNotConnected: Error, CustomStringConvertible {
    var description: String { "the pod's supervisor is not connected" }
}
