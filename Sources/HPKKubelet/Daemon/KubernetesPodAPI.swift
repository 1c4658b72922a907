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
        try Patch(.strategic, encoding: StatusPatch(update))
    }

    private struct StatusPatch: Encodable {
        struct Metadata: Encodable {
            let uid: String
            let annotations: [String: String]
        }

        let metadata: Metadata
        let status: Status

        init(_ update: PodStatusUpdate) {
            metadata = Metadata(uid: update.uid, annotations: update.annotations)
            status = Status(status: update.status)
        }
    }

    /// A status whose absent texts are written as null, which removes them.
    private struct Status: Encodable {
        let status: PodStatus

        private enum Text: String, CodingKey {
            case reason, message
        }

        func encode(to encoder: any Encoder) throws {
            try status.encode(to: encoder)
            var texts = encoder.container(keyedBy: Text.self)
            if status.reason == nil { try texts.encodeNil(forKey: .reason) }
            if status.message == nil { try texts.encodeNil(forKey: .message) }
        }
    }
}
