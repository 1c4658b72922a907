import Kubernetes

/// The lines of a `resolv.conf` (resolv.conf(5)).
public struct ResolverConfiguration: Sendable, Equatable {
    public var nameservers: [String]
    public var searches: [String]
    /// As they stand in the file: `ndots:5`, `edns0`.
    public var options: [String]

    public init(nameservers: [String] = [], searches: [String] = [], options: [String] = []) {
        self.nameservers = nameservers
        self.searches = searches
        self.options = options
    }

    /// The file's text.
    public var text: String {
        var lines: [String] = []
        if !searches.isEmpty { lines.append("search " + searches.joined(separator: " ")) }
        lines += nameservers.map { "nameserver \($0)" }
        if !options.isEmpty { lines.append("options " + options.joined(separator: " ")) }
        return lines.map { $0 + "\n" }.joined()
    }
}

/// Makes a pod's resolver settings from `dnsPolicy` and `dnsConfig`, as the kubelet does.
struct PodResolver {
    /// What the C library reads (resolv.conf(5)); Kubernetes keeps to the same.
    static let maximumNameservers = 3
    static let maximumSearches = 32
    static let maximumSearchLength = 2048

    let pod: Pod
    let settings: PlanSettings

    /// The file's text, nil for the compute node's own file, and what the pod's owner should know.
    func resolve() throws(TranslationError) -> (text: String?, notices: [PlanNotice]) {
        try validate()
        var notices: [PlanNotice] = []
        var configuration: ResolverConfiguration
        switch effectivePolicy(&notices) {
        case .none:
            configuration = ResolverConfiguration()
            guard let nameservers = pod.spec.dnsConfig?.nameservers, !nameservers.isEmpty else {
                throw .invalid("spec.dnsConfig.nameservers", "must provide at least one DNS nameserver when dnsPolicy is None")
            }
        case .clusterFirst:
            let domain = settings.clusterDomain
            let own = ["\(pod.metadata.namespace).svc.\(domain)", "svc.\(domain)", domain]
            configuration = ResolverConfiguration(
                nameservers: settings.clusterDNS, searches: Self.unique(own + (settings.nodeResolver?.searches ?? [])), options: ["ndots:5"]
            )
        default:
            // Without additions the node's own file is right on every compute node.
            guard hasAdditions else { return (nil, notices) }
            configuration = settings.nodeResolver ?? ResolverConfiguration()
        }
        merge(into: &configuration)
        limit(&configuration, &notices)
        guard !configuration.nameservers.isEmpty else {
            notices.append(
                PlanNotice(
                    reason: "DNSConfigForming",
                    message: "dnsConfig cannot be added to the node's settings, which are not known; the node's own resolv.conf is used"))
            return (nil, notices)
        }
        return (configuration.text, notices)
    }

    private func effectivePolicy(_ notices: inout [PlanNotice]) -> DNSPolicy {
        let policy = pod.spec.dnsPolicy ?? .clusterFirst
        switch policy {
        case .none, .default: return policy
        case .clusterFirst where pod.spec.hostNetwork: return .default
        case .clusterFirst, .clusterFirstWithHostNet:
            if !settings.clusterDNS.isEmpty { return .clusterFirst }
            notices.append(
                PlanNotice(
                    reason: "MissingClusterDNS",
                    message: "kubelet does not have ClusterDNS IP configured and cannot create Pod using \"\(policy)\" policy. "
                        + "Falling back to \"Default\" policy."))
            return .default
        default: return .default
        }
    }

    private var hasAdditions: Bool {
        guard let config = pod.spec.dnsConfig else { return false }
        return !config.nameservers.isEmpty || !config.searches.isEmpty || !config.options.isEmpty
    }

    private func merge(into configuration: inout ResolverConfiguration) {
        guard let config = pod.spec.dnsConfig else { return }
        configuration.nameservers = Self.unique(configuration.nameservers + config.nameservers)
        configuration.searches = Self.unique(configuration.searches + config.searches)
        for option in config.options {
            let name = option.name ?? ""
            let line = option.value.flatMap { $0.isEmpty ? nil : "\(name):\($0)" } ?? name
            let position = configuration.options.firstIndex { $0 == name || $0.hasPrefix(name + ":") }
            if let position { configuration.options[position] = line } else { configuration.options.append(line) }
        }
    }

    private func limit(_ configuration: inout ResolverConfiguration, _ notices: inout [PlanNotice]) {
        if configuration.nameservers.count > Self.maximumNameservers {
            configuration.nameservers = Array(configuration.nameservers.prefix(Self.maximumNameservers))
            notices.append(
                PlanNotice(
                    reason: "DNSConfigForming",
                    message: "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: "
                        + configuration.nameservers.joined(separator: " ")))
        }
        var kept: [String] = []
        var length = 0
        for domain in configuration.searches.prefix(Self.maximumSearches) {
            length += domain.utf8.count + (kept.isEmpty ? 0 : 1)
            guard length <= Self.maximumSearchLength else { break }
            kept.append(domain)
        }
        if kept.count < configuration.searches.count {
            configuration.searches = kept
            notices.append(
                PlanNotice(
                    reason: "DNSConfigForming",
                    message: "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: "
                        + kept.joined(separator: " ")))
        }
    }

    private func validate() throws(TranslationError) {
        guard let config = pod.spec.dnsConfig else { return }
        for (index, server) in config.nameservers.enumerated() where !IPAddressText.isValid(server) {
            throw .invalid("spec.dnsConfig.nameservers[\(index)]", "\(server.quotedForMessage) is not an IP address")
        }
        for (index, domain) in config.searches.enumerated() where !TextRules.isHostsWord(domain) {
            throw .invalid("spec.dnsConfig.searches[\(index)]", "\(domain.quotedForMessage) is not a domain name")
        }
        for (index, option) in config.options.enumerated() {
            let value = option.value ?? ""
            guard TextRules.isHostsWord(option.name ?? ""), value.isEmpty || TextRules.isHostsWord(value) else {
                throw .invalid("spec.dnsConfig.options[\(index)]", "name and value must be single printable words")
            }
        }
    }

    private static func unique(_ list: [String]) -> [String] {
        var seen: Set<String> = []
        return list.filter { seen.insert($0).inserted }
    }
}
