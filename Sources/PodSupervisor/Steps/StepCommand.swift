import Glibc
import PodProtocol

/// What Slurm's steps of a pod run: `hpk-pod step` for each task of a container, `hpk-pod node` for the sandbox of a further node.
enum StepCommand {
    /// - Parameter arguments: those of the process, its name first.
    /// - Returns: the exit code; nil where the arguments are another command's.
    static func run(_ arguments: [String]) -> Int32? {
        do {
            switch arguments.dropFirst().first {
            case "step" where arguments.count == 2:
                return try StepTask().run()
            case "node" where isComplete(arguments):
                let inside = [arguments[0], "node-inside", "--directory", arguments[3]]
                if let end = try SandboxHolder.run(arguments: inside) { return end.code }
                return try sandbox(arguments, isNamespaced: false)
            case "node-inside" where isComplete(arguments):
                return try sandbox(arguments, isNamespaced: true)
            default: return nil
            }
        } catch {
            Console.complain("\(error)")
            return 1
        }
    }

    private static func isComplete(_ arguments: [String]) -> Bool {
        arguments.count == 4 && arguments[2] == "--directory" && arguments[3].hasPrefix("/")
    }

    private static func sandbox(_ arguments: [String], isNamespaced: Bool) throws -> Int32 {
        umask(0)
        return try NodeSandbox(directory: PodDirectory(path: arguments[3]), isNamespaced: isNamespaced)
            .run(lifeline: isNamespaced ? SandboxHolder.lifelineNumber : nil)
    }
}
