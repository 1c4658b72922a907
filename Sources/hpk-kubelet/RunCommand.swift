import ArgumentParser
import HPKKubelet
import Logging

/// `hpk-kubelet run`: the node agent.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs the node agent in the foreground until TERM or INT (the default).")

    @OptionGroup var flags: SettingFlags

    func run() async throws {
        let loaded = try ProcessConfiguration.load(flags)
        let configuration = loaded.configuration
        LoggingSystem.bootstrap { _ in
            StreamLogHandler(format: configuration.logFormat, level: configuration.logLevel, output: .standardError)
        }
        let logger = Logger(label: "hpk")
        if !loaded.unknownVariables.isEmpty {
            logger.warning(
                "variables of the environment set nothing", metadata: ["variables": "\(loaded.unknownVariables.joined(separator: " "))"])
        }
        try await Daemon.run(configuration, logger: logger)
    }
}

/// `hpk-kubelet version`.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Prints the versions of the program and what it speaks.")

    func run() {
        print("hpk-kubelet \(HPKVersion.program) (as a kubelet \(HPKVersion.kubelet))")
    }
}
