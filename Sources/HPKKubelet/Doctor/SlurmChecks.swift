import Slurm

/// slurm.conf, authentication, libslurm, slurmctld and partitions.
struct SlurmChecks {
    let configuration: KubeletConfiguration
    let probes: DoctorProbes

    var all: [Doctor.Check] {
        [
            Doctor.Check(name: "slurm.conf", run: slurmConf), Doctor.Check(name: "slurm authentication", run: authentication),
            Doctor.Check(name: "libslurm", run: library), Doctor.Check(name: "slurmctld", limit: .seconds(40), run: controller),
            Doctor.Check(name: "slurm partitions", limit: .seconds(40), run: partitions),
        ]
    }

    private enum Setup {
        case good(SlurmSetup)
        case bad(SlurmSetupError)
        case other(String)
    }

    private func setup() async -> Setup {
        do {
            return .good(try await probes.slurmSetup())
        } catch let error as SlurmSetupError {
            return .bad(error)
        } catch {
            return .other("\(error)")
        }
    }

    @Sendable private func slurmConf() async -> DoctorFinding {
        let name = "slurm.conf"
        switch await setup() {
        case .good(let setup):
            let controllers = setup.controllers.map(\.name).joined(separator: ", ")
            return DoctorFinding(name, .ok, "\(setup.sourceFile): cluster \(setup.clusterName), slurmctld on \(controllers)")
        case .bad(.configurationMissing(let tried)):
            return DoctorFinding(
                name, .failure, "no file at \(tried.joined(separator: ", "))",
                advice: "Set --slurm-conf or SLURM_CONF to the cluster's slurm.conf.")
        case .bad(.configurationUnreadable(let path, let reason)):
            return DoctorFinding(
                name, .failure, "cannot read \(path): \(reason)", advice: "Ask the administrator to let this user read it.")
        case .bad(.configurationInvalid(let path, let reason)):
            return DoctorFinding(
                name, .failure, "\(path) cannot be used: \(reason)", advice: "Correct it by slurm.conf(5), then `scontrol ping`.")
        case .bad(.libraryRefused), .bad(.authenticationUnreachable):
            return DoctorFinding(name, .ok, "found and readable")
        case .bad(.versionMismatch):
            return DoctorFinding(name, .skipped, "not looked at: see libslurm")
        case .bad(let error): return DoctorFinding(name, .failure, "\(error)", advice: "Correct what is named.")
        case .other(let words): return DoctorFinding(name, .failure, words, advice: "Correct what is named.")
        }
    }

    @Sendable private func authentication() async -> DoctorFinding {
        let name = "slurm authentication"
        switch await setup() {
        case .good(let setup): return DoctorFinding(name, .ok, "\(setup.authType) takes connections at \(setup.authSocket)")
        case .bad(.authenticationUnreachable(let service, let socket, let reason)):
            return DoctorFinding(
                name, .failure, "\(service) does not answer at \(socket): \(reason)",
                advice: "Start \(service) on this host, or correct AuthInfo's socket in slurm.conf.")
        case .bad(.libraryRefused): return DoctorFinding(name, .ok, "its socket takes connections")
        default: return DoctorFinding(name, .skipped, "not looked at: slurm.conf cannot be used")
        }
    }

    @Sendable private func library() async -> DoctorFinding {
        let name = "libslurm"
        let versions = probes.slurmVersions()
        guard versions.fits else {
            return DoctorFinding(
                name, .failure,
                "compiled for Slurm \(versions.compiled), but libslurm \(versions.runtime ?? "of an unknown release") is loaded",
                advice: "Build hpk-kubelet against the libslurm of this host (make, with its libslurm-dev).")
        }
        if case .bad(.libraryRefused(let words)) = await setup() {
            return DoctorFinding(
                name, .failure, "libslurm does not start: \(words.isEmpty ? "it gave no reason" : words)",
                advice: "Correct slurm.conf until `scontrol ping` works for this user.")
        }
        return DoctorFinding(name, .ok, "\(versions.runtime ?? versions.compiled), as compiled for (\(versions.compiled))")
    }

    @Sendable private func controller() async -> DoctorFinding {
        let name = "slurmctld"
        guard case .good = await setup() else { return DoctorFinding(name, .skipped, "not asked: see the checks above") }
        do {
            let controllers = try await probes.slurmCluster().controllers
            let up = controllers.filter { $0.problem == nil }.map(\.host)
            let down = controllers.filter { $0.problem != nil }
            guard !up.isEmpty else {
                let words = down.map { "\($0.host): \($0.problem ?? "")" }.joined(separator: "; ")
                return DoctorFinding(
                    name, .failure, "no controller answers: \(words)", advice: "Start slurmctld, or open the way to its port.")
            }
            let others = down.isEmpty ? "" : "; \(down.map(\.host).joined(separator: ", ")) does not"
            return DoctorFinding(
                name, down.isEmpty ? .ok : .warning, "\(up.joined(separator: ", ")) answers\(others)",
                advice: down.isEmpty ? nil : "Look after the controller that does not answer.")
        } catch {
            return DoctorFinding(name, .failure, "\(error)", advice: "Start slurmctld, or open the way to its port; see `scontrol ping`.")
        }
    }

    @Sendable private func partitions() async -> DoctorFinding {
        let name = "slurm partitions"
        guard case .good = await setup() else { return DoctorFinding(name, .skipped, "not asked: see the checks above") }
        guard let cluster = try? await probes.slurmCluster() else { return DoctorFinding(name, .skipped, "not asked: see slurmctld") }
        let usable = cluster.partitions.filter { $0.isUp && $0.nodes > 0 }
        guard !usable.isEmpty, cluster.usableNodes > 0 else {
            return DoctorFinding(
                name, .failure, "\(usable.count) partitions are up, \(cluster.usableNodes) nodes usable",
                advice: "See `sinfo`; pods wait until a partition is up and has nodes.")
        }
        let words = "\(usable.map(\.name).joined(separator: ", ")); \(cluster.usableNodes) nodes usable"
        let away = cluster.unusableNodes > 0 ? ", \(cluster.unusableNodes) not" : ""
        guard usable.contains(where: \.isDefault) else {
            return DoctorFinding(
                name, .warning, words + away + "; none is the default",
                advice: "Pods must name one: annotation slurm.hpk.io/flags: --partition=\(usable[0].name).")
        }
        return DoctorFinding(name, .ok, words + away)
    }
}
