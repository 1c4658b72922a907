import ArgumentParser
import Foundation
import HPKKubelet
import Logging

/// `hpk-kubelet doctor`: looks at everything the agent needs and says what to do.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Checks Slurm, Apptainer, the file system and the API server, and says what to do.",
        discussion: "Takes the settings of `run`. Ends with 0 when nothing fails, else with 1.")

    @Flag(help: "Print the findings as JSON.")
    var json = false

    @Flag(help: "Also run a tiny Slurm job that looks at a compute node.")
    var probeJob = false

    @OptionGroup var flags: SettingFlags

    func run() async throws {
        let configuration = try ProcessConfiguration.load(flags).configuration
        let logger = Logger(label: "hpk") { _ in SwiftLogNoOpLogHandler() }
        var report = await Doctor(configuration, probes: .live(configuration, logger: logger)).examine()
        if probeJob { report.findings += await NodeProbeJob(configuration, logger: logger).examine() }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            print(report.text, terminator: "")
        }
        // A check that was left behind may still hold a thread: end without waiting for it.
        if !report.isHealthy { Foundation.exit(ProgramStatus.failed.rawValue) }
    }
}
