import Foundation

/// Folders and programs.
struct FileChecks {
    let configuration: KubeletConfiguration
    let probes: DoctorProbes

    var all: [Doctor.Check] {
        [
            Doctor.Check(name: "working directory", run: workingDirectory), Doctor.Check(name: "local directory", run: localDirectory),
            Doctor.Check(name: "hpk-pod", run: { program("hpk-pod", configuration.podProgram, "--pod-program") }),
            Doctor.Check(name: "hpk-init", run: { program("hpk-init", configuration.initProgram, "--init-program") }),
        ]
    }

    /// File systems that several hosts share.
    private static let shared = [
        "nfs", "nfs4", "lustre", "gpfs", "beegfs", "beegfs_nodev", "ceph", "fuse.ceph", "cifs", "smb3", "orangefs", "pvfs2", "panfs",
        "wekafs", "fuse.glusterfs", "fuse.juicefs", "afs", "9p", "virtiofs", "ocfs2", "gfs2",
    ]

    @Sendable private func workingDirectory() async -> DoctorFinding {
        let name = "working directory"
        let path = configuration.workingDirectory
        do {
            let system = try await probes.tryFolder(path, false)
            if system.freeBytes < 1 << 30 {
                return DoctorFinding(
                    name, .warning, "\(path) (\(system.type)) has less than 1 GiB free", advice: "Make room: images and logs live there.")
            }
            if Self.shared.contains(system.type) { return DoctorFinding(name, .ok, "\(path), writable, on \(system.type)") }
            let here = probes.hostname()
            if let hosts = try? await probes.slurmCluster().hostnames, !hosts.isEmpty,
                hosts.allSatisfy({ $0.split(separator: ".").first.map(String.init) == here })
            {
                return DoctorFinding(name, .ok, "\(path), writable, on \(system.type); all compute nodes are this host")
            }
            return DoctorFinding(
                name, .warning, "\(path) is on \(system.type), which other hosts may not see",
                advice: "Choose a folder on the shared file system with --working-dir; every compute node must see it at the same path.")
        } catch {
            return DoctorFinding(
                name, .failure, "cannot use \(path): \(error)", advice: "Choose a folder that this user can write with --working-dir.")
        }
    }

    @Sendable private func localDirectory() async -> DoctorFinding {
        let name = "local directory"
        let path = configuration.localDirectory
        do {
            let system = try await probes.tryFolder(path, true)
            if Self.shared.contains(system.type) {
                return DoctorFinding(
                    name, .warning, "\(path) is on \(system.type), a shared file system",
                    advice: "Choose a folder on the nodes' own disks with --local-dir.")
            }
            return DoctorFinding(name, .ok, "\(path), writable, on \(system.type)")
        } catch {
            return DoctorFinding(
                name, .failure, "cannot use \(path): \(error)",
                advice: "Choose a folder on the nodes' own disks, writable and not mounted noexec, with --local-dir.")
        }
    }

    private func program(_ name: String, _ path: String?, _ flag: String) -> DoctorFinding {
        guard let path else { return DoctorFinding(name, .failure, "no path is known", advice: "Name it with \(flag).") }
        guard let mode = probes.mode(path) else {
            return DoctorFinding(name, .failure, "there is no \(path)", advice: "Install it beside hpk-kubelet, or name it with \(flag).")
        }
        guard mode & 0o111 != 0 else { return DoctorFinding(name, .failure, "\(path) cannot be executed", advice: "chmod +x \(path)") }
        return DoctorFinding(name, .ok, path)
    }
}
