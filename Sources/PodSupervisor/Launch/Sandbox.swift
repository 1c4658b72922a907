import CSandbox
import Glibc
import PodProtocol

/// What the pod's containers share on the compute node: folders, addresses, network and the files put into each of them.
final class Sandbox {
    /// The sandbox cannot be made.
    struct Problem: Error, CustomStringConvertible {
        var reason: String
        var description: String
    }

    let plan: LaunchPlan
    /// False where user namespaces are forbidden: containers then run as the user, side by side with other processes of the node.
    let isNamespaced: Bool
    let local: LocalDirectory
    /// A folder in memory.
    let memory: String
    /// The folder in memory where no tmpfs can be mounted.
    private let plainMemory: LocalDirectory?
    let volumes: VolumeSet
    private(set) var network: Descriptor?
    private(set) var podAddresses: [String] = []
    let hostAddress: String
    let apptainer: String
    /// The child that is the private network's way out.
    private(set) var wayOut: pid_t?

    /// Makes folders, files and volumes; ``openNetwork(note:)`` comes after it.
    ///
    /// - Parameter agent: host of the node agent, by which others reach this node too; a name is not looked up.
    init(plan: LaunchPlan, isNamespaced: Bool, agent: String?, clock: Clock) throws {
        self.plan = plan
        self.isNamespaced = isNamespaced
        guard let apptainer = ApptainerCommand.locate(plan.apptainer, path: Self.searchPath) else {
            throw Problem(reason: "ApptainerNotFound", description: "\(plan.apptainer) is not an executable program on this node")
        }
        self.apptainer = apptainer
        if isNamespaced {
            guard hpk_mount_private() == 0 else { throw SystemError("make private", "the mounts") }
            guard hpk_mount_proc() == 0 else { throw SystemError("mount", "/proc") }
            let name = Array(plan.hostname.utf8CString.dropLast())
            guard sethostname(name, name.count) == 0 else { throw SystemError("set the host name to", plan.hostname) }
        }
        local = try LocalDirectory(base: plan.localDirectory, label: plan.uid)
        if isNamespaced {
            plainMemory = nil
            memory = "\(local.path)/memory"
            try FileSystem.makeDirectory(memory, mode: 0o700)
            guard hpk_mount_tmpfs(memory, "mode=0700") == 0 else { throw SystemError("mount a tmpfs at", memory) }
        } else {
            let plain = FileSystem.isInMemory("/dev/shm") ? try LocalDirectory(base: "/dev/shm", label: plan.uid) : nil
            plainMemory = plain
            memory = plain?.path ?? local.path
        }
        for folder in ["volumes", "mounts", "termination", "files"] { try FileSystem.makeDirectory("\(memory)/\(folder)", mode: 0o700) }
        for folder in ["volumes", "overlay"] { try FileSystem.makeDirectory("\(local.path)/\(folder)", mode: 0o700) }
        try FileSystem.makeDirectory("\(memory)/shm", mode: 0o1777)
        if isNamespaced, hpk_mount_tmpfs("\(memory)/shm", "mode=1777") != 0 { throw SystemError("mount a tmpfs at", "/dev/shm") }
        volumes = VolumeSet(plan: plan, disk: local.path, memory: memory, canMount: isNamespaced, clock: clock)
        hostAddress = Self.findHostAddress(toward: agent)
    }

    /// Removes all that the sandbox left on the node.
    func remove() throws(SystemError) {
        if isNamespaced { _ = hpk_unmount(memory) }
        try plainMemory?.remove()
        try local.remove()
    }

    /// Where programs are looked up: fixed, since the job's environment is not ours.
    static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Without these pasta opens every port of the pod on the node, and the node's own loopback ports in the pod (pasta(1)).
    private static let closed = ["-t", "none", "-u", "none", "-T", "none", "-U", "none", "--no-map-gw"]

