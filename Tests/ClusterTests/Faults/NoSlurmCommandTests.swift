import Foundation
import Kubernetes
import Testing

extension ClusterSuite {
    /// The agent speaks to slurmctld by libslurm alone.
    @Suite struct NoSlurmCommands {
        static let commands: Set<String> = [
            "sacct", "sacctmgr", "salloc", "sattach", "sbatch", "sbcast", "scancel", "scontrol", "scrontab", "sdiag", "sinfo", "slurm",
            "sprio",
            "squeue", "sreport", "srun", "sshare", "sstat", "strigger",
        ]

        @Test("pods run and are cancelled by an agent whose PATH has no Slurm command, and it starts none by any path")
        func none() async throws {
            let cluster = try ClusterEnvironment.required()
            let tools = FileManager.default.temporaryDirectory.appendingPathComponent("hpk-tools-\(UUID().uuidString)").path
            try linkEverythingElse(into: tools)
            defer { try? FileManager.default.removeItem(atPath: tools) }
            let trace = "\(cluster["HPK_LOG_DIR"])/execve-\(UUID().uuidString.prefix(8)).trace"
            // Without its images the agent has to start Apptainer, so the trace cannot be empty.
            try? FileManager.default.removeItem(atPath: "\(cluster.home)/.hpk/images")
            try await AgentProcess.running(environment: ["PATH": tools]) { agent in
                let strace = try self.trace(agent, to: trace)
                try await Kubectl.withNamespace("nocommand") { kubectl in
                    let board = PodBoard(kubectl)
                    try kubectl.create(
                        TestPod.list([
                            TestPod("ends", script: "true"), TestPod("deleted", script: "exec sleep 600"),
                            TestPod("queued", flags: "--begin=now+3600", script: "true"),
                        ]))
                    #expect(try await board.ended("ends").status.phase == .succeeded)
                    _ = try await board.running("deleted")
                    _ = try await board.pod("queued", "waits in Slurm's queue") { $0.pendingReason == "BeginTime" }
                    try kubectl.must("delete", "pod", "deleted", "queued", "--timeout=30s")
                    try await kubectl.eventually("the jobs are over", seconds: 20) {
                        try SlurmCommands(cluster: cluster).unfinishedJobs(namespace: kubectl.namespace).isEmpty
                    }
                }
                agent.stop()
                strace?.waitUntilExit()
            }
            guard FileManager.default.fileExists(atPath: trace) else { return }
            let started = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n").compactMap { line in
                line.range(of: "execve(\"").map {
                    line[$0.upperBound...].prefix { $0 != "\"" }.split(separator: "/").last.map(String.init) ?? ""
                }
            }
            try? FileManager.default.removeItem(atPath: trace)
            #expect(started.contains("apptainer"), "the trace sees what the agent starts")
            #expect(Set(started).intersection(Self.commands).isEmpty)
        }

        /// A folder with a link to every program of the machine that is not Slurm's.
        private func linkEverythingElse(into folder: String) throws {
            let files = FileManager.default
            try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for place in ["/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"] {
                for name in (try? files.contentsOfDirectory(atPath: place)) ?? [] where !Self.commands.contains(name) {
                    // The first place wins, as in a PATH.
                    try? files.createSymbolicLink(atPath: "\(folder)/\(name)", withDestinationPath: "\(place)/\(name)")
                }
            }
        }

        /// Follows what the agent and its children start; nil where the machine has no strace.
        private func trace(_ agent: AgentProcess, to file: String) throws -> Process? {
            guard FileManager.default.isExecutableFile(atPath: "/usr/bin/strace"), let agent = agent.processID else { return nil }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/strace")
            process.arguments = ["-f", "-qq", "-e", "trace=execve", "-s", "300", "-o", file, "-p", "\(agent)"]
            process.standardError = FileHandle.nullDevice
            try process.run()
            return process
        }
    }
}
