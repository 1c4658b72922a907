import Foundation
import Kubernetes

/// Counters of API server, slurmctld and processes at one moment.
struct Observation: Sendable {
    var time: Double
    var api: RequestCounts
    var slurm: RequestCounts
    var cpu: [String: Double]
    /// Requests that the benchmark itself has made to the API server.
    var ownRequests: Int

    init(_ stage: ChurnBenchmark.Stage, _ cluster: BenchCluster) async throws {
        let metrics = try await stage.namespace.client.send(APIRequest("GET", "/metrics")).body
        api = RequestCounts(apiServerMetrics: String(decoding: metrics, as: UTF8.self))
        slurm = RequestCounts(try await stage.slurm.statistics())
        ownRequests = stage.namespace.requestCount
        cpu = ClusterCPU(cluster, agent: stage.agent.observed).seconds()
        time = Stopwatch.now
    }

    /// What happens per second.
    func rates(since earlier: Observation) -> Rates {
        let seconds = time - earlier.time
        return Rates(
            api: api.since(earlier.api).divided(by: seconds), slurm: slurm.since(earlier.slurm).divided(by: seconds),
            cpu: cpu.mapValues { $0 / seconds }.merging(earlier.cpu) { $0 - $1 / seconds })
    }

    /// Processor seconds of one of the processes.
    func cpuSeconds(since earlier: Observation, _ name: String) -> Double { (cpu[name] ?? 0) - (earlier.cpu[name] ?? 0) }

    /// Rates of what goes on all the time.
    struct Rates: Sendable {
        var api = RequestCounts()
        var slurm = RequestCounts()
        var cpu: [String: Double] = [:]
    }
}
