/// All that the Slurm benchmark measured, and how it becomes a report.
struct SlurmResults: Sendable {
    let settings: SlurmBenchmark.Settings
    var submitOne = RoundResults(names: [])
    var submitFour = RoundResults(names: [])
    var array = RoundResults(names: [])
    var cancel = RoundResults(names: [])
    /// By the number of jobs that were wanted: how many there were, and the rounds.
    var queries: [(jobs: Int, held: Int, results: RoundResults)] = []

    private static let library = SlurmBenchmark.Contender.library.rawValue
    private static let plainC = SlurmBenchmark.Contender.plainC.rawValue
    private static let commands = SlurmBenchmark.Contender.commands.rawValue

    init(settings: SlurmBenchmark.Settings) {
        self.settings = settings
    }

    func fill(_ report: inout BenchmarkReport) {
        addRatios(&report)
        let all =
            [
                ("submit, one caller", submitOne), ("submit, 4 callers", submitFour), ("one array of \(settings.arrayTasks)", array),
                ("cancel", cancel),
            ]
            + queries.map { ("query, \($0.held) jobs", $0.results) }
        report.tables.append(Self.table(all))
        report.charts.append(
            Chart(
                name: "slurm-rates", title: "Operations per second, median of the rounds",
                content: .bars(
                    all.prefix(2).flatMap { bars($0.0, $0.1) } + bars("cancel", cancel), unit: "per second")))
        report.charts.append(
            Chart(
                name: "slurm-cpu", title: "Processor time of one submission, median of the rounds",
                content: .bars(
                    submitOne.names.map { name in
                        .init(name, (submitOne.median(name, \.cpuPerOperation) ?? 0) * 1000)
                    }, unit: "ms")))
        report.notes.append(
            "All jobs are held. Commands: \(settings.commands) a measurement, the others \(settings.jobs); 1,000 sbatch are taken as 1,000 times "
                + "one. A query of the library includes decoding into Swift values; one of the commands includes printing id and state.")
    }

    private func bars(_ what: String, _ results: RoundResults) -> [Chart.Bar] {
        results.names.map { .init("\(what): \($0)", results.median($0, \.rate) ?? 0) }
    }

    private func addRatios(_ report: inout BenchmarkReport) {
        let (library, plainC, commands) = (Self.library, Self.plainC, Self.commands)
        report.add(
            ratio: "submit_vs_c_1", "submit, one caller: rate against C", submitOne.ratio(library, to: plainC, \.rate), goal: .atLeast(0.95)
        )
        report.add(
            ratio: "submit_vs_c_4", "submit, 4 callers: rate against C", submitFour.ratio(library, to: plainC, \.rate), goal: .atLeast(0.95)
        )
        report.add(
            ratio: "submit_vs_sbatch", "submit: rate against sbatch", submitOne.ratio(library, to: commands, \.rate), goal: .atLeast(5))
        report.add(
            ratio: "submit_vs_sbatch_4", "submit, 4 callers: rate against sbatch", submitFour.ratio(library, to: commands, \.rate))
        report.add(ratio: "submit_cpu_vs_c", "submit: CPU against C", submitOne.ratio(library, to: plainC, \.cpuPerOperation))
        report.add(
            ratio: "submit_cpu_vs_sbatch", "submit: CPU against sbatch", submitOne.ratio(library, to: commands, \.cpuPerOperation),
            goal: .atMost(0.1))
        if let one = array.median(library, \.secondsPerOperation), let command = submitOne.median(commands, \.secondsPerOperation), one > 0
        {
            report.add(
                ratio: "array_vs_sbatch", "\(settings.arrayTasks) pods of one shape against as many sbatch",
                command * Double(settings.arrayTasks) / one, goal: .atLeast(30))
        }
        report.add(ratio: "array_vs_c", "one array: rate against C", array.ratio(library, to: plainC, \.rate))
        for (jobs, _, results) in queries {
            report.add(
                ratio: "query_\(jobs)_vs_c", "query of \(jobs) jobs: time against C",
                results.ratio(library, to: plainC, \.secondsPerOperation), goal: jobs == 10_000 ? .atMost(1.3) : nil)
            report.add(
                ratio: "query_\(jobs)_cpu_vs_c", "query of \(jobs) jobs: client's CPU against C",
                results.ratio(library, to: plainC, \.cpuPerOperation))
            report.add(
                ratio: "query_\(jobs)_vs_squeue", "query of \(jobs) jobs: time against squeue",
                results.ratio(library, to: commands, \.secondsPerOperation))
        }
        for (jobs, _, results) in queries {
            report.add(
                ratio: "unchanged_\(jobs)_vs_query", "asking whether anything changed, of \(jobs) jobs: time against a query",
                results.ratio(SlurmBenchmark.Contender.unchanged.rawValue, to: library, \.secondsPerOperation))
        }
        report.add(ratio: "cancel_vs_c", "cancel: rate against C", cancel.ratio(library, to: plainC, \.rate))
        report.add(
            ratio: "cancel_vs_scancel", "cancel: rate against scancel", cancel.ratio(library, to: commands, \.rate), goal: .atLeast(3))
    }

    private static func table(_ all: [(String, RoundResults)]) -> ReportTable {
        var table = ReportTable(
            "Slurm", columns: ["what", "by", "per second", "ms each", "p50 ms", "p90 ms", "p99 ms", "CPU ms each", "allocations each"])
        for (what, results) in all {
            for name in results.names {
                let times = Distribution(results[name].map(\.secondsPerOperation))
                let calls = results.latencies(name).scaled(by: 1000)
                table.rows.append([
                    what, name, Number.text(results.median(name, \.rate) ?? 0), Number.text(times.median * 1000),
                    Number.text(calls.percentile(50)), Number.text(calls.percentile(90)), Number.text(calls.percentile(99)),
                    results.median(name, \.cpuPerOperation).map { Number.text($0 * 1000) } ?? "",
                    results.median(name, \.allocationsPerOperation).map(Number.text) ?? "",
                ])
            }
        }
        return table
    }
}
