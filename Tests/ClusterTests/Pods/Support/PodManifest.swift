import Foundation
import Kubernetes

/// A pod to be created.
struct PodManifest: Sendable {
    var name: String
    var metadata: [String: JSONValue] = [:]
    var spec: [String: JSONValue]

    /// A pod whose containers run once, unless `spec` says otherwise.
    init(
        _ name: String, containers: [[String: JSONValue]], annotations: [String: String] = [:], labels: [String: String] = [:],
        spec: [String: JSONValue] = [:]
    ) {
        self.name = name
        if !annotations.isEmpty { metadata["annotations"] = .object(annotations.mapValues { .string($0) }) }
        if !labels.isEmpty { metadata["labels"] = .object(labels.mapValues { .string($0) }) }
        let named = containers.enumerated().map { index, container -> JSONValue in
            let defaults: [String: JSONValue] = ["name": .string(index == 0 ? "main" : "other\(index)"), "image": "busybox:1.35"]
            return .object(defaults.merging(container) { $1 })
        }
        self.spec = ["restartPolicy": "Never", "containers": .array(named)].merging(spec) { $1 }
    }

    /// A pod of one container, called `main`, that runs a shell script.
    init(
        _ name: String, script: String, container: [String: JSONValue] = [:], annotations: [String: String] = [:],
        labels: [String: String] = [:], spec: [String: JSONValue] = [:]
    ) {
        self.init(
            name, containers: [["command": ["sh", "-c", .string(script)]].merging(container) { $1 }], annotations: annotations,
            labels: labels, spec: spec)
    }

    func json(batch: String) -> JSONValue {
        var metadata = metadata
        metadata["name"] = .string(name)
        var labels = metadata["labels"] ?? [:]
        labels["batch"] = .string(batch)
        metadata["labels"] = labels
        return ["apiVersion": "v1", "kind": "Pod", "metadata": .object(metadata), "spec": .object(spec)]
    }

    /// A container that runs a shell script, for use among `initContainers` and `containers`.
    static func shell(_ name: String, _ script: String, _ more: [String: JSONValue] = [:]) -> JSONValue {
        .object(["name": .string(name), "image": "busybox:1.35", "command": ["sh", "-c", .string(script)]].merging(more) { $1 })
    }

    /// A volume mount.
    static func mount(_ volume: String, _ path: String, _ more: [String: JSONValue] = [:]) -> JSONValue {
        .object(["name": .string(volume), "mountPath": .string(path)].merging(more) { $1 })
    }
}
