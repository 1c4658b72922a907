import Foundation

/// Apptainer and what the kernel lets an ordinary user do on this host. The compute nodes should be alike.
struct SandboxChecks {
    let configuration: KubeletConfiguration
    let probes: DoctorProbes

    var all: [Doctor.Check] {
        [
            Doctor.Check(name: "apptainer", run: apptainer), Doctor.Check(name: "unsquashfs", run: unsquashfs),
            Doctor.Check(name: "user namespaces", run: userNamespaces),
            Doctor.Check(name: "subordinate ids", run: subordinateIDs),
            Doctor.Check(name: "pod sandbox", limit: .seconds(30), run: sandbox),
            Doctor.Check(name: "container in it", limit: .seconds(60), run: container), Doctor.Check(name: "/dev/fuse", run: fuse),
            Doctor.Check(name: "private network", run: privateNetwork),
        ]
    }

    /// `apptainer version 1.4.5-dist` → 1, 4.
    static func version(_ text: String) -> (major: Int, minor: Int)? {
        guard let word = text.split(whereSeparator: \.isWhitespace).first(where: { $0.first?.isNumber == true }) else { return nil }
        let parts = word.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }

    @Sendable private func apptainer() async -> DoctorFinding {
        let name = "apptainer"
        guard let path = probes.find(configuration.apptainer) else {
            return DoctorFinding(
                name, .failure, "there is no \(configuration.apptainer) in PATH",
                advice: "Install Apptainer 1.1 or later, or name it with --apptainer.")
        }
        do {
            let words = try await probes.run(path, ["--version"]).trimmingCharacters(in: .whitespacesAndNewlines)
            guard let version = Self.version(words) else {
                return DoctorFinding(
                    name, .failure, "\(path) says \(words.debugDescription)", advice: "Name an Apptainer program with --apptainer.")
            }
            guard words.contains("apptainer"), version >= (1, 1) else {
                return DoctorFinding(
                    name, .failure, "\(path) is \(words)", advice: "Install Apptainer 1.1 or later: --ignore-userns is needed.")
            }
            let kind = await isSetuid(path) ? "with its setuid starter" : "without a setuid starter"
            return DoctorFinding(name, .ok, "\(path), \(words), \(kind)")
        } catch {
            return DoctorFinding(name, .failure, "\(path) --version: \(error)", advice: "Repair the installation of Apptainer.")
        }
    }

    /// The agent reads the users of a SIF image with `unsquashfs -cat`, which squashfs-tools 4.5 brought.
    @Sendable private func unsquashfs() async -> DoctorFinding {
        let name = "unsquashfs"
        let lost = "images whose USER is a name, and runAsNonRoot with them, do not work"
        guard let path = probes.find(name) else {
            return DoctorFinding(
                name, .warning, "there is none in PATH: \(lost)", advice: "Install squashfs-tools 4.5 or later on this host.")
        }
        do {
            // Many releases show their version and end with 1.
            let words = try await probes.run("/bin/sh", ["-c", "\"$0\" -version; exit 0", path])
            let line = words.split(separator: "\n").first.map(String.init) ?? ""
            guard let version = Self.version(line), version >= (4, 5) else {
                return DoctorFinding(
                    name, .warning, "\(path) says \(line.debugDescription): \(lost)",
                    advice: "Install squashfs-tools 4.5 or later on this host.")
            }
            return DoctorFinding(name, .ok, "\(path), \(line)")
        } catch {
            return DoctorFinding(
                name, .warning, "\(path) -version: \(error): \(lost)", advice: "Repair the installation of squashfs-tools.")
        }
    }

    private func isSetuid(_ path: String) async -> Bool {
        guard let settings = try? await probes.run(path, ["buildcfg"]),
            let line = settings.split(separator: "\n").first(where: { $0.hasPrefix("LIBEXECDIR=") }),
            let mode = probes.mode(line.dropFirst("LIBEXECDIR=".count) + "/apptainer/bin/starter-suid")
        else { return false }
        return mode & 0o4000 != 0
    }

