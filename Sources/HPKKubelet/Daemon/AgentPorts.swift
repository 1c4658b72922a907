import Foundation
import Kubernetes
import Logging
import NIOPosix
import ServiceLifecycle

/// The two ports of the agent: one for the API server, one for supervisors.
struct AgentPorts {
    var kubelet: KubeletServer
    var supervisors: SupervisorListener
    var access: SupervisorAccess
    private let kubeletIdentity: @Sendable (Int64) throws -> TLSIdentity
    private let supervisorIdentity: @Sendable (Int64) throws -> TLSIdentity

    static func open(
        _ configuration: KubeletConfiguration, connection: ClusterConnection, address: String, manager: PodManager, logger: Logger
    ) async throws -> AgentPorts {
        let now = Int64(Date().timeIntervalSince1970)
        do {
            let identities = try await NIOThreadPool.singleton.runIfActive {
                try IdentityStore(directory: configuration.stateDirectory + "/agent", now: now)
            }
            let host = configuration.supervisorAddress ?? address
            let serverName = "\(configuration.nodeName).hpk.internal"
            let names = [CertificateName.dns(serverName), try CertificateName(host)]
            let supervisorIdentity: @Sendable (Int64) throws -> TLSIdentity = { now in
                try identities.serverIdentity("supervisors", commonName: serverName, names: names, now: now)
            }
            let kubeletIdentity: @Sendable (Int64) throws -> TLSIdentity = { now in
                try Self.kubeletIdentity(configuration, identities, address: address, now: now)
            }
            let supervisors = try await SupervisorListener.bind(
                SupervisorListenerConfiguration(
                    host: bindAddress(host), port: configuration.supervisorPort, portFile: configuration.stateDirectory + "/agent/port",
                    advertisedHosts: [host]),
                identity: try await NIOThreadPool.singleton.runIfActive { try supervisorIdentity(now) },
                handler: manager, logger: logger)
            let kubelet = try await KubeletServer.bind(
                KubeletServerConfiguration(
                    host: bindAddress(address), port: configuration.kubeletPort,
                    clientAuthorities: try clientAuthorities(configuration, connection)),
                identity: try await NIOThreadPool.singleton.runIfActive { try kubeletIdentity(now) }, state: manager, logger: logger)
            let relayed = configuration.supervisorPublicPort.map { [host.contains(":") ? "[\(host)]:\($0)" : "\(host):\($0)"] }
            return AgentPorts(
                kubelet: kubelet, supervisors: supervisors,
                access: SupervisorAccess(
                    endpoints: relayed ?? supervisors.endpoints, certificateAuthority: identities.authority.certificate,
                    serverName: serverName),
                kubeletIdentity: kubeletIdentity, supervisorIdentity: supervisorIdentity)
        } catch let error as CertificateError {
            throw StartupFailure(.configuration, problem: "\(error)", advice: "`hpk-kubelet doctor` looks at each certificate.")
        } catch let failure as StartupFailure {
            throw failure
        } catch {
            throw StartupFailure(
                .unavailable, problem: "cannot listen on port \(configuration.kubeletPort) or \(configuration.supervisorPort): \(error)",
                advice: "Choose free ports with --kubelet-port and --supervisor-port.")
        }
    }

    /// Looks at both certificates once a day: ours are renewed before their end, given ones are read again.
    func renewal(logger: Logger) -> some ServiceLifecycle.Service {
        CertificateRenewal(logger: logger) { now in
            try kubelet.replaceIdentity(kubeletIdentity(now))
            try supervisors.replaceIdentity(supervisorIdentity(now))
        }
    }

    /// A loopback address keeps the port to this host; any other is reached by all of the host's addresses.
    static func bindAddress(_ host: String) -> String {
        host == "localhost" || host.hasPrefix("127.") || host == "::1" ? host : "0.0.0.0"
    }

    private static func kubeletIdentity(
        _ configuration: KubeletConfiguration, _ identities: IdentityStore, address: String, now: Int64
    ) throws -> TLSIdentity {
        if let certificate = configuration.certificateFile, let key = configuration.keyFile {
            return try TLSIdentity.load(certificatePath: certificate, keyPath: key, now: now)
        }
        return try identities.serverIdentity(
            "kubelet", commonName: "system:node:\(configuration.nodeName)", organizations: ["system:nodes"],
            names: [try CertificateName(address), .dns(configuration.nodeName)], now: now)
    }

    private static func clientAuthorities(_ configuration: KubeletConfiguration, _ connection: ClusterConnection) throws -> String {
        if let path = configuration.clientAuthorityFile {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw StartupFailure(
                    .noInput, problem: "cannot read the client authority \(path)", advice: "Correct --client-ca-file, or leave it out.")
            }
            return text
        }
        guard let data = connection.tls.certificateAuthority else {
            throw StartupFailure(
                .configuration, problem: "the kubeconfig names no certificate authority, so nobody could use the kubelet port",
                advice: "Name the cluster's client CA with --client-ca-file.")
        }
        return String(decoding: data, as: UTF8.self)
    }
}

/// Renews the certificates of a running agent.
private struct CertificateRenewal: ServiceLifecycle.Service {
    let logger: Logger
    let renew: @Sendable (Int64) throws -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(86_400))
                guard !Task.isCancelled else { return }
                do {
                    // The files may be on a shared file system, which may hang.
                    try await NIOThreadPool.singleton.runIfActive { try renew(Int64(Date().timeIntervalSince1970)) }
                } catch is CancellationError {
                    return
                } catch {
                    logger.error("the agent's certificates were not renewed", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
