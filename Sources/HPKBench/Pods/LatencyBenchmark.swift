import Foundation
import Kubernetes
import Slurm

/// How soon news arrives: a container's exit at the API server, a job's end in a client of Slurm, a deletion's end.
public struct LatencyBenchmark: Sendable {
    /// How much is done.
    public struct Settings: Sendable {
        /// Pods, and jobs, per second; one measurement each.
        public var rates: [Double] = [1, 20]
        /// Seconds of each measurement.
        public var seconds = 10.0

        public init() {}
    }

    /// Above this many pods per second, pods have no Apptainer around them: this machine would measure only it.
    static let heaviest = 2.0

    /// What one rate gave.
    struct Part: Sendable {
        var rate: Double
        var isLight: Bool
        /// Container's last act → success seen by a watcher, seconds.
        var exitToStatus: [Double] = []
        /// Container's last act → the supervisor knows of its end, seconds: Apptainer's own way out.
        var exitToSupervisor: [Double] = []
        /// The supervisor knows → success seen, seconds.
        var supervisorToStatus: [Double] = []
        /// Delete request for a pod that had ended → gone, seconds.
        var endedToGone: [Double] = []
        /// Delete request for a pod that ran and heeds TERM → gone, seconds.
        var runningToGone: [Double] = []
        /// Pods per second from the first create request to the last success.
        var achieved = 0.0
        /// Job's last act → push in a client, seconds.
        var jobEnds: [Double] = []
    }

    let cluster: BenchCluster
    let settings: Settings
    let say: @Sendable (String) -> Void

    /// - Parameter say: takes a line for people on what goes on.
    public init(cluster: BenchCluster, settings: Settings, say: @escaping @Sendable (String) -> Void) {
        self.cluster = cluster
        self.settings = settings
        self.say = say
    }

    /// Measures everything.
    public func run(_ report: inout BenchmarkReport) async throws {
        let client = try ChurnBenchmark.client(cluster)
        var parts: [Part] = []
        for rate in settings.rates {
            let isLight = rate > Self.heaviest
            var part = Part(rate: rate, isLight: isLight)
            say("\(count(rate)) pods at \(Number.text(rate)) per second\(isLight ? ", without Apptainer" : "")")
            try await measurePods(client, &part)
            say("\(count(rate)) jobs at \(Number.text(rate)) per second")
            part.jobEnds = try await measureJobs(rate)
            parts.append(part)
        }
        Self.fill(&report, parts)
    }

    private func count(_ rate: Double) -> Int { max(1, Int(rate * settings.seconds)) }

