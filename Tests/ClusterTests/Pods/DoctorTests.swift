import Foundation
import Kubernetes
import Testing

extension ClusterSuite.Pods {
    @Suite("hpk-kubelet doctor") struct DoctorTests {
        /// What `doctor --json` prints.
        private struct Report: Decodable {
            struct Finding: Decodable {
                var check: String
                var verdict: String
                var found: String
                var advice: String?
            }
            var findings: [Finding]

            var failures: [String] { findings.filter { $0.verdict == "FAIL" }.map(\.check) }
        }

        /// Runs the doctor as the cluster's user.
        private static func examine(
            _ cluster: ClusterEnvironment, arguments: [String] = [], environment: [String: String] = [:]
        ) throws -> (status: Int32, report: Report) {
            let agent = AgentProcess(cluster)
            var command = [
                "--reuid=\(cluster.user)", "--regid=\(cluster.user)", "--init-groups", "\(cluster.programs)/hpk-kubelet", "doctor",
                "--json",
            ]
            // A value of a test stands in for the usual one.
            if !arguments.contains("--working-dir") { command += ["--working-dir", cluster.home] }
            command += ["--registry", "docker://\(cluster.registry)/"] + arguments
            let result = try Command.run(
                "/usr/bin/setpriv", command, environment: agent.environment.merging(environment) { $1 }, directory: cluster.home)
            do {
                return (result.status, try JSONDecoder().decode(Report.self, from: Data(result.output.utf8)))
            } catch {
                throw CommandFailure(command: "hpk-kubelet doctor", result: result)
            }
        }

        @Test("everything is found good on the development cluster")
        func allGood() async throws {
            let (status, report) = try Self.examine(SharedAgent.required().cluster)
            #expect(status == 0)
            #expect(report.findings.count >= 15)
            for finding in report.findings {
                // The cluster's hosts have names of their own, and nobody can know from here that they see this disk.
                let expected = finding.check == "working directory" ? "WARN" : "OK"
                #expect(finding.verdict == expected, "\(finding.check): \(finding.found); \(finding.advice ?? "")")
            }
        }

        @Test("a job looks at a compute node, with an agent running and without its programs", arguments: [true, false])
        func job(isWhole: Bool) async throws {
            let cluster = try SharedAgent.required().cluster
            var arguments = ["--probe-job", "--supervisor-port", "0"]
            let folder = try SharedFolder(cluster)
            defer { folder.remove() }
            if !isWhole {
                // As a program that was built for a newer C library.
                let program = "\(folder.path)/hpk-pod"
                try Data("#!/bin/sh\necho 'version `GLIBC_9.9 not found' >&2; exit 1\n".utf8).write(to: URL(fileURLWithPath: program))
                chmod(program, 0o755)
                arguments += ["--pod-program", program]
            }
            let (status, report) = try Self.examine(cluster, arguments: arguments)
            let findings = report.findings.filter { $0.check.hasPrefix("job: ") }
            if isWhole {
                #expect(status == 0, "\(report.failures)")
                #expect(
                    findings.map(\.check) == [
                        "job: hpk-pod", "job: user namespaces", "job: subordinate ids", "job: apptainer", "job: local directory",
                        "job: way to the agent",
                    ])
                for finding in findings { #expect(finding.verdict == "OK", "\(finding.check): \(finding.found)") }
            } else {
                #expect(status == 1)
                #expect(findings.map(\.verdict) == ["FAIL"])
                #expect(findings.first?.found.contains("GLIBC_9.9") == true, "\(findings.first?.found ?? "")")
                #expect(findings.first?.advice?.contains("C library") == true)
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: "\(cluster.home)/.hpk").filter { $0.hasPrefix("doctor-") }
            #expect(left.isEmpty)
        }

        @Test(
            "what is broken on purpose is found, with advice",
            arguments: [
                "slurm.conf", "slurm authentication", "apptainer", "working directory", "API server", "kubeconfig", "kubelet certificate",
                "hpk-pod",
            ])
        func broken(check: String) async throws {
            let cluster = try SharedAgent.required().cluster
            let folder = "\(cluster.home)/doctor-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            func file(_ name: String, _ text: String) throws -> String {
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
                return "\(folder)/\(name)"
            }
            let conf = try String(contentsOfFile: cluster["SLURM_CONF"], encoding: .utf8)
            let kubeconfig = try String(contentsOfFile: cluster["KUBECONFIG"], encoding: .utf8)
            var arguments: [String] = []
            var environment: [String: String] = [:]
            switch check {
            case "slurm.conf": environment["SLURM_CONF"] = try file("slurm.conf", "This is = no slurm.conf\nClusterName\n")
            case "slurm authentication":
                environment["SLURM_CONF"] = try file(
                    "slurm.conf", conf.replacing(cluster["HPK_MUNGE_SOCKET"], with: "\(folder)/dead.socket"))
            case "apptainer": environment["PATH"] = "/nowhere"
            case "working directory": arguments = ["--working-dir", "/proc/sys"]
            case "API server":
                environment["KUBECONFIG"] = try file(
                    "server.conf", kubeconfig.replacing(cluster["HPK_APISERVER"], with: "https://127.0.0.1:9"))
            case "kubeconfig": environment["KUBECONFIG"] = "\(folder)/none.conf"
            case "kubelet certificate": environment["APISERVER_KEY_LOCATION"] = try file("key", "no key")
            default: arguments = ["--pod-program", "\(folder)/none"]
            }
            let own = try Command.run("/usr/bin/chown", ["-R", "\(cluster.user):", folder])
            #expect(own.status == 0)
            let (status, report) = try Self.examine(cluster, arguments: arguments, environment: environment)
            #expect(status == 1)
            #expect(report.failures.contains(check), "\(report.failures)")
            let finding = try #require(report.findings.first { $0.check == check })
            #expect(finding.advice?.isEmpty == false, "\(finding.found)")
        }
    }
}
