import Foundation
import Kubernetes
import PodProtocol

/// Bare pods, from their creation to their success and until they are gone.
public struct PodBurst: Sendable {
    /// What came of one burst.
    public struct Result: Sendable {
        /// Seconds from the first create request until the last pod was gone.
        public var wallSeconds: Double
        /// Seconds from the first create request until the last pod's success was seen.
        public var successSeconds: Double
        /// Each pod's life.
        public var timelines: [PodTimeline]
        /// Seconds from each delete request until the pod was gone.
        public var deletions: Distribution
        /// Seconds of each pod from its create request until its success was seen.
        public var latencies: Distribution { Distribution(timelines.compactMap(\.total)) }
        /// Traces by pod, for further looks.
        public var traces: [String: PodTraces]
        /// What the watcher saw, by pod.
        public var sightings: [String: PodSightings]
    }

    /// A pod that did not succeed.
    public struct Failure: Error, CustomStringConvertible {
        /// For people.
        public let description: String
    }

    /// How many pods.
    public var count: Int
    /// Pods created per second; nil creates all at once.
    public var rate: Double?
    /// What each pod is.
    public var manifest: PodManifest
    /// Longest time for one pod, seconds.
    public var patience = 300.0

    /// A burst of pods.
    public init(count: Int, rate: Double? = nil, manifest: PodManifest) {
        self.count = count
        self.rate = rate
        self.manifest = manifest
    }

    /// Runs the burst; each pod is deleted as soon as its success is seen, as a controller with history limits does.
    ///
    /// - Parameter prefix: begin of the pods' names, unique in the namespace.
    public func run(in namespace: BenchNamespace, watch: PodWatch, prefix: String, podsDirectory: String) async throws -> Result {
        let begin = WallClock.now
        let lives = try await withThrowingTaskGroup(of: Life.self) { group in
            for index in 0..<count {
                if let rate {
                    let due = begin + Int64(Double(index) / rate * 1e9)
                    let wait = due - WallClock.now
                    if wait > 0 { try await Task.sleep(for: .nanoseconds(wait)) }
                }
                // The dash keeps pod 1 apart from pod 10.
                let name = "\(prefix)-\(index)-p"
                group.addTask { try await live(name, namespace, watch, podsDirectory) }
            }
            return try await group.reduce(into: [Life]()) { $0.append($1) }
        }
        let sightings = await watch.seen("\(prefix)-")
        for (name, sighting) in sightings where !sighting.hasSucceeded {
            throw Failure(description: "pod \(name) did not succeed: \(sighting.message)")
        }
        func last(_ milestone: PodMilestone) -> Double {
            WallClock.seconds(begin, sightings.values.compactMap { $0.times[milestone] }.max()) ?? .nan
        }
        return Result(
            wallSeconds: last(.gone), successSeconds: last(.ended),
            timelines: lives.map {
                PodTimeline(created: $0.created, sightings: sightings[$0.name] ?? PodSightings(), traces: $0.traces)
            },
            deletions: Distribution(lives.compactMap { WallClock.seconds($0.deleted, sightings[$0.name]?.times[.gone]) }),
            traces: Dictionary(lives.map { ($0.name, $0.traces) }, uniquingKeysWith: { $1 }), sightings: sightings)
    }

    private struct Life: Sendable {
        var name: String
        var created: Int64
        var deleted: Int64
        var traces: PodTraces
    }

    private func live(_ name: String, _ namespace: BenchNamespace, _ watch: PodWatch, _ folder: String) async throws -> Life {
        let created = WallClock.now
        try await namespace.createPod(manifest.pod(name))
        try await watch.wait(.ended, prefix: name, count: 1, seconds: patience)
        let uid = await watch.seen(pod: name)?.uid ?? ""
        let traces = PodTraces(directory: PodDirectory(path: "\(folder)/\(uid)"))
        let deleted = WallClock.now
        try await namespace.deletePod(name)
        try await watch.wait(.gone, prefix: name, count: 1, seconds: patience)
        return Life(name: name, created: created, deleted: deleted, traces: traces)
    }
}
