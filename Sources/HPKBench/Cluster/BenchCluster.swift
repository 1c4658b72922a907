import CBench
import Foundation
import Glibc

/// The development cluster that a benchmark runs against, as the ordinary user whose jobs and pods it measures.
public struct BenchCluster: Sendable {
    /// Why there is no cluster to measure.
    public struct Missing: Error, CustomStringConvertible {
        /// What is wrong and what to do.
        public let description: String
    }

    /// The environment of the cluster's file over that of this process, with the ordinary user's HOME.
    public let variables: [String: String]

    /// Reads the file that `HPK_CLUSTER_ENV` names.
    ///
    /// - Throws: `Missing`.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        guard let file = environment["HPK_CLUSTER_ENV"] else {
            throw Missing(description: "HPK_CLUSTER_ENV names no cluster: run the benchmark by make, or by cluster/run hpk-bench …")
        }
        // The file is shell text, so a shell reads it; `env -0` hands the values back exactly.
        let output = try CommandOutput.run("/bin/bash", ["-c", "set -a; . \"$1\"; exec env -0", "bash", file], environment: environment)
        guard output.status == 0 else { throw Missing(description: "\(file) cannot be read: \(output.error)") }
        var variables: [String: String] = [:]
        for entry in output.text.split(separator: "\0") {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        }
        guard let user = variables["HPK_USER"], let home = variables["HPK_HOME"], variables["SLURM_CONF"] != nil else {
            throw Missing(description: "\(file) does not say HPK_USER, HPK_HOME and SLURM_CONF: is it from this version's cluster/up?")
        }
        variables["HOME"] = home
        variables["USER"] = user
        variables["LOGNAME"] = user
        self.variables = variables
    }

    /// A variable; empty when the cluster does not say it.
    public subscript(_ name: String) -> String { variables[name] ?? "" }

    /// The ordinary user.
    public var user: String { self["HPK_USER"] }
    /// That user's home folder.
    public var home: String { self["HPK_HOME"] }
    /// Folder of the programs that the user can run: hpk-kubelet, hpk-bench-c, kubectl.
    public var programs: String { self["HPK_PROGRAMS"] }
    /// A kubeconfig with all rights, which the user can read.
    public var kubeconfig: String { self["KUBECONFIG"] }

    /// The environment for commands that are measured or that measure: without the cluster scripts' own variables, which hpk-kubelet would
    /// take for settings.
    public var commandEnvironment: [String: String] {
        variables.filter { !$0.key.hasPrefix("HPK_") && !$0.key.hasPrefix("SBATCH_") }
    }

    /// Runs a program of the cluster (found by its PATH) to its end, as this process's user.
    ///
    /// - Throws: `CommandFailed` when it does not end with 0; what keeps it from starting.
    @discardableResult
    public func run(_ program: String, _ arguments: [String], input: String? = nil) throws -> String {
        let output = try CommandOutput.run("/usr/bin/env", [program] + arguments, environment: commandEnvironment, input: input)
        guard output.status == 0 else { throw CommandFailed(command: ([program] + arguments).joined(separator: " "), output: output) }
        return output.text
    }

    /// Makes this process the ordinary user, from whom it can come back (`leave`); its children cannot. Without effect for those who are not
    /// root, who measure as themselves. Sets this process's environment to the cluster's.
    ///
    /// - Throws: `Missing` when there is no such user.
    public func enter() throws {
        for (name, value) in variables { setenv(name, value, 1) }
        guard geteuid() == 0 else { return }
        guard let entry = getpwnam(user) else { throw Missing(description: "there is no user \(user): run cluster/up") }
        let (uid, gid) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
        guard initgroups(user, gid) == 0, hpk_become_user(uid, gid) == 0 else {
            throw Missing(description: "cannot become \(user): \(String(cString: strerror(errno)))")
        }
        guard chdir(home) == 0 else { throw Missing(description: "cannot enter \(home): \(String(cString: strerror(errno)))") }
    }

    /// Becomes root again after `enter`, to write results where root called from. Without effect for those who never were root.
    public static func leave() {
        _ = hpk_become_root()
    }
}
