import ArgumentParser
import HPKBench

/// `hpk-bench slurm`.
struct SlurmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slurm", abstract: "Compares the Slurm library with plain C on the same libslurm and with Slurm's commands.")

    @OptionGroup var options: ReportOptions

    func run() async throws {
        try await options.report("slurm", "submit, query and cancel") { _, _ in }
    }
}
