import ArgumentParser
import HPKBench

/// `hpk-bench scale`.
struct ScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Gives one agent very many pods, and measures its memory, its rest and its restart.")

    @OptionGroup var options: ReportOptions

    @Option(help: "Pods whose jobs Slurm holds.")
    var pods = 10_000

    @Option(help: "Of these, pods with a connected supervisor.")
    var connected = 2000

    @Option(help: "Of these, pods that run when the agent is killed.")
    var adopted = 5000

    func validate() throws {
        guard (1...100_000).contains(pods), (0...pods).contains(connected), (0...pods).contains(adopted) else {
            throw ValidationError("--pods takes 1 to 100000, --connected and --adopted no more than that")
        }
    }

    func run() async throws {
        var settings = ScaleBenchmark.Settings()
        settings.pods = pods
        settings.connected = connected
        settings.adopted = adopted
        try await options.report("scale", "one agent with very many pods") { cluster, report in
            try await ScaleBenchmark(cluster: cluster, settings: settings) { ReportOptions.say($0) }.run(&report)
        }
    }
}
