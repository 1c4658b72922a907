import Logging
import PodProtocol

extension Setting {
    /// Puts the checked value into a configuration. Lists replace what an earlier source said.
    ///
    /// - Parameters:
    ///   - values: one value, or any number for a list.
    ///   - base: absolute folder that relative paths start from.
    ///   - home: what a leading `~/` stands for.
    func apply(
        _ values: [String], base: String, home: String, to configuration: inout KubeletConfiguration
    ) throws(ValueRefusal) {
        if isList { return try applyList(values, base: base, home: home, to: &configuration) }
        guard values.count == 1, let value = values.first else {
            throw ValueRefusal(problem: "more than one value, or none", advice: "Give one value.")
        }
        let path = { (text: String) throws(ValueRefusal) -> String in try Self.path(text, base: base, home: home) }
        switch self {
        case .nodename: configuration.nodeName = try SettingValue.dnsName(value, limit: 63)
        case .kubeletAddr: configuration.kubeletAddress = try SettingValue.address(value)
        case .kubeletPort: configuration.kubeletPort = try SettingValue.number(value, 1...65535)
        case .certificate: configuration.certificateFile = try path(value)
        case .key: configuration.keyFile = try path(value)
        case .clientCAFile: configuration.clientAuthorityFile = try path(value)
        case .namespace: configuration.namespace = value.isEmpty ? nil : try SettingValue.dnsLabel(value)
        case .maxPods: configuration.maxPods = try SettingValue.number(value, 1...1_000_000)
        case .disableTaint: configuration.isTainted = try !SettingValue.boolean(value)
        case .taintKey: configuration.taint.key = try SettingValue.qualifiedName(value)
        case .taintValue: configuration.taint.value = try SettingValue.labelValue(value)
        case .taintEffect: configuration.taint.effect = try SettingValue.choice(value, TaintSetting.Effect.self)
        case .kubeconfig: configuration.kubeconfig = try Self.paths(value, base: base, home: home)
        case .context: configuration.context = try SettingValue.text(value)
        case .podSyncWorkers: configuration.podSyncWorkers = try SettingValue.number(value, 1...1000)
        case .fullResyncPeriod: configuration.fullResyncPeriod = try DurationText.parse(value, minimum: .seconds(1))
        case .startupTimeout: configuration.startupTimeout = try DurationText.parse(value, minimum: .zero)
        case .noScheduler: configuration.runsScheduler = try !SettingValue.boolean(value)
        case .schedulerName: configuration.schedulerName = try SettingValue.dnsName(value)
        case .disableGathering: configuration.gathersSubmissions = try !SettingValue.boolean(value)
        case .slurmConf: configuration.slurmConfiguration = try path(value)
        case .apptainer: configuration.apptainer = try SettingValue.program(value)
        case .registry: configuration.registry = try SettingValue.registryPrefix(value)
        case .workingDir: configuration.workingDirectory = try path(value)
        case .localDir: configuration.localDirectory = try path(value)
        case .enableCgroupV2:
            // Apptainer makes cgroups for ordinary users through a systemd of the user's own, which a Slurm job does not have.
            guard try !SettingValue.boolean(value) else {
                throw ValueRefusal(
                    problem: "containers cannot have cgroups of their own within a Slurm job",
                    advice: "Leave it out: Slurm's own limits (cgroup.conf: ConstrainCores, ConstrainRAMSpace) hold for each pod.")
            }
        case .network: configuration.network = try SettingValue.choice(value, NetworkMode.self)
        case .containerSteps: configuration.containerSteps = try SettingValue.boolean(value)
        case .clusterDomain: configuration.clusterDomain = try SettingValue.dnsName(value)
        case .podProgram: configuration.podProgram = try path(value)
        case .initProgram: configuration.initProgram = try path(value)
        case .supervisorAddress: (configuration.supervisorAddress, configuration.supervisorPublicPort) = try SettingValue.hostAndPort(value)
        case .supervisorPort: configuration.supervisorPort = try SettingValue.number(value, 0...65535)
        case .logLevel: configuration.logLevel = try SettingValue.choice(value, Logger.Level.self)
        case .logFormat: configuration.logFormat = try SettingValue.choice(value, LogFormat.self)
        case .insecureRegistry, .imagePath, .clusterDNS: break
        }
    }

    private func applyList(
        _ values: [String], base: String, home: String, to configuration: inout KubeletConfiguration
    ) throws(ValueRefusal) {
        var checked: [String] = []
        for value in values {
            switch self {
            case .insecureRegistry: checked.append(try SettingValue.registryHost(value))
            case .imagePath: checked.append(try Self.path(value, base: base, home: home))
            default: checked.append(try SettingValue.address(value))
            }
        }
        switch self {
        case .insecureRegistry: configuration.insecureRegistries = checked
        case .imagePath: configuration.imagePaths = checked
        default: configuration.clusterDNS = checked
        }
    }

    /// An absolute path without `.`, `..` and doubled slashes.
    private static func path(_ text: String, base: String, home: String) throws(ValueRefusal) -> String {
        guard !text.isEmpty, SettingValue.isPrintable(text) else {
            throw ValueRefusal(problem: "not a path", advice: "Give a path without control characters.")
        }
        let absolute =
            if text == "~" { home } else if text.hasPrefix("~/") { home + text.dropFirst() } else if text.hasPrefix("/") { text } else {
                base + "/" + text
            }
        var parts: [Substring] = []
        for part in absolute.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Paths joined by colons, as in KUBECONFIG; empty ones are skipped, as kubectl does.
    private static func paths(_ text: String, base: String, home: String) throws(ValueRefusal) -> String {
        var paths: [String] = []
        for part in text.split(separator: ":") { paths.append(try path(String(part), base: base, home: home)) }
        guard !paths.isEmpty else { throw ValueRefusal(problem: "no path", advice: "Give the path of a kubeconfig file.") }
        return paths.joined(separator: ":")
    }
}
