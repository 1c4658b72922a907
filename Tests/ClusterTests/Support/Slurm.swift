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

    /// Ids of all jobs that Slurm remembers whose name is that of the pod.
    func jobs(namespace: String, pod: String? = nil) throws -> [(id: String, name: String, state: String)] {
        try run("squeue", "--noheader", "--states=all", "--format=%i|%j|%T").split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, parts[1].hasPrefix(namespace + "/") else { return nil }
            guard pod == nil || parts[1] == "\(namespace)/\(pod ?? "")" else { return nil }
            return (parts[0], parts[1], parts[2])
        }
    }
}
