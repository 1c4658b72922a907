import Kubernetes
import PodProtocol

/// Finds what no launch plan can hold: input that the API server let through, or that a newer one allows.
///
/// Everything here fails the pod, with the field's path and what to do. Unknown fields were dropped when the pod was decoded.
enum PodValidation {
    /// Longest plan, as JSON, in bytes.
    static let maximumPlanBytes = 8 << 20
    /// Longest single argument or variable that Linux passes to a program (`MAX_ARG_STRLEN`, execve(2)), without its final NUL.
    static let maximumStringBytes = 131_071
    /// Most containers and volumes of a pod.
    static let maximumCount = 500

    static func validate(_ pod: Pod) throws(TranslationError) {
        try validateIdentity(pod)
        try validateNames(pod)
        try validateNumbers(pod.spec)
        if let system = pod.spec.os?.name, !system.isEmpty, system != "linux" {
            throw TranslationError(
                .podFails(reason: "PodOSNotSupported"), field: "spec.os.name",
                message: "Failed to admit pod as the OS field doesn't match node OS")
        }
        for (index, alias) in pod.spec.hostAliases.enumerated() {
            guard IPAddressText.isValid(alias.ip) else {
                throw .invalid("spec.hostAliases[\(index)].ip", "\(alias.ip.quotedForMessage) is not an IP address")
            }
            guard alias.hostnames.allSatisfy(TextRules.isHostsWord) else {
                throw .invalid("spec.hostAliases[\(index)].hostnames", "a host name must be one printable word")
            }
        }
        for (index, container) in pod.spec.initContainers.enumerated() {
            let field = "spec.initContainers[\(index)]"
            if container.restartPolicy == .always {
                throw .unsupported(
                    "\(field).restartPolicy",
                    "container \"\(container.name)\": sidecar containers are not supported: list it under spec.containers")
            }
            try validate(container, field)
        }
        for (index, container) in pod.spec.containers.enumerated() { try validate(container, "spec.containers[\(index)]") }
    }

    /// Refuses a plan whose JSON is too long.
    static func validate(planBytes: Int) throws(TranslationError) {
        guard planBytes <= maximumPlanBytes else {
            throw .invalid(
                "spec",
                "the pod's launch plan is \(planBytes) bytes, more than \(maximumPlanBytes): put large values into files of a volume or the image"
            )
        }
    }

    /// Refuses secrets that do not fit into one frame of the supervisor's connection.
    static func validate(deliveryBytes: Int) throws(TranslationError) {
        guard deliveryBytes <= Frame.maximumPayload else {
            throw .invalid("spec.volumes", "the pod's secrets are \(deliveryBytes) bytes, more than \(Frame.maximumPayload): mount fewer")
        }
    }

    /// Refuses names that must not become part of a path, a job's name or its comment.
    static func validateIdentity(_ pod: Pod) throws(TranslationError) {
        guard TextRules.isPathWord(pod.metadata.uid) else {
            throw .invalid("metadata.uid", "\(pod.metadata.uid.quotedForMessage) cannot name the pod's folder and job")
        }
        guard TextRules.isLabel(pod.metadata.namespace) else {
            throw .invalid("metadata.namespace", "\(pod.metadata.namespace.quotedForMessage) is not a valid DNS label")
        }
        let name = pod.metadata.name
        guard TextRules.isSubdomain(name) else {
            throw .invalid("metadata.name", "\(name.quotedForMessage) is not a valid DNS name")
        }
    }

    private static func validateNames(_ pod: Pod) throws(TranslationError) {
        guard !pod.spec.containers.isEmpty else { throw .invalid("spec.containers", "at least one container is needed") }
        let lists = [("containers", pod.spec.containers.map(\.name)), ("initContainers", pod.spec.initContainers.map(\.name))]
        var seen: Set<String> = []
        for (list, names) in lists {
            guard names.count <= maximumCount else { throw .invalid("spec.\(list)", "\(names.count) are more than \(maximumCount)") }
            for (index, name) in names.enumerated() {
                let field = "spec.\(list)[\(index)].name"
                guard TextRules.isLabel(name) else { throw .invalid(field, "\(name.quotedForMessage) is not a valid DNS label") }
                guard seen.insert(name).inserted else { throw .invalid(field, "duplicate container name \"\(name)\"") }
            }
        }
        guard pod.spec.volumes.count <= maximumCount else {
            throw .invalid("spec.volumes", "\(pod.spec.volumes.count) are more than \(maximumCount)")
        }
        var volumes: Set<String> = []
        for (index, volume) in pod.spec.volumes.enumerated() where !volumes.insert(volume.name).inserted {
            throw .invalid("spec.volumes[\(index)].name", "duplicate volume name \(volume.name.quotedForMessage)")
        }
    }

    private static func validateNumbers(_ spec: PodSpec) throws(TranslationError) {
        if let seconds = spec.activeDeadlineSeconds, !(1...Int(Int32.max)).contains(seconds) {
            throw .invalid("spec.activeDeadlineSeconds", "\(seconds) must be between 1 and \(Int32.max)")
        }
        if let policy = spec.restartPolicy, PodProtocol.RestartPolicy(rawValue: policy.rawValue) == nil, !policy.rawValue.isEmpty {
            throw .invalid("spec.restartPolicy", "\(policy.rawValue.quotedForMessage) must be Always, OnFailure or Never")
        }
    }

    private static func validate(_ container: Container, _ field: String) throws(TranslationError) {
        for (list, words) in [("command", container.command), ("args", container.args)] {
            for (index, word) in words.enumerated() { try validate(text: word, "\(field).\(list)[\(index)]") }
        }
        for (index, variable) in container.env.enumerated() {
            try validate(text: "\(variable.name)=\(variable.value ?? "")", "\(field).env[\(index)]")
        }
        try validate(path: container.workingDir, "\(field).workingDir", mustBeAbsolute: false)
        try validate(path: container.terminationMessagePath, "\(field).terminationMessagePath", mustBeAbsolute: true)
        if let device = container.volumeDevices.first {
            throw .unsupported(
                "\(field).volumeDevices[0]", "block device \(device.name.quotedForMessage): raw block volumes are not supported")
        }
    }

    private static func validate(text: String, _ field: String) throws(TranslationError) {
        guard !TextRules.hasNUL(text) else { throw .invalid(field, TranslationError.nulMessage) }
        guard text.utf8.count <= maximumStringBytes else {
            throw .invalid(
                field, "\(text.utf8.count) bytes are more than the \(maximumStringBytes) that Linux passes to a program: put it into a file"
            )
        }
    }

    private static func validate(path: String?, _ field: String, mustBeAbsolute: Bool) throws(TranslationError) {
        guard let path, !path.isEmpty else { return }
        guard !TextRules.hasControl(path), path.utf8.count <= VolumePath.maximumLength else {
            throw .invalid(field, "\(path.quotedForMessage) holds control characters or is longer than \(VolumePath.maximumLength) bytes")
        }
        guard !mustBeAbsolute || path.hasPrefix("/") else { throw .invalid(field, "\(path.quotedForMessage) must be an absolute path") }
    }
}
