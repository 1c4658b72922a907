import ArgumentParser

/// The program's entry.
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hpk-bench",
        abstract: "Measures HPK on the development cluster, side by side with what it is held against.",
        discussion: "Run it by make (bench-slurm, bench-scale, …), which starts the cluster; BENCH_ARGS hands options on.",
        subcommands: [SlurmCommand.self, ChurnCommand.self, LatencyCommand.self, ScaleCommand.self, MeshCommand.self])
}
