/// How this process uses Slurm.
public struct SlurmConfiguration: Sendable, Equatable {
    /// Path of slurm.conf; nil looks where Slurm does: `SLURM_CONF`, `/etc/slurm/slurm.conf`, `/run/slurm/conf/slurm.conf`.
    public var configurationFile: String?
    /// OS threads that make requests, 1 to 16. Each holds one request; two keep a cancellation from waiting for a submission.
    public var threads: Int
    /// Whether to listen for slurmctld's pushes.
    public var listensForPushes: Bool
    /// Host name or address under which slurmctld reaches this host; nil is this host's address on the way to it. Where slurm.conf has
    /// `NoInAddrAny`, libslurm listens on the address of the host's name alone, and that is used.
    public var pushHost: String?
    /// TCP ports for the listener, at least two, so that a restarted process hears of jobs that its predecessor submitted.
    /// nil leaves the port to the system, or to `SrunPortRange` of slurm.conf. Needs `privateDirectory`.
    public var pushPorts: ClosedRange<UInt16>?
    /// A directory of ours, mode 0700, for the private copy of slurm.conf that `pushPorts` needs.
    public var privateDirectory: String?

    /// The default looks for slurm.conf where Slurm does and listens on a port of the system's choice.
    public init(
        configurationFile: String? = nil, threads: Int = 2, listensForPushes: Bool = true, pushHost: String? = nil,
        pushPorts: ClosedRange<UInt16>? = nil, privateDirectory: String? = nil
    ) {
        self.configurationFile = configurationFile
        self.threads = threads
        self.listensForPushes = listensForPushes
        self.pushHost = pushHost
        self.pushPorts = pushPorts
        self.privateDirectory = privateDirectory
    }
}
