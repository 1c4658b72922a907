import CSandbox
import Glibc
import PodProtocol

/// All that one instance of a container has before its process starts: mounts, writable layer, termination file, start specification.
struct ContainerSetup {
    let container: ContainerPlan
    /// Fit for a file name.
    let instance: String
    let sandbox: Sandbox

    /// What differs for a task of a Slurm step.
    struct Extras {
        /// `NAME=value` texts that come before the container's own.
        var environment: [String] = []
        /// The container is in the pod's process namespace, whatever the pod says.
        var sharesProcesses = false
        var keepsPMI = false
        var mounts: [MountOption] = []
    }

    var terminationFile: String { "\(sandbox.memory)/termination/\(instance)" }
    private var overlay: String { "\(sandbox.local.path)/overlay/\(instance)" }

    /// Of Apptainer's own process.
    var environment: [String] { Spawn.environment + ["TMPDIR=\(sandbox.local.path)"] }

    /// Makes it; ``release()`` undoes it, also after a failure.
    ///
    /// - Throws: ``VolumeSet/Problem`` for a volume; ``Failure`` or ``SystemError`` for anything else that the pod asks for and cannot have.
    func make(
        _ context: EnvironmentExpansion.Context, extras: Extras = Extras()
    ) throws -> (command: ApptainerCommand, specification: Descriptor) {
        let environment = EnvironmentExpansion.resolve(container.environment, in: context)
        let variables = Dictionary(environment.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        try FileSystem.write(terminationFile, [], mode: 0o666)
        let wanted =
            sandbox.ownMounts(of: container, terminationFile: terminationFile) + extras.mounts
            + (try sandbox.volumes.mounts(of: container, instance: instance, variables: variables))
        let mounts = MountOption.stage(wanted)
        var specification = try specification(environment, variables, extras)
        specification.mounts = mounts.later
        let command = ApptainerCommand(
            program: sandbox.apptainer, configuration: sandbox.isNamespaced ? "\(sandbox.memory)/files/apptainer.conf" : nil,
            imagePath: container.imagePath, isReadOnly: container.readOnlyRootFilesystem, overlay: try makeOverlay(),
            ownProcessNamespace: !sandbox.plan.sharesProcessNamespace && !extras.sharesProcesses, mounts: mounts.options)
        return (command, try specification.memoryFile())
    }

    /// - Parameter keepsLayer: the writable layer stays until ``removeLayer()``, or goes with the sandbox, which costs no process of its own.
    func release(keepsLayer: Bool = false) {
        sandbox.volumes.release(instance: instance, container: container)
        _ = unlink(terminationFile)
        if !keepsLayer { removeLayer() }
    }

    /// Removes the writable layer, if there is one.
    func removeLayer() {
        let overlay = overlay
        if FileSystem.status(overlay) != nil { Spawn.detach { try? FileSystem.removeTree(overlay) } }
    }

    private func specification(
        _ environment: [(name: String, value: String)], _ variables: [String: String], _ extras: Extras
    ) throws(Failure) -> InitSpecification {
        for variable in environment where variable.name.isEmpty || variable.name.contains("=") {
            throw Failure("environment variable name \(variable.name.debugDescription) is not valid")
        }
        let others = extras.environment.filter { variables[String($0.prefix { $0 != "=" })] == nil }
        var texts = others + environment.map { "\($0.name)=\($0.value)" }
        if variables["HOSTNAME"] == nil { texts.append("HOSTNAME=\(sandbox.plan.hostname)") }
        let identity = container.identity
        guard sandbox.isNamespaced || identity.user == 0 || identity.user == getuid() else {
            throw Failure("user \(identity.user) needs user namespaces, which this node forbids: only the job's own user can be used")
        }
        var groups = identity.supplementaryGroups
        if let fsGroup = sandbox.plan.fsGroup, !groups.contains(fsGroup) { groups.append(fsGroup) }
        // The namespace's root is the user: it keeps the user's own groups on the node unless the pod asks for others.
        let keepsGroups = groups.isEmpty && identity.user == 0
        return InitSpecification(
            arguments: container.command.map { $0.resolved(with: variables) }, environment: texts,
            workingDirectory: container.workingDirectory,
            user: identity.user, group: identity.group, groups: keepsGroups ? nil : groups,
            capabilities: try Capability.mask(container.capabilities), noNewPrivileges: container.noNewPrivileges,
            setsIdentity: sandbox.isNamespaced, keepsPMI: extras.keepsPMI)
    }

    private func makeOverlay() throws(SystemError) -> String? {
        guard !container.readOnlyRootFilesystem, sandbox.isNamespaced else { return nil }
        try FileSystem.makeDirectory(overlay, mode: 0o755)
        try FileSystem.makeDirectory("\(overlay)/upper", mode: 0o755)
        try FileSystem.makeDirectory("\(overlay)/work", mode: 0o755)
        return overlay
    }
}
