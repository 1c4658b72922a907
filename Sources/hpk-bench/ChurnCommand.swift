import ArgumentParser
import HPKBench

/// `hpk-bench churn`.
struct ChurnCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "churn",
        abstract: "Creates, runs and removes pods, beside the same containers as plain batch jobs and beside a flow by sbatch processes.")

    @OptionGroup var options: ReportOptions

    @Option(help: "Pods of a round, and jobs of each contender.")
    var pods = 60

    @Option(help: "Pods created per second; all at once without it.")
    var rate: Double?

    @Option(help: "Pods of a chain in which each waits for the one before it; the sbatch flow takes five seconds for each.")
    var chain = 6

    @Option(help: "Pods that a Job and a Deployment make; 0 leaves them out.")
    var controlled = 30

    @Option(help: "Pods of the round under strace; 0 leaves it out.")
    var traced = 5

    @Option(parsing: .upToNextOption, help: "Sizes of the bursts whose latencies are compared.")
    var bursts = [1, 10, 40]

    func validate() throws {
        guard (1...10_000).contains(pods) else { throw ValidationError("--pods takes 1 to 10000") }
        guard rate.map({ $0 > 0 && $0 <= 10_000 }) ?? true else { throw ValidationError("--rate takes a positive number") }
        guard (0...1000).contains(chain), (0...5000).contains(controlled), (0...100).contains(traced) else {
            throw ValidationError("--chain, --controlled and --traced take small numbers, 0 or more")
        }
        guard bursts.allSatisfy({ (1...5000).contains($0) }) else { throw ValidationError("--bursts takes sizes from 1 to 5000") }
    }

    func run() async throws {
        var settings = ChurnBenchmark.Settings()
        settings.pods = pods
        settings.rate = rate
        settings.rounds = options.rounds ?? 3
        settings.bursts = bursts
        settings.chain = chain
        settings.controlled = controlled
        settings.traced = traced
        let description = "pods from their creation until they are gone, beside batch jobs with the same container"
        try await options.report("churn", description) { cluster, report in
            try await ChurnBenchmark(cluster: cluster, settings: settings) { ReportOptions.say($0) }.run(&report)
        }
    }
}