    private func measurePods(_ client: KubernetesClient, _ part: inout Part) async throws {
        let (rate, isLight, count) = (part.rate, part.isLight, count(part.rate))
        let (ended, deletions) = try await BenchAgent.running(
            on: cluster, client: client,
            arguments: { folder in isLight ? ["--apptainer", try LightContainer.install(in: folder)] : [] }
        ) { agent in
            try await BenchNamespace.with(client) { namespace in
                try await PodWatch.watching(namespace.name, client: client) { watch in
                    let quick = PodManifest(command: ["sh", "-c", "echo end"], nodeName: agent.nodeName, isLight: isLight)
                    func burst(_ count: Int, _ prefix: String) async throws -> PodBurst.Result {
                        try await PodBurst(count: count, rate: rate, manifest: quick).run(
                            in: namespace, watch: watch, prefix: prefix, podsDirectory: agent.podsDirectory)
                    }
                    // The first pods download the image and warm everything up.
                    _ = try await burst(min(count, 5), "first")
                    let ended = try await burst(count, "ended")
                    let running = PodManifest(
                        command: ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"], nodeName: agent.nodeName, isLight: isLight)
                    return (ended, try await deleteRunning(min(count, 20), running, rate, namespace, watch))
                }
            }
        }
        part.endedToGone = ended.deletions.sorted
        part.runningToGone = deletions
        part.achieved = Double(count) / ended.successSeconds
        for (name, traces) in ended.traces {
            let seen = ended.sightings[name]?.times[.ended]
            let last = LogEnd.time(ofLastLineIn: traces.log)
            let known = PodTimeline.exitTime(in: traces)
            part.exitToStatus += [WallClock.seconds(last, seen)].compactMap(\.self)
            part.exitToSupervisor += [WallClock.seconds(last, known)].compactMap(\.self)
            part.supervisorToStatus += [WallClock.seconds(known, seen)].compactMap(\.self)
        }
    }

    private func deleteRunning(
        _ count: Int, _ manifest: PodManifest, _ rate: Double, _ namespace: BenchNamespace, _ watch: PodWatch
    ) async throws -> [Double] {
        let names = (0..<count).map { "running-\($0)-p" }
        for name in names { try await namespace.createPod(manifest.pod(name)) }
        try await watch.wait(.running, prefix: "running-", count: count, seconds: 120)
        // The shell needs a moment for its trap.
        try await Task.sleep(for: .seconds(1))
        var times: [String: Int64] = [:]
        for name in names {
            times[name] = WallClock.now
            try await namespace.deletePod(name)
            try await Task.sleep(for: .seconds(1 / rate))
        }
        try await watch.wait(.gone, prefix: "running-", count: count, seconds: 120)
        let seen = await watch.seen("running-")
        return names.compactMap { WallClock.seconds(times[$0], seen[$0]?.times[.gone]) }
    }

    /// Batch jobs whose script prints the time as its last act, and the pushes of their ends.
    private func measureJobs(_ rate: Double) async throws -> [Double] {
        let folder = "\(cluster.home)/bench-jobs-\(String(UInt32.random(in: .min ... .max), radix: 16))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let slurm = try await SlurmClient(configuration: SlurmConfiguration(threads: 4), logger: ChurnBenchmark.logger)
        let ends = BatchJobs.Ends()
        let following = Task { await ends.follow(slurm) }
        let jobs = BatchJobs(image: "", folder: folder, environment: cluster.commandEnvironment)
        do {
            let script = "#!/bin/sh\nsleep 0.2\nexec date +%s%N\n"
            let ids = try await jobs.submit(count(rate), script: script, client: slurm, pace: 1 / rate)
            let times = await ends.wait(for: Set(ids), client: slurm)
            following.cancel()
            await slurm.shutdown()
            return ids.compactMap { id in
                let text = (try? String(contentsOfFile: "\(folder)/\(id).out", encoding: .utf8)) ?? ""
                return WallClock.seconds(Int64(text.trimmingCharacters(in: .whitespacesAndNewlines)), times[id])
            }
        } catch {
            following.cancel()
            await slurm.shutdown()
            throw error
        }
    }

    static func fill(_ report: inout BenchmarkReport, _ parts: [Part]) {
        let fastest = parts.max { $0.rate < $1.rate }
        for part in parts {
            // The goals are about the highest rate; the others have the rate in their names.
            let suffix = part.rate == fastest?.rate ? "" : "_at_\(Number.text(part.rate))"
            let isGoal = suffix.isEmpty
            func add(_ name: String, _ title: String, _ values: [Double], _ goal: Double?) {
                guard !values.isEmpty else { return }
                let milliseconds = Distribution(values).scaled(by: 1000)
                let title = "\(title), at \(Number.text(part.rate)) per second"
                report.add(.figure("\(name)_p50_ms\(suffix)", "\(title), median", milliseconds.median, unit: "ms"))
                report.add(
                    .figure(
                        "\(name)_p99_ms\(suffix)", "\(title), p99", milliseconds.percentile(99), unit: "ms",
                        goal: isGoal ? goal.map { .atMost($0) } : nil))
            }
            add("exit_to_status", "container's last act → status seen at the API server", part.exitToStatus, 250)
            add("exit_to_supervisor", "container's last act → known to the supervisor", part.exitToSupervisor, nil)
            add("supervisor_to_status", "known to the supervisor → status seen at the API server", part.supervisorToStatus, nil)
            add("job_end_to_event", "job's last act → event in a client of slurmctld", part.jobEnds, 30)
            add("ended_delete_to_gone", "delete of a pod that had ended → gone", part.endedToGone, nil)
            add("running_delete_to_gone", "delete of a running pod that heeds TERM → gone", part.runningToGone, nil)
            report.charts.append(
                .latencies(
                    name: "latency-\(Number.text(part.rate))", title: "News at \(Number.text(part.rate)) per second", unit: "ms",
                    [
                        ("exit → status", Distribution(part.exitToStatus).scaled(by: 1000)),
                        ("job end → event", Distribution(part.jobEnds).scaled(by: 1000)),
                        ("delete → gone", Distribution(part.endedToGone).scaled(by: 1000)),
                        ("running: delete → gone", Distribution(part.runningToGone).scaled(by: 1000)),
                    ]))
            let kind = part.isLight ? "without Apptainer (real supervisor, sandbox and hpk-init)" : "with Apptainer"
            report.notes.append(
                "At \(Number.text(part.rate)) per second: \(part.exitToStatus.count) pods \(kind), of which \(Number.text(part.achieved)) "
                    + "per second succeeded; \(part.jobEnds.count) jobs.")
        }
        report.notes += [
            "A container's last act is its last line of output, with the time at which the supervisor read it.",
            "A job's last act is a line with the time. Its event is the push of slurmctld in the Slurm library that the daemon uses; the "
                + "measuring program is such a client.",
        ]
    }
}
