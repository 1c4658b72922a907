import ArgumentParser
import HPKKubelet

/// The program's entry: subcommands and what all of them share.
@main
struct KubeletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hpk-kubelet",
        abstract: "Runs the pods of a Kubernetes node as Slurm jobs.",
        discussion: """
            Every setting can also stand in a file (--config, or HPK_CONFIG) as `name: value`, and in the environment as HPK_NAME \
            (--kubelet-port is HPK_KUBELET_PORT). Flags are stronger than the environment, which is stronger than the file.

            EXIT STATUS
              0   ended as asked; doctor: nothing failed
              1   doctor: something failed
              64  a flag or argument cannot be used
              66  a file that was named cannot be read
              69  the API server, Slurm or a port cannot be had
              70  an error within the program
              75  another agent serves the node just now
              78  a setting cannot be used
            """,
        version: HPKVersion.program,
        subcommands: [RunCommand.self, DoctorCommand.self, VersionCommand.self],
        defaultSubcommand: RunCommand.self)

    static func main() async {
        do {
            var command = try parseAsRoot(FlagSpelling.normalised(Array(CommandLine.arguments.dropFirst())))
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            TerminalError.exit(with: error)
        }
    }
}
