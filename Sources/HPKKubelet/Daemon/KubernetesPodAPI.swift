import Foundation
import Kubernetes
import Logging

/// What the pods' workers ask of the API server.
struct KubernetesPodAPI: PodAPI {
    let client: KubernetesClient
    let logger: Logger

    func write(_ update: PodStatusUpdate) async throws {
        do {
            try await client.patchOnly(
                Pod.descriptor, update.name, namespace: update.namespace, subresource: "status", try Self.patch(for: update))
        } catch let error as KubernetesError where error.isNotFound || error.isConflict {
            // The pod is gone, or its name belongs to another now.
            return
        } catch let error as KubernetesError where error.isInvalid {
            // No later attempt can end otherwise; what the server refused is in the message.
            logger.error(
                "the API server refused a pod's status",
                metadata: ["pod": "\(update.name)", "namespace": "\(update.namespace)", "uid": "\(update.uid)", "error": "\(error)"])
        }
    }

    func confirmDeletion(namespace: String, name: String, uid: String) async throws {
        do {
            try await client.delete(
                Pod.self, name, namespace: namespace,
                options: DeleteOptions(gracePeriodSeconds: 0, preconditions: Preconditions(uid: uid)))
        } catch let error as KubernetesError where error.isNotFound || error.isConflict {
            return
        }
    }

    /// A strategic merge patch: conditions of others stay, container statuses are replaced as a whole, texts that no longer hold go.
    static func patch(for update: PodStatusUpdate) throws -> Patch {
        var status = try JSONValue(encoding: update.status)
        for key in ["reason", "message"] where status[key] == nil { status[key] = .null }
        let annotations = update.annotations.mapValues { JSONValue.string($0) }
        return .strategic([
            "metadata": ["uid": .string(update.uid), "annotations": .object(annotations)],
            "status": status,
        ])
    }
}
