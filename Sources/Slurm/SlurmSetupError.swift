/// Why Slurm cannot be used on this host. Found before libslurm is started, because libslurm ends the process on such faults.
public enum SlurmSetupError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No slurm.conf at any of these paths.
    case configurationMissing(tried: [String])
    /// The file cannot be read; the reason is errno's text.
    case configurationUnreadable(path: String, reason: String)
    /// The file can be read but not used.
    case configurationInvalid(path: String, reason: String)
    /// The authentication service does not answer at its socket.
    case authenticationUnreachable(service: String, socket: String, reason: String)
    /// This program was compiled for another release than the libslurm that was loaded.
    case versionMismatch(compiled: SlurmVersion, runtime: SlurmVersion?)
    /// libslurm refused to start, in its own words.
    case libraryRefused(words: String)
    /// libslurm was started in this process with another configuration: it can be started once.
    case alreadyStarted(with: String)
    /// The private copy of slurm.conf could not be written.
    case privateCopyFailed(path: String, reason: String)
    /// Nothing could listen for pushes.
    case listenerFailed(reason: String)

    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .configurationMissing(let tried):
            "no slurm.conf at \(tried.joined(separator: ", ")); set SLURM_CONF to the cluster's slurm.conf"
        case .configurationUnreadable(let path, let reason):
            "cannot read \(path): \(reason); ask the administrator to let this user read it"
        case .configurationInvalid(let path, let reason):
            "\(path) cannot be used: \(reason); compare it with slurm.conf(5)"
        case .authenticationUnreachable(let service, let socket, let reason):
            "\(service) does not answer at \(socket): \(reason); start it on this host"
        case .versionMismatch(let compiled, let runtime):
            "compiled for Slurm \(compiled), but libslurm of \(runtime?.description ?? "an unknown release") is loaded; build against the cluster's release"
        case .libraryRefused(let words):
            "libslurm does not start: \(words.isEmpty ? "it gave no reason" : words); correct slurm.conf, then `scontrol ping`"
        case .alreadyStarted(let path):
            "libslurm runs in this process with \(path); use the same configuration, or another process"
        case .privateCopyFailed(let path, let reason):
            "cannot write the private copy of slurm.conf at \(path): \(reason); give a directory that this user can write"
        case .listenerFailed(let reason):
            "cannot listen for Slurm's messages: \(reason); give other ports, or none"
        }
    }
}
