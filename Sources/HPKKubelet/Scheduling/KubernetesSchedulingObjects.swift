import Foundation
import Kubernetes
import Logging

/// ``SchedulingObjects`` on a real API server.
public struct KubernetesSchedulingObjects: SchedulingObjects {
    private let client: KubernetesClient
    private let schedulerName: String
    private let time: TimeSource
    private let logger: Logger

    /// Uses this client; events bear the scheduler's name as their source.
    public init(client: KubernetesClient, schedulerName: String, time: TimeSource = .system, logger: Logger) {
        self.client = client
        self.schedulerName = schedulerName
        self.time = time
        self.logger = logger
    }

    /// `POST pods/NAME/binding` with the pod's UID as precondition.
    public func bind(_ pod: Pod, to node: String) async throws -> BindOutcome {
        do {
            try await client.bind(pod: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid, node: node)
            return .bound
        } catch let error as KubernetesError where error.isConflict {
            return .conflict
        } catch let error as KubernetesError where error.isNotFound {
            return .gone
        }
    }

    /// Merges by type, so that other conditions stay.
    public func patch(_ condition: PodCondition, of pod: Pod) async throws {
        let body: JSONValue = [
            "metadata": ["uid": .string(pod.metadata.uid)], "status": ["conditions": [try JSONValue(encoding: condition)]],
        ]
        do {
            try await client.patchOnly(
                Pod.descriptor, pod.metadata.name, namespace: pod.metadata.namespace, subresource: "status", .strategic(body))
        } catch let error as KubernetesError where error.isNotFound || error.isConflict || error.isInvalid {
            // Gone, or a namesake by now.
            return
        }
    }

    /// An event of core/v1, named as Kubernetes' recorder names them: the object's name and the time.
    public func record(_ event: SchedulingEvent, of pod: Pod) async {
        let now = time.now()
        let stamp = String(UInt64(max(now.timeIntervalSince1970, 0) * 1_000_000_000), radix: 16)
        let object = Event(
            metadata: ObjectMeta(name: "\(pod.metadata.name).\(stamp)", namespace: pod.metadata.namespace),
            involvedObject: ObjectReference(
                apiVersion: "v1", kind: "Pod", namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid,
                resourceVersion: pod.metadata.resourceVersion),
            reason: event.reason, message: event.message, source: EventSource(component: schedulerName), firstTimestamp: Timestamp(now),
            lastTimestamp: Timestamp(now), count: 1, type: event.isWarning ? "Warning" : "Normal")
        do {
            try await client.createOnly(object)
        } catch {
            logger.debug("event not recorded", metadata: ["reason": "\(event.reason)", "error": "\(error)"])
        }
    }
}

/// Keeps the list of pods without a node and tells a scheduler what changes.
public struct UnboundPods: Sendable {
    /// For ``SchedulingService/Sources``.
    public let changes: AsyncStream<UnboundPodChange>
    private let reflector: Reflector<Pod>
    private let continuation: AsyncStream<UnboundPodChange>.Continuation

    /// Pods of one namespace, or of all.
    public init(client: KubernetesClient, namespace: String?) {
        reflector = Reflector(
            client: client, Selection(namespace: namespace, fields: "spec.nodeName=,status.phase!=Succeeded,status.phase!=Failed"))
        (changes, continuation) = AsyncStream.makeStream()
    }

    /// Lists and watches until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reflector.run() }
            for await event in reflector.events {
                switch event {
                case .added(let snapshot), .modified(let snapshot): continuation.yield(.upserted(snapshot.value))
                case .deleted(let snapshot): continuation.yield(.removed(uid: snapshot.value.metadata.uid))
                // A pod that cannot be decoded is logged by the reflector and stays without a node.
                case .synced, .failed, .undecodable: break
                }
            }
            continuation.finish()
        }
    }
}
