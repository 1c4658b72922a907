/// Fills a ``KubeletConfiguration`` from its three sources: the file, then the environment, then the flags; the later one wins.
public struct ConfigurationLoader: Sendable {
    /// The process's environment.
    public var environment: [String: String]
    /// Absolute path of the working directory: relative paths of flags and variables start here.
    public var currentDirectory: String
    /// Absolute path of the folder that the program is in: `hpk-pod` and `hpk-init` are looked for here.
    public var programDirectory: String?

    /// Names what the loader reads beside file and flags.
    public init(environment: [String: String], currentDirectory: String, programDirectory: String? = nil) {
        self.environment = environment
        self.currentDirectory = currentDirectory
        self.programDirectory = programDirectory
    }

    /// Reads all sources.
    ///
    /// - Parameters:
    ///   - file: the configuration file, read already.
    ///   - flags: the values of each flag that was given.
    /// - Throws: ``ConfigurationError`` for the first value that cannot be used.
    public func load(file: ConfigurationFile? = nil, flags: [Setting: [String]] = [:]) throws(ConfigurationError) -> LoadedConfiguration {
        var loaded = LoadedConfiguration()
        loaded.configuration.workingDirectory = home
        for entry in file?.entries ?? [] {
            try apply(
                entry.setting, entry.values, from: .file(path: file?.path ?? "", line: entry.line), base: file?.directory, to: &loaded)
        }
        for setting in Setting.allCases {
            // An empty variable counts as absent, as shells make it hard to unset one for a single command.
            guard let name = setting.variables.first(where: { environment[$0]?.isEmpty == false }), let text = environment[name] else {
                continue
            }
            let values = setting.isList ? text.split(separator: ",").map(String.init) : [text]
            try apply(setting, values, from: .environment(name), to: &loaded)
        }
        for setting in Setting.allCases {
            guard let values = flags[setting] else { continue }
            try apply(setting, values, from: .flag(setting.rawValue), to: &loaded)
        }
        loaded.configuration.podProgram = loaded.configuration.podProgram ?? programDirectory.map { $0 + "/hpk-pod" }
        loaded.configuration.initProgram = loaded.configuration.initProgram ?? programDirectory.map { $0 + "/hpk-init" }
        loaded.unknownVariables = unknownVariables
        try loaded.checkTogether()
        return loaded
    }

    private var home: String {
        guard let home = environment["HOME"], home.hasPrefix("/") else { return currentDirectory }
        return home
    }

    private func apply(
        _ setting: Setting, _ values: [String], from source: ConfigurationSource, base: String? = nil, to loaded: inout LoadedConfiguration
    ) throws(ConfigurationError) {
        do throws(ValueRefusal) {
            try setting.apply(values, base: base ?? currentDirectory, home: home, to: &loaded.configuration)
        } catch {
            throw ConfigurationError(setting, values.joined(separator: ", "), from: source, error)
        }
        loaded.sources[setting] = source
    }

    /// Variables that look like ours and are not: most often a slip of the pen.
    private var unknownVariables: [String] {
        let known = Set(Setting.allCases.flatMap(\.variables)).union(["HPK_CONFIG"])
        return environment.keys.filter { $0.hasPrefix("HPK_") && !known.contains($0) }.sorted()
    }
}

/// A configuration and where each of its settings came from.
public struct LoadedConfiguration: Sendable, Equatable {
    public var configuration = KubeletConfiguration()
    /// The strongest source of each setting that is not the default.
    public var sources: [Setting: ConfigurationSource] = [:]
    /// Variables of the environment that begin with `HPK_` and set nothing.
    public var unknownVariables: [String] = []

    /// What only makes sense together.
    func checkTogether() throws(ConfigurationError) {
        if (configuration.certificateFile == nil) != (configuration.keyFile == nil) {
            let (given, missing) = configuration.keyFile == nil ? (Setting.certificate, Setting.key) : (.key, .certificate)
            let source = sources[given].map { " by \($0)" } ?? ""
            throw ConfigurationError(
                problem: "\(given.rawValue) is set\(source), but \(missing.rawValue) is not",
                advice: "Set both (--\(missing.rawValue) or \(missing.variables.joined(separator: ", "))), or neither.")
        }
        if configuration.supervisorPort == configuration.kubeletPort {
            throw ConfigurationError(
                problem: "kubelet-port and supervisor-port are both \(configuration.kubeletPort)",
                advice: "Give the two listeners different ports.")
        }
    }
}
