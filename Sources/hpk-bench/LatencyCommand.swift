import ArgumentParser
import HPKBench

/// `hpk-bench latency`.
struct LatencyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Measures how soon news arrives: a container's exit at the API server, a job's end in a client, a deletion's end.")

    @OptionGroup var options: ReportOptions

    @Option(parsing: .upToNextOption, help: "Pods and jobs per second, one measurement each.")
    var rates: [Double] = [1, 20]

    @Option(help: "Seconds of each measurement.")
    var seconds = 10.0

    func validate() throws {
        guard !rates.isEmpty, rates.allSatisfy({ $0 > 0 && $0 <= 1000 }) else { throw ValidationError("--rates takes numbers up to 1000") }
        guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds takes a number up to 3600") }
    }

    func run() async throws {
        var settings = LatencyBenchmark.Settings()
        settings.rates = rates
        settings.seconds = seconds
        try await options.report("latency", "how soon the end of a container, a job and a pod is known") { cluster, report in
            try await LatencyBenchmark(cluster: cluster, settings: settings) { ReportOptions.say($0) }.run(&report)
        }
    }
}
