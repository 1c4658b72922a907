import Foundation
import Kubernetes
import Slurm
import Testing

@testable import HPKKubelet

@Suite("Doctor")
struct DoctorTests {
    struct Words: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }

    static let slurmConf = "ClusterName=demo\nSlurmctldHost=head\n"

    /// A site where everything is right.
    static func healthy() throws -> DoctorProbes {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("hpk-doctor-\(UUID()).conf").path
        try slurmConf.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let setup = try SlurmSetup(try SlurmConfigurationFile(path: path))
        return DoctorProbes(
            now: { Date(timeIntervalSince1970: 1_700_000_000) }, userName: { "ada" }, userID: { 1000 }, hostname: { "head" },
            slurmVersions: { ("22.05.8", "22.05", true) }, slurmSetup: { setup },
            slurmCluster: {
                DoctorProbes.SlurmCluster(
                    controllers: [("head", nil)], partitions: [.init(name: "main", isUp: true, isDefault: true, nodes: 4)], usableNodes: 4,
                    unusableNodes: 0, hostnames: ["c1", "c2"])
            },
            find: { $0.hasPrefix("/") ? $0 : "/usr/bin/\($0)" },
            run: { program, arguments in
                if arguments.last == "/usr/bin/unsquashfs" { return "unsquashfs version 4.5.1 (2022/03/17)\nmore\n" }
                if arguments == ["--version"] { return "apptainer version 1.4.5\n" }
                if arguments == ["buildcfg"] { return "PREFIX=/usr\nLIBEXECDIR=/usr/libexec\n" }
                return ""
            },
            accessError: { _ in 0 },
            text: { path in
                switch path {
                case "/etc/subuid", "/etc/subgid": "root:1:1\nada:100000:65536\n"
                case "/proc/sys/user/max_user_namespaces": "15000\n"
                default: nil
                }
            },
            mode: { path in path.hasSuffix("starter-suid") ? nil : 0o755 },
            tryFolder: { path, _ in .init(type: path == "/tmp" ? "xfs" : "nfs4", freeBytes: 1 << 40) },
            connection: { ClusterConnection(server: "https://api:6443", origin: "context a of /k") },
            server: { ("v1.20.2", Date(timeIntervalSince1970: 1_700_000_001)) }, allowed: { _ in true },
            certificate: { _, _, _ in .init(notAfter: 1_800_000_000, coversAddress: true) }, agentRuns: { false }, bindError: { _, _ in 0 })
    }

    static func configuration(_ change: (inout KubeletConfiguration) -> Void = { _ in }) -> KubeletConfiguration {
        var configuration = KubeletConfiguration()
        configuration.workingDirectory = "/home/ada"
        configuration.kubeletAddress = "10.0.0.5"
        configuration.certificateFile = "/c.pem"
        configuration.keyFile = "/k.pem"
        configuration.podProgram = "/opt/hpk-pod"
        configuration.initProgram = "/opt/hpk-init"
        change(&configuration)
        return configuration
    }

    @Test("All is well on a healthy site")
    func healthySite() async throws {
        let report = await Doctor(Self.configuration(), probes: try Self.healthy()).examine()
        #expect(report.findings.filter { $0.verdict != .ok } == [])
        #expect(report.isHealthy)
        #expect(report.findings.count == 24)
        #expect(report.text.hasSuffix("24 OK\n"))
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var check: String
        var verdict: DoctorFinding.Verdict
        var found: String
        var advice: String
        var setting: @Sendable (inout KubeletConfiguration) -> Void
        var breaking: @Sendable (inout DoctorProbes) -> Void
        var testDescription: String { "\(check): \(found)" }

        init(
            _ check: String, _ verdict: DoctorFinding.Verdict, _ found: String, _ advice: String,
            setting: @escaping @Sendable (inout KubeletConfiguration) -> Void = { _ in },
            breaking: @escaping @Sendable (inout DoctorProbes) -> Void
        ) {
            self.check = check
            self.verdict = verdict
            self.found = found
            self.advice = advice
            self.setting = setting
            self.breaking = breaking
        }
    }

    @Sendable static func setupFails(_ error: SlurmSetupError) -> @Sendable (inout DoctorProbes) -> Void {
        { $0.slurmSetup = { throw error } }
    }

    @Sendable static func cluster(_ change: @escaping @Sendable (inout DoctorProbes.SlurmCluster) -> Void)
        -> @Sendable (inout DoctorProbes) -> Void
    {
        { probes in
            let before = probes.slurmCluster
            probes.slurmCluster = {
                var cluster = try await before()
                change(&cluster)
                return cluster
            }
        }
    }

    @Sendable static func lacks(_ programs: String...) -> @Sendable (inout DoctorProbes) -> Void {
        { $0.find = { programs.contains($0) ? nil : "/usr/bin/\($0)" } }
    }

    @Sendable static func text(_ path: String, _ text: String?) -> @Sendable (inout DoctorProbes) -> Void {
        { probes in
            let before = probes.text
            probes.text = { $0 == path ? text : before($0) }
        }
    }

    @Sendable static func run(failing word: String, _ words: String) -> @Sendable (inout DoctorProbes) -> Void {
        { probes in
            let before = probes.run
            probes.run = { program, arguments in
                if arguments.contains(word) { throw Words(words) }
                return try await before(program, arguments)
            }
        }
    }

    static let rows: [Row] = [
        Row("slurm.conf", .failure, "no file at /a, /b", "SLURM_CONF", breaking: setupFails(.configurationMissing(tried: ["/a", "/b"]))),
        Row(
            "slurm.conf", .failure, "cannot read /a: Permission denied", "administrator",
            breaking: setupFails(.configurationUnreadable(path: "/a", reason: "Permission denied"))),
        Row(
            "slurm.conf", .failure, "names no ClusterName", "slurm.conf(5)",
            breaking: setupFails(.configurationInvalid(path: "/a", reason: "it names no ClusterName"))),
        Row(
            "slurm authentication", .failure, "munged does not answer at /run/m: No such file", "Start munged",
            breaking: setupFails(.authenticationUnreachable(service: "munged", socket: "/run/m", reason: "No such file"))),
        Row("libslurm", .failure, "compiled for Slurm 22.05.8, but libslurm 24.11", "Build") {
            $0.slurmVersions = { ("22.05.8", "24.11", false) }
        },
        Row(
            "libslurm", .failure, "fatal: no such node", "scontrol ping",
            breaking: setupFails(.libraryRefused(words: "fatal: no such node"))),
        Row("slurmctld", .failure, "head: timed out", "Start slurmctld", breaking: cluster { $0.controllers = [("head", "timed out")] }),
        Row("slurmctld", .warning, "spare does not", "controller", breaking: cluster { $0.controllers.append(("spare", "timed out")) }),
        Row("slurmctld", .failure, "cannot connect", "Start slurmctld") { $0.slurmCluster = { throw Words("cannot connect") } },
        Row("slurm partitions", .failure, "0 partitions are up", "sinfo", breaking: cluster { $0.partitions[0].isUp = false }),
        Row("slurm partitions", .failure, "0 nodes usable", "sinfo", breaking: cluster { $0.usableNodes = 0 }),
        Row(
            "slurm partitions", .warning, "none is the default", "--partition=main",
            breaking: cluster { $0.partitions[0].isDefault = false }),
        Row("apptainer", .failure, "no apptainer in PATH", "--apptainer", breaking: lacks("apptainer")),
        Row("apptainer", .failure, "version 1.0.3", "1.1 or later") { $0.run = { _, _ in "apptainer version 1.0.3" } },
        Row("apptainer", .failure, "singularity-ce version 4.1.0", "1.1 or later") { $0.run = { _, _ in "singularity-ce version 4.1.0" } },
        Row("apptainer", .failure, "says \"what\"", "--apptainer") { $0.run = { _, _ in "what" } },
        Row("apptainer", .failure, "exec format error", "Repair", breaking: run(failing: "--version", "exec format error")),
        Row("apptainer", .ok, "with its setuid starter", "") { $0.mode = { _ in 0o104755 } },
        Row("unsquashfs", .warning, "none in PATH", "squashfs-tools 4.5", breaking: lacks("unsquashfs")),
        Row("unsquashfs", .warning, "version 4.4", "squashfs-tools 4.5") { probes in
            let before = probes.run
            probes.run = { $1.last == "/usr/bin/unsquashfs" ? "unsquashfs version 4.4 (2019/08/29)" : try await before($0, $1) }
        },
        Row("unsquashfs", .warning, "says \"\"", "squashfs-tools 4.5") { probes in
            let before = probes.run
            probes.run = { $1.last == "/usr/bin/unsquashfs" ? "" : try await before($0, $1) }
        },
        Row("unsquashfs", .warning, "no shell", "Repair", breaking: run(failing: "/usr/bin/unsquashfs", "no shell")),
        Row("user namespaces", .failure, "gives none", "max_user_namespaces", breaking: text("/proc/sys/user/max_user_namespaces", "0\n")),
        Row(
            "user namespaces", .failure, "forbidden", "unprivileged_userns_clone",
            breaking: text("/proc/sys/kernel/unprivileged_userns_clone", "0\n")),
        Row(
            "user namespaces", .warning, "AppArmor", "profile",
            breaking: text("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n")),
        Row("subordinate ids", .warning, "ada has none in /etc/subuid", "usermod", breaking: text("/etc/subuid", "bob:1:65536")),
        Row("subordinate ids", .warning, "only 1000 in /etc/subgid", "usermod", breaking: text("/etc/subgid", "1000:5:1000\n")),
        Row("subordinate ids", .warning, "no newgidmap", "uidmap", breaking: lacks("newgidmap")),
        Row("pod sandbox", .failure, "unshare failed", "user namespaces", breaking: run(failing: "--user", "unshare failed")),
        Row("pod sandbox", .warning, "only with one id: no range", "subordinate ids", breaking: run(failing: "--map-auto", "no range")),
        Row("pod sandbox", .skipped, "no unshare", "", breaking: lacks("unshare")),
        Row("container in it", .failure, "mount: denied", "by hand", breaking: run(failing: "exec", "mount: denied")),
        Row("container in it", .skipped, "cannot make an image", "", setting: { $0.localDirectory = "/dev/null/x" }) { _ in },
        Row("/dev/fuse", .warning, "Permission denied", "modprobe fuse") { $0.accessError = { $0 == "/dev/fuse" ? EACCES : 0 } },
        Row("private network", .ok, "not needed", "", breaking: lacks("pasta", "slirp4netns")),
        Row(
            "private network", .failure, "neither pasta", "passt", setting: { $0.network = .private },
            breaking: lacks("pasta", "slirp4netns")),
        Row("private network", .failure, "/dev/net/tun", "modprobe tun", setting: { $0.network = .private }) {
            $0.accessError = { $0 == "/dev/net/tun" ? ENOENT : 0 }
        },
        Row("working directory", .failure, "Read-only file system", "--working-dir") {
            $0.tryFolder = { _, _ in throw Words("Read-only file system") }
        },
        Row("working directory", .warning, "may not see", "shared file system") {
            $0.tryFolder = { _, _ in .init(type: "ext4", freeBytes: 1 << 40) }
        },
        Row("working directory", .warning, "less than 1 GiB", "Make room") {
            $0.tryFolder = { _, _ in .init(type: "nfs4", freeBytes: 1 << 20) }
        },
        Row("local directory", .failure, "does not run", "noexec") {
            $0.tryFolder = { _, runs in
                if runs { throw Words("a program there does not run") }
                return .init(type: "nfs", freeBytes: 1 << 40)
            }
        },
        Row("local directory", .warning, "a shared file system", "--local-dir") {
            $0.tryFolder = { _, _ in .init(type: "lustre", freeBytes: 1 << 40) }
        },
        Row("hpk-pod", .failure, "there is no /opt/hpk-pod", "--pod-program") { $0.mode = { $0 == "/opt/hpk-pod" ? nil : 0o755 } },
        Row("hpk-init", .failure, "cannot be executed", "chmod +x") { $0.mode = { $0 == "/opt/hpk-init" ? 0o644 : 0o755 } },
        Row("hpk-init", .failure, "no path", "--init-program", setting: { $0.initProgram = nil }) { _ in },
        Row("kubeconfig", .failure, "no such context", "KUBECONFIG") { $0.connection = { throw Words("no such context") } },
        Row("API server", .failure, "connection refused", "control plane") { $0.server = { throw Words("connection refused") } },
        Row("clock", .warning, "10 s away", "time server") { $0.server = { ("v1", Date(timeIntervalSince1970: 1_700_000_010)) } },
        Row("clock", .failure, "100 s away", "time server") { $0.server = { ("v1", Date(timeIntervalSince1970: 1_699_999_900)) } },
        Row("clock", .skipped, "gave no time", "") { $0.server = { ("v1", nil) } },
        Row("rights", .failure, "may not patch pods/status", "ClusterRole") { $0.allowed = { $0.resource != "pods/status" } },
        Row("rights", .failure, "create pods/binding", "--no-scheduler") { $0.allowed = { $0.resource != "pods/binding" } },
        Row("rights", .warning, "get secrets", "node's own credentials") { $0.allowed = { $0.resource != "secrets" } },
        Row("rights", .ok, "all 16", "", setting: { $0.runsScheduler = false }) { $0.allowed = { $0.resource != "pods/binding" } },
        Row("kubelet certificate", .failure, "does not belong", "--certificate") {
            $0.certificate = { _, _, _ in throw Words("key does not belong") }
        },
        Row("kubelet certificate", .warning, "ends in 1 days", "Renew") {
            $0.certificate = { _, _, _ in .init(notAfter: 1_700_100_000, coversAddress: true) }
        },
        Row("kubelet certificate", .failure, "has ended", "Renew") {
            $0.certificate = { _, _, _ in .init(notAfter: 1_600_000_000, coversAddress: true) }
        },
        Row("kubelet certificate", .warning, "not made out for 10.0.0.5", "IP:10.0.0.5") {
            $0.certificate = { _, _, _ in .init(notAfter: 1_800_000_000, coversAddress: false) }
        },
        Row("kubelet certificate", .ok, "makes its own", "", setting: { $0.certificateFile = nil }) { _ in },
        Row("kubelet port", .failure, "10250 is in use by another", "--kubelet-port") { $0.bindError = { $1 == 10250 ? EADDRINUSE : 0 } },
        Row("kubelet port", .ok, "hpk-kubelet runs", "") { probes in
            probes.bindError = { $1 == 10250 ? EADDRINUSE : 0 }
            probes.agentRuns = { true }
        },
        Row("supervisor port", .failure, "Permission denied", "--supervisor-port", setting: { $0.supervisorPort = 80 }) {
            $0.bindError = { $1 == 80 ? EACCES : 0 }
        },
    ]

    @Test("Each broken thing is found, by its own check, with an advice", arguments: rows)
    func brokenThing(row: Row) async throws {
        var probes = try Self.healthy()
        row.breaking(&probes)
        let report = await Doctor(Self.configuration(row.setting), probes: probes).examine()
        let finding = try #require(report.findings.first { $0.check == row.check })
        #expect(finding.verdict == row.verdict, "\(finding)")
        #expect(finding.found.contains(row.found), "\(finding.found)")
        if row.advice.isEmpty {
            #expect(finding.advice == nil)
        } else {
            #expect(finding.advice?.contains(row.advice) == true, "\(finding)")
        }
        #expect(report.findings.count == 24)
        if row.verdict == .failure { #expect(!report.isHealthy) }
        for finding in report.findings where finding.verdict == .failure || finding.verdict == .warning {
            #expect(finding.advice != nil, "\(finding)")
        }
    }

    @Test("A check that hangs, even one that heeds no cancellation, holds nobody up")
    func hanging() async throws {
        var probes = try Self.healthy()
        probes.server = { await withUnsafeContinuation { (_: UnsafeContinuation<(version: String, date: Date?), Never>) in } }
        let report = await Doctor(Self.configuration(), probes: probes, timeLimit: .milliseconds(200)).examine()
        let finding = try #require(report.findings.first { $0.check == "API server" })
        #expect(finding.verdict == .failure)
        #expect(finding.found.contains("no answer within"))
        #expect(report.findings.first { $0.check == "kubeconfig" }?.verdict == .ok)
    }

    @Test("Words of others stay on one line, without control characters")
    func oneLine() {
        let finding = DoctorFinding("c", .failure, "a\n\u{1b}[31mb\n\n", advice: String(repeating: "x", count: 5000))
        #expect(finding.found == "a; [31mb")
        #expect(finding.advice?.count == 600)
    }

    @Test("The report as text")
    func text() {
        let report = DoctorReport(findings: [
            DoctorFinding("slurm.conf", .ok, "found"), DoctorFinding("clock", .failure, "late", advice: "Wait."),
        ])
        #expect(
            report.text == """
                OK    slurm.conf  found
                FAIL  clock       late
                                  -> Wait.
                1 OK, 1 FAIL

                """)
    }

    @Test(
        "The mount that holds a path",
        arguments: [("/home/ada", "nfs4"), ("/homes", "ext4"), ("/", "ext4"), ("/a b/c", "lustre"), ("/home", "nfs4")])
    func mounts(path: String, type: String) {
        let mounts =
            "rootfs / rootfs rw 0 0\n/dev/sda / ext4 rw 0 0\nsrv:/home /home nfs4 rw 0 0\nx@tcp:/s /a\\040b lustre rw 0 0\nbroken\n"
        #expect(HostProbe.fileSystemType(of: path, mounts: mounts) == type)
    }

    @Test("Programs are found in PATH, by path, and nowhere else")
    func programs() {
        #expect(HostProbe.find("sh", path: "/nowhere:/bin") == "/bin/sh")
        #expect(HostProbe.find("/bin/sh", path: "") == "/bin/sh")
        #expect(HostProbe.find("/bin/none", path: "/bin") == nil)
        #expect(HostProbe.find("no-such-program", path: "/bin:/usr/bin") == nil)
    }

    @Test("A port in use, and one that is free, are told apart")
    func ports() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #expect(bind(descriptor, $0, length) == 0)
                #expect(listen(descriptor, 1) == 0)
                #expect(getsockname(descriptor, $0, &length) == 0)
            }
        }
        #expect(HostProbe.bindError("0.0.0.0", Int(UInt16(bigEndian: name.sin_port))) == EADDRINUSE)
        #expect(HostProbe.bindError("127.0.0.1", 0) == 0)
    }
}
