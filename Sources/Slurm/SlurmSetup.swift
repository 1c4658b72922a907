import Glibc

/// What is known about the cluster from slurm.conf, after it was checked.
///
/// libslurm's start ends the process when it does not like what it finds, so everything that can be checked without it is
/// checked first, and then libslurm is tried in a child process.
public struct SlurmSetup: Sendable, Equatable {
    /// A controller of `SlurmctldHost`.
    public struct Controller: Sendable, Hashable {
        /// Host name.
        public var name: String
        /// Address for connections: what stands in parentheses, or the name.
        public var address: String
    }

    /// slurm.conf that libslurm is started with: the site's, or our private copy of it.
    public var configurationFile: String
    /// The site's slurm.conf.
    public var sourceFile: String
    /// `ClusterName`.
    public var clusterName: String
    /// Controllers, first the primary.
    public var controllers: [Controller]
    /// First of slurmctld's TCP ports.
    public var controllerPort: UInt16
    /// `CommunicationParameters=NoInAddrAny`: whatever uses libslurm listens only on the address of the host's own name.
    public var listensOnHostName: Bool
    /// `AuthType`.
    public var authType: String
    /// Socket of the authentication service.
    public var authSocket: String
    /// Port for the push listener; nil leaves it to libslurm.
    public var pushPort: UInt16?
    /// Why there can be no push listener; nil where there can.
    public var pushProblem: String?

    /// Places where Slurm looks for slurm.conf.
    static func candidates(_ configuration: SlurmConfiguration, environment: String?) -> [String] {
        if let path = configuration.configurationFile { return [path] }
        if let path = environment, !path.isEmpty { return [path] }
        return ["/etc/slurm/slurm.conf", "/run/slurm/conf/slurm.conf"]
    }

    /// Checks all that `SlurmClient` needs. It does not start libslurm in this process.
    ///
    /// - Throws: `SlurmSetupError`.
    public static func check(_ configuration: SlurmConfiguration) throws -> SlurmSetup {
        guard SlurmVersion.fits(compiled: .compiled, runtime: .runtime) else {
            throw SlurmSetupError.versionMismatch(compiled: .compiled, runtime: .runtime)
        }
        let candidates = candidates(configuration, environment: getenv("SLURM_CONF").flatMap { CStrings.optional($0) })
        guard let path = candidates.first(where: { access($0, F_OK) == 0 }) else {
            throw SlurmSetupError.configurationMissing(tried: candidates)
        }
        let file = try SlurmConfigurationFile(path: path)
        var setup = try SlurmSetup(file)
        try AuthenticationSocket.connect(service: setup.authType == "auth/slurm" ? "sackd" : "munged", socket: setup.authSocket)
        if let ports = configuration.pushPorts, configuration.listensForPushes {
            guard let directory = configuration.privateDirectory else {
                throw SlurmSetupError.listenerFailed(reason: "fixed ports need a private directory")
            }
            do {
                let port = try PushPorts.choose(ports)
                setup.configurationFile = try PrivateConfiguration.write(file, directory: directory, port: port)
                setup.pushPort = port
            } catch SlurmSetupError.listenerFailed(let reason) {
                setup.pushProblem = reason
            }
        }
        try SlurmLibrary.probe(configurationFile: setup.configurationFile)
        return setup
    }

    /// Takes what is needed out of slurm.conf.
    ///
    /// - Throws: `SlurmSetupError.configurationInvalid`.
    public init(_ file: SlurmConfigurationFile) throws {
        guard let clusterName = file.value("ClusterName"), !clusterName.isEmpty else {
            throw SlurmSetupError.configurationInvalid(path: file.path, reason: "it names no ClusterName")
        }
        let hosts = file.allValues("SlurmctldHost").map(Self.controller)
        let older = file.allValues("ControlMachine").map { Controller(name: $0, address: file.value("ControlAddr") ?? $0) }
        controllers = hosts.isEmpty ? older : hosts
        guard let first = controllers.first, !first.name.isEmpty else {
            throw SlurmSetupError.configurationInvalid(path: file.path, reason: "it names no SlurmctldHost")
        }
        let port = file.value("SlurmctldPort") ?? "6817"
        guard let number = UInt16(port.prefix { $0 != "-" }), number != 0 else {
            throw SlurmSetupError.configurationInvalid(path: file.path, reason: "SlurmctldPort \"\(port)\" is no port")
        }
        configurationFile = file.path
        sourceFile = file.path
        self.clusterName = clusterName
        controllerPort = number
        listensOnHostName = (file.value("CommunicationParameters") ?? "").lowercased().split(separator: ",").contains("noinaddrany")
        authType = file.value("AuthType") ?? "auth/munge"
        guard ["auth/munge", "auth/slurm"].contains(authType) else {
            throw SlurmSetupError.configurationInvalid(
                path: file.path, reason: "AuthType \"\(authType)\" is neither auth/munge nor auth/slurm")
        }
        authSocket = authType == "auth/slurm" ? "/run/slurm/sack.socket" : "/run/munge/munge.socket.2"
        for option in (file.value("AuthInfo") ?? "").split(separator: ",") where option.hasPrefix("socket=") {
            authSocket = String(option.dropFirst("socket=".count))
        }
    }

    /// `host(address)` or `host`.
    private static func controller(_ text: String) -> Controller {
        let name = text.prefix { $0 != "(" }
        let address = text.dropFirst(name.count + 1).prefix { $0 != ")" }
        return Controller(name: String(name), address: address.isEmpty ? String(name) : String(address))
    }

    /// The one address that our listener has, where libslurm does not listen on all of them.
    func listeningAddress() -> String? { listensOnHostName ? LocalAddress.ofHostName() : nil }

    /// The address by which this host reaches the first controller, hence the one by which that reaches us. nil when the
    /// controller's name cannot be resolved now.
    func localAddress() -> String? {
        controllers.lazy.compactMap { LocalAddress.toward(host: $0.address, port: controllerPort) }.first
    }
}
