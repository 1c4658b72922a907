import ArgumentParser
import HPKBench

/// `hpk-bench slurm`.
struct SlurmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slurm", abstract: "Compares the Slurm library with plain C on the same libslurm and with Slurm's commands.")

    @OptionGroup var options: ReportOptions

    @Option(help: "Jobs that the library and C submit, and cancel, in a measurement.")
    var jobs = 400

    @Option(help: "Commands in a measurement.")
    var commands = 60

    @Option(parsing: .upToNextOption, help: "Numbers of jobs in the queue at which queries are measured, ascending.")
    var queued = [1000, 10_000]

    func validate() throws {
        guard (1...100_000).contains(jobs), (1...10_000).contains(commands) else {
            throw ValidationError("--jobs takes 1 to 100000, --commands 1 to 10000")
        }
        guard queued.allSatisfy({ (1...100_000).contains($0) }) else { throw ValidationError("--queued takes numbers from 1 to 100000") }
    }

    func run() async throws {
        var settings = SlurmBenchmark.Settings()
        settings.rounds = options.rounds ?? settings.rounds
        settings.jobs = jobs
        settings.commands = commands
        settings.queued = queued.sorted()
        try await options.report("slurm", "submit, query and cancel of held jobs, by three ways") { cluster, report in
            try await SlurmBenchmark(cluster: cluster, settings: settings) { ReportOptions.say($0) }.run(&report)
        }
    }
}
