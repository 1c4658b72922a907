import Foundation

/// Slurm's own commands, as an administrator types them; only the tests use them.
struct SlurmCommands: Sendable {
    let cluster: ClusterEnvironment

    func run(_ program: String, _ arguments: String...) throws -> String { try run(program, arguments) }

    func run(_ program: String, _ arguments: [String]) throws -> String {
        let result = try Command.run("/usr/bin/\(program)", arguments, environment: cluster.variables)
        guard result.status == 0 else { throw CommandFailure(command: program, result: result) }
        return result.output
    }

    /// All jobs that Slurm remembers of a namespace's pods, each task of an array for itself. An array bears the beginning that its pods'
    /// names have in common, so that one pod's job is found by its name only where the pod went alone.
    func jobs(namespace: String, pod: String? = nil) throws -> [(id: String, name: String, state: String)] {
        try run("squeue", "--noheader", "--array", "--states=all", "--format=%i|%j|%T").split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, parts[1].hasPrefix(namespace + "/") else { return nil }
            guard pod == nil || parts[1] == "\(namespace)/\(pod ?? "")" else { return nil }
            return (parts[0], parts[1], parts[2])
        }
    }
}