    @Sendable private func userNamespaces() async -> DoctorFinding {
        let name = "user namespaces"
        func number(_ path: String) -> Int? { probes.text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) } }
        guard let limit = number("/proc/sys/user/max_user_namespaces"), limit > 0 else {
            return DoctorFinding(
                name, .failure, "the kernel gives none",
                advice: "As root: sysctl -w user.max_user_namespaces=15000, here and on the compute nodes.")
        }
        if number("/proc/sys/kernel/unprivileged_userns_clone") == 0 {
            return DoctorFinding(
                name, .failure, "forbidden for ordinary users",
                advice: "As root: sysctl -w kernel.unprivileged_userns_clone=1, here and on the compute nodes.")
        }
        if number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1 {
            return DoctorFinding(
                name, .warning, "AppArmor restricts them",
                advice: "Load an AppArmor profile that allows userns for hpk-pod, or lift the restriction.")
        }
        return DoctorFinding(name, .ok, "allowed, up to \(limit)")
    }

    /// The longest range of a user in subuid(5) or subgid(5).
    static func longestRange(_ text: String, user: String, id: UInt32) -> UInt64 {
        text.split(separator: "\n").compactMap { line -> UInt64? in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3, fields[0] == user || fields[0] == String(id), let count = UInt64(fields[2]) else { return nil }
            return count
        }.max() ?? 0
    }

    @Sendable private func subordinateIDs() async -> DoctorFinding {
        let name = "subordinate ids"
        let user = probes.userName()
        let ranges = ["/etc/subuid", "/etc/subgid"].map {
            (path: $0, count: Self.longestRange(probes.text($0) ?? "", user: user, id: probes.userID()))
        }
        let lost = "without them runAsUser, fsGroup and chown do not work in pods"
        if let missing = ranges.first(where: { $0.count < 65536 }) {
            return DoctorFinding(
                name, .warning, "\(user) has \(missing.count == 0 ? "none" : "only \(missing.count)") in \(missing.path): \(lost)",
                advice: "As root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 \(user), on every compute node.")
        }
        for program in ["newuidmap", "newgidmap"] where probes.find(program) == nil {
            return DoctorFinding(
                name, .warning, "there is no \(program): \(lost)",
                advice: "Install the package uidmap (shadow-utils), also on the compute nodes.")
        }
        return DoctorFinding(name, .ok, "\(user) has \(ranges[0].count) user ids and \(ranges[1].count) group ids")
    }

    /// The namespaces of a pod, as unshare(1) makes them.
    private static let namespaces = ["--user", "--map-root-user", "--map-auto", "--net", "--mount", "--pid", "--fork", "--mount-proc"]

    @Sendable private func sandbox() async -> DoctorFinding {
        let name = "pod sandbox"
        guard let unshare = probes.find("unshare") else { return DoctorFinding(name, .skipped, "not tried: there is no unshare program") }
        do {
            _ = try await probes.run(unshare, Self.namespaces + ["true"])
            return DoctorFinding(name, .ok, "user, network, mount and process namespaces with mapped ids")
        } catch {
            do {
                _ = try await probes.run(unshare, Self.namespaces.filter { $0 != "--map-auto" } + ["true"])
                return DoctorFinding(
                    name, .warning, "namespaces work, but only with one id: \(error)",
                    advice: "See subordinate ids above; runAsUser and chown need them.")
            } catch {
                return DoctorFinding(
                    name, .failure, "no namespaces for this user: \(error)",
                    advice: "See user namespaces above; containers and seccomp may forbid them too.")
            }
        }
    }

    @Sendable private func container() async -> DoctorFinding {
        let name = "container in it"
        guard let unshare = probes.find("unshare"), let apptainer = probes.find(configuration.apptainer) else {
            return DoctorFinding(name, .skipped, "not tried: see the checks above")
        }
        let folder: String
        do {
            folder = try TrialImage.make(in: configuration.localDirectory)
        } catch {
            return DoctorFinding(name, .skipped, "not tried: cannot make an image in \(configuration.localDirectory): \(error)")
        }
        defer { TrialImage.remove(folder) }
        let exec = [apptainer, "exec", "--ignore-userns", "--contain"] + TrialImage.binds + [folder, "/bin/true"]
        do {
            _ = try await probes.run(unshare, Self.namespaces + exec)
            return DoctorFinding(name, .ok, "apptainer exec --ignore-userns runs in the sandbox")
        } catch {
            return DoctorFinding(
                name, .failure, "apptainer exec --ignore-userns: \(error)",
                advice: "Run `apptainer exec` by hand; see the checks above for what it lacks.")
        }
    }

    @Sendable private func fuse() async -> DoctorFinding {
        let code = probes.accessError("/dev/fuse")
        guard code == 0 else {
            return DoctorFinding(
                "/dev/fuse", .warning, "not usable: \(String(cString: strerror(code)))",
                advice: "As root: modprobe fuse; chmod 666 /dev/fuse. Without it each SIF image is unpacked anew at each start.")
        }
        return DoctorFinding("/dev/fuse", .ok, "usable")
    }

    @Sendable private func privateNetwork() async -> DoctorFinding {
        let name = "private network"
        let needed = configuration.network == .private
        let program = probes.find("pasta") ?? probes.find("slirp4netns")
        let code = probes.accessError("/dev/net/tun")
        if let program, code == 0 { return DoctorFinding(name, .ok, "\(program) and /dev/net/tun are usable") }
        let lacks =
            program == nil ? "there is neither pasta nor slirp4netns" : "/dev/net/tun is not usable: \(String(cString: strerror(code)))"
        guard needed else { return DoctorFinding(name, .ok, "not needed with --network host (\(lacks))") }
        return DoctorFinding(
            name, .failure, lacks,
            advice: program == nil ? "Install the package passt on the compute nodes." : "As root: modprobe tun; chmod 666 /dev/net/tun.")
    }
}

/// An image folder that holds nothing but mount points for the host's own programs.
enum TrialImage {
    private static let folders = ["/bin", "/lib", "/lib64", "/usr"].filter { FileManager.default.fileExists(atPath: $0) }

    static var binds: [String] { folders.flatMap { ["--bind", "\($0):\($0):ro"] } }

    static func make(in directory: String) throws -> String {
        let path = "\(directory)/hpk-doctor-\(UUID().uuidString)"
        for folder in folders + ["/dev", "/proc", "/sys", "/tmp", "/etc", "/var/tmp", "/root", "/home"] {
            try FileManager.default.createDirectory(atPath: path + folder, withIntermediateDirectories: true)
        }
        return path
    }

    static func remove(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }
}
