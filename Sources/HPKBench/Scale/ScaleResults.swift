import Slurm

/// What the scale benchmark measured, and how it becomes a report.
struct ScaleResults: Sendable {
    /// slurmctld's requests over a time, as its own statistics count them, less the questions for these statistics.
    struct Requests: Sendable, Equatable {
        var seconds: Double
        var byType: RequestCounts

        init(_ before: SlurmStatistics, _ after: SlurmStatistics, seconds: Double) {
            self.seconds = seconds
            var counts = RequestCounts(after).since(RequestCounts(before)).counts
            counts[RequestType.statistics.description] = nil
            byType = RequestCounts(counts)
        }

        init(seconds: Double, _ counts: [String: Double]) {
            self.seconds = seconds
            byType = RequestCounts(counts)
        }

        /// Submissions and cancellations: one for each batch.
        var batches: Double { [RequestType.submit, .kill, .killMany].reduce(0) { $0 + (byType.counts[$1.description] ?? 0) } }
        /// Requests per second beyond one for each batch.
        var otherPerSecond: Double { seconds > 0 ? (byType.total - batches) / seconds : 0 }
    }

    let settings: ScaleBenchmark.Settings
    var emptyBytes = 0
    var fullBytes = 0
    var burst = Requests(seconds: 0, [:])
    var burstSeconds = 0.0
    var rest = Requests(seconds: 0, [:])
    var restCPU = 0.0
    var connected = 0
    var connectedBytes = 0
    var connectedCPU = 0.0
    var adopted = 0
    var adoptionSeconds = 0.0

    init(settings: ScaleBenchmark.Settings) {
        self.settings = settings
    }

    func fill(_ report: inout BenchmarkReport) {
        let (pods, mebibyte) = (settings.pods, Double(1 << 20))
        report.add(
            .figure(
                "rss_mb_\(pods)", "agent's memory with \(pods) pods", Double(fullBytes) / mebibyte, unit: "MiB", goal: .atMost(200)))
        report.add(.figure("rss_mb_empty", "agent's memory without pods", Double(emptyBytes) / mebibyte, unit: "MiB"))
        report.add(
            .figure("rest_cpu_percent", "agent at rest with \(pods) pods", restCPU * 100, unit: "% of a core", goal: .atMost(1)))
        report.add(
            .figure(
                "rpc_per_s_\(pods)", "slurmctld's requests beyond one a batch, the larger of burst and rest",
                max(burst.otherPerSecond, rest.otherPerSecond), unit: "per second", goal: .atMost(2)))
        report.add(.figure("rpc_per_s_rest", "the same at rest", rest.otherPerSecond, unit: "per second"))
        report.add(.figure("submit_batches", "submissions for \(pods) pods", burst.batches, unit: ""))
        report.add(.figure("burst_seconds", "from the first pod's creation until Slurm has all", burstSeconds, unit: "s"))
        if connected > 0 {
            report.add(
                .figure(
                    "kb_per_connected_pod", "agent's memory for a connected supervisor, of \(connected)",
                    Double(connectedBytes - fullBytes) / 1024 / Double(connected), unit: "KiB", goal: .atMost(50)))
            report.add(.figure("rest_cpu_percent_connected", "agent at rest, these connected", connectedCPU * 100, unit: "% of a core"))
        }
        report.add(
            .figure(
                "readopt_\(settings.adopted)_s", "killed agent: from its new start until it has taken over all pods", adoptionSeconds,
                unit: "s", goal: .atMost(5)))
        report.tables.append(
            ReportTable("Requests at slurmctld during the burst", columns: ["type", "count"], rows: burst.byType.rows()))
        report.tables.append(ReportTable("Requests at slurmctld at rest", columns: ["type", "count"], rows: rest.byType.rows()))
        report.charts.append(
            Chart(
                name: "scale-memory", title: "Agent's memory",
                content: .bars(
                    [
                        .init("no pods", Double(emptyBytes) / mebibyte), .init("\(pods) pods", Double(fullBytes) / mebibyte),
                        .init("\(connected) of them connected", Double(connectedBytes) / mebibyte),
                    ], unit: "MiB")))
        report.notes.append(
            "Agent, API server and slurmctld are real. The pods' jobs are held, so nothing runs on a node. Connected supervisors are simulated: "
                + "real TLS and a real hello with the pod's own token, and nothing behind. Running pods are simulated for the take-over: the "
                + "journal of each says, as a supervisor writes it, that its container runs. \(adopted) pods were taken over in all.")
    }
}