    /// Makes the pod's network namespace, if it has one, and starts its way out.
    func openNetwork(note: (String) -> Void) throws {
        guard plan.network == .private else {
            podAddresses = [hostAddress]
            return
        }
        guard isNamespaced else {
            throw Problem(reason: "NoUserNamespaces", description: "a private network needs user namespaces, which this node forbids")
        }
        let number = hpk_network_namespace()
        guard number >= 0 else { throw SystemError("make", "a network namespace", code: -number) }
        let namespace = Descriptor(owning: number)
        network = namespace
        // A path that the way out may open: it gives up the rights to look into our descriptors.
        let path = "\(memory)/files/network"
        try FileSystem.write(path, [], mode: 0o600)
        guard hpk_mount_bind("/proc/self/fd/\(number)", path) == 0 else { throw SystemError("bind the network namespace to", path) }
        if let pasta = ApptainerCommand.locate("pasta", path: Self.searchPath) {
            wayOut = try Spawn.start(pasta, ["pasta", "-f", "-q", "--config-net"] + Self.closed + ["--netns-only", "--netns", path])
            // It gives the pod the address of the node's way out.
            podAddresses = [Self.findHostAddress(toward: nil)]
        } else if let slirp = ApptainerCommand.locate("slirp4netns", path: Self.searchPath) {
            wayOut = try Spawn.start(
                slirp, ["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", "--netns-type=path", path, "tap0"])
            podAddresses = ["10.0.2.100"]
        } else {
            note("neither pasta nor slirp4netns is on this node: the pod's private network has no way out")
            podAddresses = ["127.0.0.1"]
        }
    }

    /// Writes the files that every container gets; needs the addresses.
    func writeFiles() throws {
        let folder = "\(memory)/files"
        try FileSystem.write("\(folder)/apptainer.conf", ApptainerCommand.configurationText.utf8, mode: 0o644)
        try FileSystem.write("\(folder)/hostname", "\(plan.hostname)\n".utf8, mode: 0o644)
        let resolver = plan.resolvConf.map { Array($0.utf8) } ?? (try? FileSystem.read("/etc/resolv.conf")) ?? []
        try FileSystem.write("\(folder)/resolv.conf", resolver, mode: 0o644)
        if plan.managesHostsFile {
            try FileSystem.write("\(folder)/hosts", PodFiles.hosts(plan: plan, podAddresses: podAddresses).utf8, mode: 0o644)
        }
        guard FileSystem.status(plan.initProgram).map(FileSystem.kind) == S_IFREG else {
            throw Problem(reason: "InitProgramNotFound", description: "\(plan.initProgram) is not a file on this node")
        }
        if isNamespaced {
            try FileSystem.write("\(folder)/init", [], mode: 0o755)
            guard hpk_mount_bind(plan.initProgram, "\(folder)/init") == 0 else { throw SystemError("bind", plan.initProgram) }
        }
    }

    /// The mounts that a container gets beside its volumes; one that the pod mounts itself is left out.
    func ownMounts(of container: ContainerPlan, terminationFile: String) -> [MountOption] {
        let folder = "\(memory)/files"
        var mounts = [
            MountOption(source: isNamespaced ? "\(folder)/init" : plan.initProgram, destination: ApptainerCommand.initPath, readOnly: true),
            MountOption(source: "\(folder)/hostname", destination: "/etc/hostname", readOnly: false),
            MountOption(source: "\(folder)/resolv.conf", destination: "/etc/resolv.conf", readOnly: false),
            MountOption(source: "\(memory)/shm", destination: "/dev/shm", readOnly: false),
            MountOption(source: terminationFile, destination: container.terminationMessagePath, readOnly: false),
        ]
        if plan.managesHostsFile { mounts.append(MountOption(source: "\(folder)/hosts", destination: "/etc/hosts", readOnly: false)) }
        return mounts.filter { own in !container.mounts.contains { $0.path == own.destination } }
    }

    static func findHostAddress(toward peer: String?) -> String {
        CText.fill(64) { Int(hpk_host_address(peer, $0, $1)) } ?? "127.0.0.1"
    }
}
