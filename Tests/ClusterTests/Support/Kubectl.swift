import Foundation
import Kubernetes
import Testing

/// The real `kubectl`, as the cluster's administrator, in one namespace that is made for a test and removed after it.
struct Kubectl: Sendable {
    let cluster: ClusterEnvironment
    let namespace: String

    /// Runs a body with a fresh namespace; whatever it leaves is deleted, and the deletion is waited for.
    static func withNamespace<T>(_ prefix: String, _ body: (Kubectl) async throws -> T) async throws -> T {
        let cluster = try ClusterEnvironment.required()
        let kubectl = Kubectl(cluster: cluster, namespace: "\(prefix)-\(UInt32.random(in: 0...UInt32.max))")
        try kubectl.must("create", "namespace", kubectl.namespace)
        // Pods need the namespace's service account.
        try await kubectl.eventually("the service account exists") { try kubectl.run("get", "serviceaccount", "default").status == 0 }
        do {
            let value = try await body(kubectl)
            try kubectl.must("delete", "namespace", kubectl.namespace, "--timeout=120s")
            return value
        } catch {
            kubectl.explain()
            _ = try? kubectl.run("delete", "namespace", kubectl.namespace, "--timeout=60s")
            throw error
        }
    }

    @discardableResult
    func run(_ arguments: String..., input: String? = nil) throws -> CommandResult { try run(arguments, input: input) }

    func run(_ arguments: [String], input: String? = nil) throws -> CommandResult {
        var environment = cluster.variables
        environment["KUBECONFIG"] = cluster["HPK_ADMIN_KUBECONFIG"]
        return try Command.run(
            "\(cluster.programs)/kubectl", ["--namespace", namespace] + arguments, environment: environment, input: input)
    }

    /// Runs a command that has to succeed; gives its output.
    @discardableResult
    func must(_ arguments: String..., input: String? = nil) throws -> String { try must(arguments, input: input) }

    @discardableResult
    func must(_ arguments: [String], input: String? = nil) throws -> String {
        let result = try run(arguments, input: input)
        guard result.status == 0 else { throw CommandFailure(command: "kubectl " + arguments.joined(separator: " "), result: result) }
        return result.output
    }

    /// Creates what a manifest says.
    func create(_ manifest: String) throws {
        try must("create", "-f", "-", input: manifest)
    }

    func pod(_ name: String) throws -> Pod {
        try JSONDecoder().decode(Pod.self, from: Data(must("get", "pod", name, "-o", "json").utf8))
    }

    func pods(_ selector: String? = nil) throws -> [Pod] {
        struct PodList: Decodable { var items: [Pod] }
        let arguments = ["get", "pods", "-o", "json"] + (selector.map { ["-l", $0] } ?? [])
        let result = try run(arguments)
        guard result.status == 0 else { throw CommandFailure(command: "kubectl get pods", result: result) }
        return try JSONDecoder().decode(PodList.self, from: Data(result.output.utf8)).items
    }

    /// Waits until a pod satisfies a condition, and gives it.
    func wait(
        for name: String, _ what: String, seconds: Double = 90, until condition: @escaping (Pod) throws -> Bool
    ) async throws -> Pod {
        var last: Pod?
        try await eventually("pod \(name): \(what)", seconds: seconds) {
            let pod = try pod(name)
            last = pod
            return try condition(pod)
        }
        return try #require(last)
    }

    /// Waits for a pod's final phase.
    func end(of name: String, seconds: Double = 90) async throws -> Pod {
        try await wait(for: name, "succeeded or failed", seconds: seconds) { [.succeeded, .failed].contains($0.status.phase) }
    }

    func running(_ name: String, seconds: Double = 90) async throws -> Pod {
        try await wait(for: name, "running", seconds: seconds) { $0.status.phase == .running }
    }

    /// Reasons of the pod's events.
    func eventReasons(of name: String) throws -> [String] {
        try must(
            "get", "events", "--field-selector", "involvedObject.name=\(name)", "-o", "jsonpath={range .items[*]}{.reason}{'\\n'}{end}"
        ).split(separator: "\n").map(String.init)
    }

    /// Looks again and again until it is so; the observed thing has no event of its own that a test could await.
    func eventually(_ what: String, seconds: Double = 60, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try await !condition() {
            guard ContinuousClock.now < deadline else { throw TimedOut(what: what, seconds: seconds) }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Prints what helps to understand a failure.
    private func explain() {
        for arguments in [["get", "pods", "-o", "wide"], ["describe", "pods"]] {
            if let result = try? run(arguments) { print(result.output.suffix(6000)) }
        }
    }
}

struct TimedOut: Error, CustomStringConvertible {
    var what: String
    var seconds: Double

    var description: String { "not within \(seconds) s: \(what)" }
}
