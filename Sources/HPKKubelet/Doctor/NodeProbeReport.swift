import PodProtocol
import Slurm

/// What the doctor makes of a compute node's answer.
struct NodeProbeReport {
    /// How the job ended, and what it left.
    struct End {
        var jobID: JobID
        /// Slurm's last word; nil where it forgot the job.
        var record: JobRecord?
        var answer: [NodeProbeFinding]
        /// What the job printed.
        var output: String
    }

    static let startName = "job: hpk-pod"

    let request: NodeProbeRequest
    let end: End

    var findings: [DoctorFinding] {
        if let record = end.record, !record.state.isFinal, end.answer.isEmpty {
            let reason = record.stateReason.isNone ? "" : " (\(record.stateReason.text))"
            return [
                DoctorFinding(
                    Self.startName, .skipped, "Slurm job \(end.jobID) is still \(record.state)\(reason); it was cancelled",
                    advice: "Try again when the queue is shorter.")
            ]
        }
        guard let start = end.answer.first(where: { $0.check == .start }) else {
            let words = end.output.isEmpty ? "it printed nothing" : end.output
            let state = end.record.map { "\($0.state)" } ?? "forgotten"
            return [
                DoctorFinding(
                    Self.startName, .failure, "does not start on the node (Slurm job \(end.jobID) is \(state)): \(words)",
                    advice: "Put hpk-pod on a folder that compute nodes see, built for a C library no newer than theirs; see --pod-program "
                        + "and --working-dir.")
            ]
        }
        let node = start.found.split(separator: " ").first.map(String.init) ?? "?"
        guard start.found == "\(node) \(request.token)" else {
            return [
                DoctorFinding(
                    Self.startName, .failure, "on \(node) the working directory is another one than here",
                    advice: "Choose a folder on the shared file system with --working-dir.")
            ]
        }
        let first = DoctorFinding(Self.startName, .ok, "starts on \(node), which sees the working directory")
        return [first] + NodeProbeFinding.Check.allCases.filter { $0 != .start && ($0 != .subordinateIDs || hasNamespaces) }.map(finding)
    }

    private var hasNamespaces: Bool { end.answer.first { $0.check == .userNamespaces }?.isGood ?? false }

    private func finding(_ check: NodeProbeFinding.Check) -> DoctorFinding {
        let (name, verdict, advice) = Self.text(check)
        guard let found = end.answer.first(where: { $0.check == check }) else {
            let words = end.output.isEmpty ? "" : ": \(end.output)"
            return DoctorFinding(name, .failure, "the probe ended before it\(words)", advice: "Run `hpk-pod probe` on the node by hand.")
        }
        return found.isGood ? DoctorFinding(name, .ok, found.found) : DoctorFinding(name, verdict, found.found, advice: advice)
    }

    private static func text(_ check: NodeProbeFinding.Check) -> (name: String, verdict: DoctorFinding.Verdict, advice: String) {
        switch check {
        case .start: (startName, .failure, "")
        case .userNamespaces:
            (
                "job: user namespaces", .warning,
                "As root on the compute nodes: sysctl -w user.max_user_namespaces=15000; without them pods run side by side as the user."
            )
        case .subordinateIDs:
            (
                "job: subordinate ids", .warning,
                "As root on the compute nodes: install uidmap, and usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER."
            )
        case .apptainer: ("job: apptainer", .failure, "Install Apptainer on the compute nodes, or name it with --apptainer.")
        case .localDirectory: ("job: local directory", .failure, "Choose a folder on the nodes' own disks with --local-dir.")
        case .connection:
            (
                "job: way to the agent", .failure,
                "Open that port for the compute nodes, or say by --supervisor-address and --supervisor-port how they reach this host."
            )
        }
    }
}
