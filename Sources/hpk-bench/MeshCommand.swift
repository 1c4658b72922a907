import ArgumentParser
import HPKBench

/// `hpk-bench mesh`.
struct MeshCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mesh", abstract: "Measures the mesh between pods of different hosts, beside slirp4netns, pasta and the bare link.",
        discussion: "Makes network namespaces, so it wants root; it needs no cluster.")

    @OptionGroup var options: ReportOptions

    @Option(help: "Seconds of each TCP stream.")
    var seconds = 3

    func validate() throws {
        guard (1...600).contains(seconds) else { throw ValidationError("--seconds takes 1 to 600") }
    }

    func run() async throws {
        var settings = MeshBenchmark.Settings()
        settings.rounds = options.rounds ?? settings.rounds
        settings.seconds = seconds
        try await options.reportWithoutCluster("mesh", "pods of different hosts reach each other, encrypted, without an administrator") {
            report in
            try await MeshBenchmark(settings: settings) { ReportOptions.say($0) }.run(&report)
        }
    }
}
