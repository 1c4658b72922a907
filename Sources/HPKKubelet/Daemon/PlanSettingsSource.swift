import Foundation
import Glibc
import Kubernetes
import Logging
import PodProtocol

/// What the translation of pods needs to know, as it is at the moment: the cluster's name servers may appear and move.
actor PlanSettingsSource {
    private let client: KubernetesClient
    private let node: NodeService
    private let asksForDNS: Bool
    private var settings: PlanSettings
    private var dnsAskedAt: ContinuousClock.Instant?

    init(configuration: KubeletConfiguration, client: KubernetesClient, cluster: String, address: String, node: NodeService) {
        self.client = client
        self.node = node
        let server = URL(string: client.connection.server)
        var settings = PlanSettings(
            nodeName: configuration.nodeName, clusterName: cluster, apiServerHost: server?.host ?? address,
            apiServerPort: server?.port ?? 443, clusterDNS: configuration.clusterDNS, clusterDomain: configuration.clusterDomain,
            defaultNetwork: configuration.network, apptainer: configuration.apptainer, podProgram: configuration.podProgram ?? "",
            initProgram: configuration.initProgram ?? "", localDirectory: configuration.localDirectory)
        settings.containerSteps = configuration.containerSteps
        settings.jobEnvironment = Self.jobEnvironment
        self.settings = settings
        asksForDNS = configuration.clusterDNS.isEmpty
    }

    /// The settings, with the name servers of `kube-system/kube-dns` looked up at most once in 30 seconds.
    func current() async -> PlanSettings {
        settings.allocatable = node.node?.status.allocatable ?? [:]
        if let gres = node.slurm.totals?.gres { settings.gres = ExtendedResources.gres(gres) }
        guard asksForDNS, dnsAskedAt.map({ $0.duration(to: .now) > .seconds(30) }) ?? true else { return settings }
        dnsAskedAt = .now
        if let endpoints = try? await client.get(Endpoints.self, "kube-dns", namespace: "kube-system") {
            settings.clusterDNS = endpoints.subsets.flatMap { ($0.addresses ?? []).map(\.ip) }
        } else {
            settings.clusterDNS = []
        }
        return settings
    }

    /// What the batch step starts with: nothing of this process's own environment but who the user is.
    static var jobEnvironment: [String: String] {
        var environment = ["PATH": PlanSettings.defaultPath, "LANG": "C.UTF-8"]
        for name in ["HOME", "USER", "LOGNAME"] {
            environment[name] = ProcessInfo.processInfo.environment[name]
        }
        return environment
    }
}
