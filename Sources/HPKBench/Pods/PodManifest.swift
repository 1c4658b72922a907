import Foundation
import Kubernetes

/// The trivial pods that are measured: one real container of the cluster's own busybox image.
public struct PodManifest: Sendable {
    /// Name of the image in the cluster's registry.
    public static let image = "busybox:1.35"

    /// The command and its arguments.
    public var command: [String]
    /// The node whose agent is measured.
    public var nodeName: String
    /// Whether the pod can do with ``LightContainer``, which has no mounts of its own to give.
    public var isLight: Bool

    /// A pod that runs a command and ends.
    public init(command: [String] = ["true"], nodeName: String, isLight: Bool = false) {
        self.command = command
        self.nodeName = nodeName
        self.isLight = isLight
    }

    /// `spec` of the pod. It is bound by the agent's own scheduler, as pods of users are.
    func spec(restartPolicy: String = "Never") -> JSONValue {
        [
            "restartPolicy": .string(restartPolicy), "terminationGracePeriodSeconds": 2, "automountServiceAccountToken": false,
            "nodeSelector": ["kubernetes.io/hostname": .string(nodeName)],
            "containers": [
                [
                    "name": "main", "image": .string(Self.image), "command": .array(command.map(JSONValue.string)),
                    "resources": ["requests": ["memory": "64Mi"]],
                    // Files below /dev are the only ones that hpk-init itself mounts.
                    "terminationMessagePath": isLight ? "/termination-log" : "/dev/termination-log",
                ]
            ],
        ]
    }

    /// A bare pod.
    ///
    /// - Parameter annotations: of the pod, such as options of sbatch.
    public func pod(_ name: String, annotations: [String: String] = [:]) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": .string(name), "annotations": .object(annotations.mapValues(JSONValue.string))], "spec": spec(),
        ]
    }

    /// A Job of so many pods, all at once.
    public func job(_ name: String, pods: Int) -> JSONValue {
        [
            "apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": .string(name)],
            "spec": [
                "completions": .int(Int64(pods)), "parallelism": .int(Int64(pods)), "backoffLimit": 0, "template": ["spec": spec()],
            ],
        ]
    }

    /// A Deployment without pods yet.
    public func deployment(_ name: String) -> JSONValue {
        let labels: JSONValue = ["app": .string(name)]
        return [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name)],
            "spec": [
                "replicas": 0, "selector": ["matchLabels": labels],
                "template": ["metadata": ["labels": labels], "spec": spec(restartPolicy: "Always")],
            ],
        ]
    }
}
