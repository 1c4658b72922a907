import Glibc
import PodProtocol

/// The arguments of `srun` for the steps of a pod: fixed options of ours, those of the pod's that the node agent has checked, and this
/// program. See srun(1).
struct SrunCommand {
    /// This program's own path.
    var program: String
    /// This node's name in Slurm.
    var node: String
    /// How many nodes the job has.
    var nodeCount: Int

    /// Folders for `srun`: the job's PATH, then where sites put Slurm.
    static var searchPath: String {
        let own = getenv("PATH").map { String(cString: $0) } ?? Sandbox.searchPath
        return own + ":/usr/bin:/usr/local/bin:/opt/slurm/bin:/usr/local/slurm/bin:/cm/shared/apps/slurm/current/bin"
    }

    /// The batch step's own, which tells srun its job. What would change the form of its output is left out.
    static var environment: [String] {
        let spoiling: Set = [
            "SLURM_UNBUFFEREDIO", "SLURM_LABELIO", "SLURM_STDOUTMODE", "SLURM_STDERRMODE", "SLURM_STDINMODE", "SRUN_DEBUG",
        ]
        return variables.filter { !spoiling.contains(String($0.prefix { $0 != "=" })) }
    }

    /// The variables of this process, as `NAME=value`.
    static var variables: [String] {
        var result: [String] = []
        var at = environ
        while let text = at.pointee {
            result.append(String(cString: text))
            at += 1
        }
        return result
    }

    // `--overlap`: containers run side by side, each with all that the job has.
    private static let common = ["srun", "--overlap", "--quiet"]
    private static let plain = ["--mpi=none", "--cpu-bind=none", "--mem=0", "--kill-on-bad-exit=0", "--wait=0"]

    /// The step of one container.
    func container(_ name: String, isInit: Bool, plan: StepPlan) -> [String] {
        var arguments = Self.common + ["--job-name=\(name)"]
        switch plan.kind {
        case .accounted:
            arguments += ["--nodes=1", "--ntasks=1", "--ntasks-per-node=1", "--nodelist=\(node)"] + Self.plain
        case .parallel where isInit:
            // Each node has volumes of its own to be prepared.
            arguments += ["--nodes=\(nodeCount)", "--ntasks=\(nodeCount)", "--ntasks-per-node=1"] + Self.plain
        case .parallel:
            arguments += plan.options
        }
        return arguments + [program, "step"]
    }

    /// The step that makes the pod's sandbox on the job's other nodes.
    func sandboxes(directory: String) -> [String] {
        let count = nodeCount - 1
        return Self.common + ["--job-name=sandbox", "--nodes=\(count)", "--ntasks=\(count)", "--ntasks-per-node=1", "--exclude=\(node)"]
            + Self.plain + [program, "node", "--directory", directory]
    }
}
