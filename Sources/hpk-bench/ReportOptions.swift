import ArgumentParser
import Foundation
import HPKBench
import Slurm

/// What all subcommands share: where the report goes, how many rounds, and the change to the cluster's ordinary user.
struct ReportOptions: ParsableArguments {
    @Flag(help: "Print one JSON object on standard output; what people read goes to standard error.")
    var json = false

    @Option(help: "Write the report with its plots to this file.", completion: .file(extensions: ["html"]))
    var html: String?

    @Option(help: "Write each plot to a file of its own in this folder.", completion: .directory)
    var svg: String?

    @Option(help: "Rounds; each contender is measured once a round.")
    var rounds: Int?

    func validate() throws {
        if let rounds, !(1...1000).contains(rounds) { throw ValidationError("--rounds takes 1 to 1000") }
    }

    /// Runs a benchmark as the cluster's user, and hands out its report.
    ///
    /// - Parameter body: measures; fills in the report it is given.
    func report(
        _ benchmark: String, _ description: String, _ body: (BenchCluster, inout BenchmarkReport) async throws -> Void
    ) async throws {
        let cluster = try BenchCluster()
        var report = start(benchmark, description)
        let origin = FileManager.default.currentDirectoryPath
        try cluster.enter()
        defer { BenchCluster.leave() }
        try await body(cluster, &report)
        report.machine.loadAfter = MachineFacts.load()
        BenchCluster.leave()
        try write(report, relativeTo: URL(filePath: origin, directoryHint: .isDirectory))
    }

    /// Runs a benchmark that needs no cluster as who calls, and hands out its report.
    func reportWithoutCluster(
        _ benchmark: String, _ description: String, _ body: (inout BenchmarkReport) async throws -> Void
    ) async throws {
        var report = start(benchmark, description)
        try await body(&report)
        report.machine.loadAfter = MachineFacts.load()
        try write(report, relativeTo: URL(filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory))
    }

    private func start(_ benchmark: String, _ description: String) -> BenchmarkReport {
        // A child that ends early shows as an error of the write to it, after which what was made is cleared away.
        signal(SIGPIPE, SIG_IGN)
        let commit = try? CommandOutput.run("/usr/bin/env", ["git", "describe", "--always", "--dirty", "--abbrev=12"])
        let facts = MachineFacts.now(
            slurm: SlurmVersion.runtime?.description ?? "unknown",
            commit: commit.flatMap { $0.status == 0 ? $0.text.trimmingCharacters(in: .whitespacesAndNewlines) : nil })
        return BenchmarkReport(benchmark: benchmark, description: description, machine: facts)
    }

    private func write(_ report: BenchmarkReport, relativeTo folder: URL) throws {
        if let html { try Data(report.html.utf8).write(to: URL(filePath: html, relativeTo: folder)) }
        if let svg {
            let target = URL(filePath: svg, directoryHint: .isDirectory, relativeTo: folder)
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            for chart in report.charts { try Data(chart.svg.utf8).write(to: target.appending(path: "\(chart.name).svg")) }
        }
        let people = json ? FileHandle.standardError : FileHandle.standardOutput
        try people.write(contentsOf: Data(report.console.utf8))
        if json { try FileHandle.standardOutput.write(contentsOf: try report.json() + Data("\n".utf8)) }
    }

    /// Tells a person what goes on.
    static func say(_ text: String) {
        FileHandle.standardError.write(Data("bench: \(text)\n".utf8))
    }
}
