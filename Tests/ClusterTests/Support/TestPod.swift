import Foundation
import Kubernetes

/// A pod with one container, as JSON, so that any text in it arrives at the API server as it is.
struct TestPod: Sendable {
    var name: String
    /// Options in sbatch's notation.
    var flags: String?
    /// What `sh -c` runs in the container; nil leaves `command` out.
    var script: String?
    var grace = 2
    /// Members of `metadata`, of `spec` and of the container, beyond those above.
    var metadata: [String: JSONValue] = [:]
    var spec: [String: JSONValue] = [:]
    var container: [String: JSONValue] = [:]

    init(_ name: String, flags: String? = nil, script: String? = nil, _ change: (inout TestPod) -> Void = { _ in }) {
        self.name = name
        self.flags = flags
        self.script = script
        change(&self)
    }

    /// Mounts a folder of the cluster's user at the same path in the container.
    mutating func mount(hostPath: String) {
        spec["volumes"] = [["name": "host", "hostPath": ["path": .string(hostPath)]]]
        container["volumeMounts"] = [["name": "host", "mountPath": .string(hostPath)]]
    }

    var json: JSONValue {
        var metadata = metadata
        metadata["name"] = .string(name)
        if let flags { metadata["annotations"] = ["slurm.hpk.io/flags": .string(flags)] }
        var container: [String: JSONValue] = ["name": "main", "image": "busybox:1.35"].merging(container) { $1 }
        if let script { container["command"] = ["sh", "-c", .string(script)] }
        let spec: [String: JSONValue] = [
            "restartPolicy": "Never", "terminationGracePeriodSeconds": .int(Int64(grace)), "containers": [.object(container)],
        ].merging(spec) { $1 }
        return ["apiVersion": "v1", "kind": "Pod", "metadata": .object(metadata), "spec": .object(spec)]
    }

    /// Several pods in one document, for one call of kubectl.
    static func list(_ pods: [TestPod]) throws -> String {
        let list: JSONValue = ["apiVersion": "v1", "kind": "List", "items": .array(pods.map(\.json))]
        return String(decoding: try JSONEncoder().encode(list), as: UTF8.self)
    }
}
