import Foundation
import Kubernetes

/// API server, rights, clock, certificate and port.
struct ServerChecks {
    let configuration: KubeletConfiguration
    let probes: DoctorProbes

    var all: [Doctor.Check] {
        [
            Doctor.Check(name: "kubeconfig", run: kubeconfig), Doctor.Check(name: "API server", limit: .seconds(30), run: server),
            Doctor.Check(name: "clock", limit: .seconds(30), run: clock), Doctor.Check(name: "rights", limit: .seconds(40), run: rights),
            Doctor.Check(name: "kubelet certificate", run: certificate),
            Doctor.Check(name: "kubelet port", run: { port("kubelet port", configuration.kubeletPort, "--kubelet-port") }),
            Doctor.Check(name: "supervisor port", run: { port("supervisor port", configuration.supervisorPort, "--supervisor-port") }),
        ]
    }

    @Sendable private func kubeconfig() async -> DoctorFinding {
        do {
            let connection = try probes.connection()
            return DoctorFinding("kubeconfig", .ok, "\(connection.server) by \(connection.origin)")
        } catch {
            return DoctorFinding(
                "kubeconfig", .failure, "\(error)", advice: "Correct the file, or name another with --kubeconfig or KUBECONFIG.")
        }
    }

    private var isConnected: Bool { (try? probes.connection()) != nil }

    @Sendable private func server() async -> DoctorFinding {
        let name = "API server"
        guard isConnected else { return DoctorFinding(name, .skipped, "not asked: see kubeconfig") }
        do {
            return DoctorFinding(name, .ok, "answers, version \(try await probes.server().version)")
        } catch {
            return DoctorFinding(
                name, .failure, "\(error)", advice: "Start the control plane, or correct server and credentials in the kubeconfig.")
        }
    }

    @Sendable private func clock() async -> DoctorFinding {
        guard isConnected, let date = try? await probes.server().date else {
            return DoctorFinding("clock", .skipped, "not compared: the API server gave no time")
        }
        let difference = abs(date.timeIntervalSince(probes.now()))
        let seconds = "\(Int(difference.rounded())) s"
        // The header has whole seconds; the node's lease lasts 40.
        if difference <= 3 { return DoctorFinding("clock", .ok, "as the API server's, within 3 s") }
        let advice = "Let both hosts follow the same time server (chrony, ntpd): leases and certificates go by the clock."
        return DoctorFinding("clock", difference <= 20 ? .warning : .failure, "\(seconds) away from the API server's", advice: advice)
    }

    private typealias Question = DoctorProbes.AccessQuestion

    /// What the agent cannot do without.
    private var needed: [Question] {
        let node = ["get", "create", "patch"].map { Question(verb: $0, resource: "nodes") }
        let lease = ["get", "create", "patch"].map {
            Question(verb: $0, resource: "leases", group: "coordination.k8s.io", namespace: "kube-node-lease")
        }
        let pods = ["list", "watch", "delete"].map { Question(verb: $0, resource: "pods", namespace: configuration.namespace) }
        let binding =
            configuration.runsScheduler ? [Question(verb: "create", resource: "pods/binding", namespace: configuration.namespace)] : []
        return node + lease + pods + binding + [
            Question(verb: "patch", resource: "nodes/status"),
            Question(verb: "patch", resource: "pods/status", namespace: configuration.namespace),
            Question(verb: "create", resource: "events", namespace: configuration.namespace),
        ]
    }

    /// What some pods need. A node's own credentials have these for the pods that are bound to it, which cannot be asked beforehand.
    private var wanted: [Question] {
        [
            Question(verb: "get", resource: "secrets", namespace: configuration.namespace),
            Question(verb: "get", resource: "configmaps", namespace: configuration.namespace),
            Question(verb: "create", resource: "serviceaccounts/token", namespace: configuration.namespace),
            Question(verb: "list", resource: "services", namespace: configuration.namespace),
        ]
    }

    @Sendable private func rights() async -> DoctorFinding {
        guard isConnected else { return DoctorFinding("rights", .skipped, "not asked: see kubeconfig") }
        do {
            let missing = try await refused(needed)
            guard missing.isEmpty else {
                let hint = missing.contains { $0.hasSuffix("pods/binding") } ? " Without the right to bind, use --no-scheduler." : ""
                return DoctorFinding(
                    "rights", .failure, "may not \(missing.joined(separator: ", "))",
                    advice: "Grant these to the kubeconfig's user by a ClusterRole.\(hint)")
            }
            let less = try await refused(wanted)
            guard less.isEmpty else {
                return DoctorFinding(
                    "rights", .warning, "may not in general \(less.joined(separator: ", "))",
                    advice: "Right for a node's own credentials; other users need these for pods with such volumes.")
            }
            return DoctorFinding("rights", .ok, "all \(needed.count + wanted.count) that are used")
        } catch {
            return DoctorFinding("rights", .skipped, "could not be asked: \(error)")
        }
    }

    private func refused(_ questions: [Question]) async throws -> [String] {
        var refused: [String] = []
        for question in questions where try await !probes.allowed(question) { refused.append("\(question.verb) \(question.resource)") }
        return refused
    }

    @Sendable private func certificate() async -> DoctorFinding {
        let name = "kubelet certificate"
        guard let certificate = configuration.certificateFile, let key = configuration.keyFile else {
            return DoctorFinding(name, .ok, "none given: the agent makes its own")
        }
        let address = configuration.kubeletAddress ?? "127.0.0.1"
        do {
            let found = try probes.certificate(certificate, key, address)
            let days = (found.notAfter - Int64(probes.now().timeIntervalSince1970)) / 86_400
            guard days >= 0 else { return DoctorFinding(name, .failure, "\(certificate) has ended", advice: "Renew it.") }
            if days < 14 { return DoctorFinding(name, .warning, "\(certificate) ends in \(days) days", advice: "Renew it.") }
            guard found.coversAddress || configuration.kubeletAddress == nil else {
                return DoctorFinding(
                    name, .warning, "\(certificate) is not made out for \(address)",
                    advice: "API servers with --kubelet-certificate-authority refuse it: add IP:\(address) as alternative name.")
            }
            return DoctorFinding(name, .ok, "\(certificate) and its key fit, good for \(days) days")
        } catch {
            return DoctorFinding(name, .failure, "\(error)", advice: "Correct --certificate and --key, or leave both out.")
        }
    }

    private func port(_ name: String, _ port: Int, _ flag: String) -> DoctorFinding {
        guard port != 0 else { return DoctorFinding(name, .ok, "any free one") }
        switch probes.bindError("0.0.0.0", port) {
        case 0: return DoctorFinding(name, .ok, "\(port) is free")
        case EADDRINUSE:
            if probes.agentRuns() { return DoctorFinding(name, .ok, "\(port) is in use, and hpk-kubelet runs") }
            return DoctorFinding(name, .failure, "\(port) is in use by another program", advice: "Choose another with \(flag).")
        case let code:
            return DoctorFinding(name, .failure, "\(port): \(String(cString: strerror(code)))", advice: "Choose another port with \(flag).")
        }
    }
}
