import Testing

@testable import HPKBench

@Suite("The Slurm benchmark")
struct SlurmResultsTests {
    @Test("An answer of the C program is a measurement")
    func answer() throws {
        let measurement = try PlainC.measurement(of: "ok 400 2000000000 80000000 12000", order: "submit 1 400")
        #expect(measurement.operations == 400)
        #expect(measurement.rate == 200)
        #expect(measurement.cpuPerOperation == 0.0002)
        #expect(measurement.allocationsPerOperation == 30)
    }

    @Test(
        "Any other answer is a failure that says it",
        arguments: ["", "failed Unable to contact slurm controller", "ok 1 2 3", "ok a b c d"])
    func badAnswer(text: String) {
        #expect(throws: PlainC.Failure.self) { try PlainC.measurement(of: text, order: "cancel") }
    }

    @Test("Ratios are ours over theirs, and each figure that has a goal is held against it")
    func ratios() throws {
        func results(_ library: Measurement, _ plainC: Measurement, _ commands: Measurement?) -> RoundResults {
            var results = RoundResults(names: SlurmBenchmark.Contender.allCases.map(\.rawValue))
            results.add(library, to: SlurmBenchmark.Contender.library.rawValue)
            results.add(plainC, to: SlurmBenchmark.Contender.plainC.rawValue)
            if let commands { results.add(commands, to: SlurmBenchmark.Contender.commands.rawValue) }
            return results
        }
        var slurm = SlurmResults(settings: SlurmBenchmark.Settings())
        slurm.submitOne = results(
            Measurement(operations: 100, wallSeconds: 0.1, cpuSeconds: 0.02),
            Measurement(operations: 100, wallSeconds: 0.1, cpuSeconds: 0.01),
            Measurement(operations: 10, wallSeconds: 0.04, cpuSeconds: 0.03))
        slurm.array = results(Measurement(operations: 1, wallSeconds: 0.02), Measurement(operations: 1, wallSeconds: 0.02), nil)
        slurm.queries = [
            (10_000, results(Measurement(operations: 1, wallSeconds: 0.15), Measurement(operations: 1, wallSeconds: 0.1), nil))
        ]
        var report = BenchmarkReport(benchmark: "slurm", description: "", machine: .now(slurm: "", commit: nil))
        slurm.fill(&report)
        let values = Dictionary(uniqueKeysWithValues: report.figures.map { ($0.name, $0) })
        #expect(values["submit_vs_c_1"]?.value == 1)
        #expect(values["submit_vs_sbatch"]?.value == 4)
        #expect(values["submit_vs_sbatch"]?.isReached == false)
        #expect(values["submit_cpu_vs_c"]?.value == 2)
        #expect(abs((values["submit_cpu_vs_sbatch"]?.value ?? 0) - 0.0667) < 0.001)
        #expect(abs((values["array_vs_sbatch"]?.value ?? 0) - 200) < 0.001)
        #expect(abs((values["query_10000_vs_c"]?.value ?? 0) - 1.5) < 0.001)
        #expect(values["query_10000_vs_c"]?.isReached == false)
        #expect(values["submit_vs_c_4"] == nil)
    }
}
