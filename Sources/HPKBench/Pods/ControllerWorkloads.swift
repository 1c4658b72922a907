import Foundation
import Kubernetes

/// Pods that controllers make: a Job that runs to its end, a Deployment that is scaled up and down.
public struct ControllerWorkloads: Sendable {
    /// Where.
    public var namespace: BenchNamespace
    /// Who sees.
    public var watch: PodWatch
    /// The node that is measured.
    public var nodeName: String
    /// Longest time for one step, seconds.
    public var patience = 300.0

    public init(namespace: BenchNamespace, watch: PodWatch, nodeName: String) {
        self.namespace = namespace
        self.watch = watch
        self.nodeName = nodeName
    }

    /// Pods per second of a Job, from its creation until all its pods have succeeded.
    public func job(_ name: String, pods: Int) async throws -> Double {
        let stopwatch = Stopwatch()
        try await namespace.send("POST", "/apis/batch/v1", "jobs", PodManifest(nodeName: nodeName).job(name, pods: pods))
        try await watch.wait(.ended, prefix: "\(name)-", count: pods, seconds: patience)
        let seconds = stopwatch.seconds
        try await namespace.send("DELETE", "/apis/batch/v1", "jobs/\(name)", ["propagationPolicy": "Background"])
        try await watch.wait(.gone, prefix: "\(name)-", count: pods, seconds: patience)
        return Double(pods) / seconds
    }

    /// Pods per second of a Deployment: scaled up from none until all run, and down until all are gone.
    public func deployment(_ name: String, pods: Int) async throws -> (up: Double, down: Double) {
        // As a container's first process, a shell without a trap would not hear TERM.
        let manifest = PodManifest(command: ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"], nodeName: nodeName)
        try await namespace.send("POST", "/apis/apps/v1", "deployments", manifest.deployment(name))
        let up = Stopwatch()
        try await scale(name, to: pods)
        try await watch.wait(.running, prefix: "\(name)-", count: pods, seconds: patience)
        let upSeconds = up.seconds
        let down = Stopwatch()
        try await scale(name, to: 0)
        try await watch.wait(.gone, prefix: "\(name)-", count: pods, seconds: patience)
        let downSeconds = down.seconds
        try await namespace.send("DELETE", "/apis/apps/v1", "deployments/\(name)", ["propagationPolicy": "Background"])
        return (Double(pods) / upSeconds, Double(pods) / downSeconds)
    }

    private func scale(_ name: String, to pods: Int) async throws {
        try await namespace.send(
            "PATCH", "/apis/apps/v1", "deployments/\(name)", ["spec": ["replicas": .int(Int64(pods))]],
            contentType: "application/merge-patch+json")
    }
}
