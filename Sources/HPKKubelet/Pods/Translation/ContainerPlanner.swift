import Kubernetes
import PodProtocol

/// Plans one container of a pod.
struct ContainerPlanner {
    let pod: Pod
    let sources: PodSources
    let settings: PlanSettings
    let hostname: String

    /// A container's plan, with the secret values that its environment refers to.
    struct Result {
        var plan: ContainerPlan
        var secrets: [String: String]
        var notices: [PlanNotice]
    }

    func plan(_ container: Container, image: ImageRecord) throws(TranslationError) -> Result {
        let identity = try IdentityResolver(pod: pod).identity(of: container, image: image)
        let environment = try EnvironmentBuilder(pod: pod, sources: sources, settings: settings)
            .build(container, image: image, identity: identity, hostname: hostname)
        let context = container.securityContext
        let capabilities = CapabilitySet.names(for: context)
        var notices = environment.notices
        if !capabilities.unknown.isEmpty {
            notices.append(
                PlanNotice(
                    reason: "UnknownCapability",
                    message:
                        "Container \(container.name): capabilities [\(capabilities.unknown.map(\.quotedForMessage).joined(separator: ", "))] "
                        + "are not known and were left out"))
        }
        let plan = ContainerPlan(
            name: container.name, imagePath: image.path, image: container.image, imageID: image.imageID,
            command: try command(container, image: image, known: environment.known), environment: environment.entries,
            workingDirectory: Self.workingDirectory(container, image), identity: identity, capabilities: capabilities.granted,
            readOnlyRootFilesystem: context?.readOnlyRootFilesystem ?? false,
            noNewPrivileges: context?.allowPrivilegeEscalation == false && context?.privileged != true,
            mounts: try mounts(container, known: environment.known),
            terminationMessagePath: container.terminationMessagePath.flatMap { $0.isEmpty ? nil : VolumePath.absolute($0) }
                ?? "/dev/termination-log",
            terminationMessageFallsBackToLogs: container.terminationMessagePolicy == .fallbackToLogsOnError,
            stopSignal: StopSignal.number(image.configuration.stopSignal), stdin: container.stdin, stdinOnce: container.stdinOnce,
            tty: container.tty)
        return Result(plan: plan, secrets: environment.secrets, notices: notices)
    }

    /// `command` replaces the entrypoint and drops the image's arguments; `args` replace the arguments only.
    private func command(_ container: Container, image: ImageRecord, known: Set<String>) throws(TranslationError) -> [Template] {
        func own(_ words: [String]) -> [Template] {
            words.map { Template(TemplateReferences.escapingUnknown(in: $0, known: known)) }
        }
        func images(_ words: [String]) -> [Template] { words.map { Template($0, expands: false) } }
        let configuration = image.configuration
        let result: [Template]
        if !container.command.isEmpty {
            result = own(container.command) + own(container.args)
        } else if !container.args.isEmpty {
            result = images(configuration.entrypoint) + own(container.args)
        } else {
            result = images(configuration.entrypoint + configuration.command)
        }
        guard !result.isEmpty else { throw createError(container, "no command specified") }
        guard result.first?.text.isEmpty == false else {
            throw createError(container, "no command specified: the first word of the command is empty")
        }
        guard !result.contains(where: { TextRules.hasNUL($0.text) }) else {
            throw createError(container, "the command of image \(image.reference) \(TranslationError.nulMessage)")
        }
        return result
    }

    private static func workingDirectory(_ container: Container, _ image: ImageRecord) -> String {
        for directory in [container.workingDir, image.configuration.workingDirectory] {
            guard let directory, !directory.isEmpty, !TextRules.hasControl(directory) else { continue }
            return VolumePath.absolute(directory)
        }
        return "/"
    }

    private func mounts(_ container: Container, known: Set<String>) throws(TranslationError) -> [MountPlan] {
        var places: Set<String> = []
        var result: [MountPlan] = []
        for (index, mount) in container.volumeMounts.enumerated() {
            let field = "\(container.field(in: pod)).volumeMounts[\(index)]"
            guard pod.spec.volumes.contains(where: { $0.name == mount.name }) else {
                throw .invalid(
                    "\(field).name", "cannot find volume \(mount.name.quotedForMessage) to mount into container \"\(container.name)\"")
            }
            guard !TextRules.hasControl(mount.mountPath), mount.mountPath.utf8.count <= VolumePath.maximumLength else {
                throw .invalid(
                    "\(field).mountPath",
                    "\(mount.mountPath.quotedForMessage) holds control characters or is longer than \(VolumePath.maximumLength) bytes")
            }
            let path = VolumePath.absolute(mount.mountPath)
            guard path != "/" else { throw .invalid("\(field).mountPath", "a volume cannot take the place of the container's root") }
            guard places.insert(path).inserted else { throw .invalid("\(field).mountPath", "\(path.quotedForMessage) must be unique") }
            result.append(
                MountPlan(
                    volume: mount.name, path: path, subPath: try subPath(mount, container, field, known: known), readOnly: mount.readOnly))
        }
        return result
    }

    private func subPath(_ mount: VolumeMount, _ container: Container, _ field: String, known: Set<String>) throws(TranslationError)
        -> Template?
    {
        if let text = mount.subPath, !text.isEmpty {
            try validate(subPath: text, "\(field).subPath")
            return Template(text, expands: false)
        }
        guard let text = mount.subPathExpr, !text.isEmpty else { return nil }
        try validate(subPath: text, "\(field).subPathExpr")
        for name in TemplateReferences.names(in: text) where !known.contains(name) {
            throw TranslationError(
                .containerWaits(container: container.name, reason: "CreateContainerConfigError"), field: "\(field).subPathExpr",
                message: "missing value for \"\(name)\"")
        }
        return Template(text)
    }

    private func validate(subPath: String, _ field: String) throws(TranslationError) {
        guard !subPath.hasPrefix("/") else {
            throw .invalid(field, "error SubPath `\(subPath)` must not be an absolute path")
        }
        guard !subPath.split(separator: "/").contains("..") else {
            throw .invalid(field, "unable to provision SubPath `\(subPath)`: must not contain '..'")
        }
        guard !TextRules.hasControl(subPath), subPath.utf8.count <= VolumePath.maximumLength else {
            throw .invalid(
                field, "\(subPath.quotedForMessage) holds control characters or is longer than \(VolumePath.maximumLength) bytes")
        }
    }

    private func createError(_ container: Container, _ message: String) -> TranslationError {
        TranslationError(.containerWaits(container: container.name, reason: "CreateContainerError"), message: message)
    }
}
