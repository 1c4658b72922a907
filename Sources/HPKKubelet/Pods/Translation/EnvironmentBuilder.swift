import Kubernetes
import PodProtocol

/// Makes one container's environment in the kubelet's order: image, services, `envFrom`, `env`; a later entry wins.
///
/// Values of secrets are put aside for the ``Delivery``.
struct EnvironmentBuilder {
    let pod: Pod
    let sources: PodSources
    let settings: PlanSettings

    /// A container's environment.
    struct Result: Equatable {
        var entries: [EnvironmentEntry] = []
        /// Names that `$(NAME)` may refer to: all but the image's and the runtime's own.
        var known: Set<String> = []
        /// Values for the delivery, by key.
        var secrets: [String: String] = [:]
        var notices: [PlanNotice] = []

        mutating func set(_ name: String, _ value: EnvironmentEntry.Value) {
            entries.append(EnvironmentEntry(name, value))
            known.insert(name)
        }
    }

    func build(_ container: Container, image: ImageRecord, identity: ProcessIdentity, hostname: String) throws(TranslationError) -> Result {
        var result = Result()
        result.entries = Self.runtimeEntries(container, image: image, identity: identity, hostname: hostname)
        for (name, value) in serviceVariables { result.set(name, .literal(value)) }
        for (index, source) in container.envFrom.enumerated() {
            try add(source, field: "envFrom[\(index)]", container, to: &result)
        }
        for (index, variable) in container.env.enumerated() {
            try add(variable, field: "env[\(index)]", container, to: &result)
        }
        return result
    }

    /// What the container runtime sets before Kubernetes has its say.
    private static func runtimeEntries(
        _ container: Container, image: ImageRecord, identity: ProcessIdentity, hostname: String
    ) -> [EnvironmentEntry] {
        var entries: [EnvironmentEntry] = []
        var names: Set<String> = []
        for line in image.configuration.environment {
            guard let equals = line.firstIndex(of: "="), equals > line.startIndex, !TextRules.hasNUL(line) else { continue }
            let name = String(line[..<equals])
            names.insert(name)
            entries.append(EnvironmentEntry(name, .literal(String(line[line.index(after: equals)...]))))
        }
        var defaults: [EnvironmentEntry] = []
        func setDefault(_ name: String, _ value: String) {
            if !names.contains(name) { defaults.append(EnvironmentEntry(name, .literal(value))) }
        }
        setDefault("PATH", PlanSettings.defaultPath)
        // Only the supervisor knows the compute node's name.
        if !hostname.isEmpty { setDefault("HOSTNAME", hostname) }
        if container.tty { setDefault("TERM", "xterm") }
        let account = image.accounts.first { $0.user == identity.user } ?? image.user.flatMap { $0.user == identity.user ? $0 : nil }
        setDefault("HOME", account?.home.flatMap { $0.isEmpty ? nil : $0 } ?? "/")
        return defaults + entries
    }

    /// The `kubernetes` service as every pod sees it, at the address where the API server can really be reached.
    private var serviceVariables: [(String, String)] {
        let host = settings.apiServerHost
        let port = String(settings.apiServerPort)
        let address = "tcp://" + IPAddressText.joined(host, settings.apiServerPort)
        let prefix = "KUBERNETES_PORT_\(port)_TCP"
        return [
            ("KUBERNETES_SERVICE_HOST", host), ("KUBERNETES_SERVICE_PORT", port), ("KUBERNETES_SERVICE_PORT_HTTPS", port),
            ("KUBERNETES_PORT", address), (prefix, address), (prefix + "_PROTO", "tcp"), (prefix + "_PORT", port), (prefix + "_ADDR", host),
        ]
    }

    // MARK: envFrom

    private func add(
        _ source: EnvFromSource, field: String, _ container: Container, to result: inout Result
    ) throws(TranslationError) {
        let prefix = source.prefix ?? ""
        if let reference = source.configMapRef {
            guard let map = sources.configMaps[reference.name] else {
                if reference.optional == true { return }
                throw waits(container, field, Self.notFound("configmap", reference.name))
            }
            try addAll(map.data.keys, prefix, kind: "configMap", reference.name, container, field, &result) {
                key throws(TranslationError) in
                .literal(try usable(map.data[key] ?? "", container, "\(field) key \(key) of ConfigMap \(reference.name)"))
            }
        }
        if let reference = source.secretRef {
            guard let secret = sources.secrets[reference.name] else {
                if reference.optional == true { return }
                throw waits(container, field, Self.notFound("secret", reference.name))
            }
            var values: [String: String] = [:]
            try addAll(secret.data.keys, prefix, kind: "secret", reference.name, container, field, &result) {
                key throws(TranslationError) in
                let (entry, name, value) = try secretValue(secret, reference.name, key, container, field)
                values[name] = value
                return entry
            }
            result.secrets.merge(values) { _, new in new }
        }
    }

    private func addAll(
        _ keys: some Collection<String>, _ prefix: String, kind: String, _ name: String, _ container: Container, _ field: String,
        _ result: inout Result, value: (String) throws(TranslationError) -> EnvironmentEntry.Value
    ) throws(TranslationError) {
        var skipped: [String] = []
        for key in keys.sorted() {
            let variable = prefix + key
            if TextRules.isVariableName(variable) {
                result.set(variable, try value(key))
            } else {
                skipped.append(variable)
            }
        }
        guard !skipped.isEmpty else { return }
        result.notices.append(
            PlanNotice(
                reason: "InvalidEnvironmentVariableNames",
                message:
                    "Keys [\(skipped.joined(separator: ", "))] from the EnvFrom \(kind) \(pod.metadata.namespace)/\(name) were skipped "
                    + "since they are considered invalid environment variable names."))
    }

    // MARK: env

    private func add(_ variable: EnvVar, field: String, _ container: Container, to result: inout Result) throws(TranslationError) {
        guard !variable.name.isEmpty, !variable.name.contains("="), !TextRules.hasControl(variable.name) else {
            throw .invalid(
                "\(container.field(in: pod)).\(field).name",
                "\(variable.name.quotedForMessage) cannot be the name of a variable: no =, no control characters")
        }
        if let text = variable.value, !text.isEmpty {
            guard !TextRules.hasNUL(text) else {
                throw .invalid("\(container.field(in: pod)).\(field).value", TranslationError.nulMessage)
            }
            if text.utf8.contains(UInt8(ascii: "$")) {
                result.set(variable.name, .template(TemplateReferences.escapingUnknown(in: text, known: result.known)))
            } else {
                result.set(variable.name, .literal(text))
            }
        } else if let source = variable.valueFrom {
            try add(variable.name, source, field, container, &result)
        } else {
            result.set(variable.name, .literal(""))
        }
    }

    private func add(
        _ name: String, _ source: EnvVarSource, _ field: String, _ container: Container, _ result: inout Result
    ) throws(TranslationError) {
        if let selector = source.fieldRef {
            guard let value = PodFields(pod: pod).environmentValue(selector.fieldPath) else {
                throw waits(container, field, "unsupported fieldPath: \(selector.fieldPath)")
            }
            if case .literal(let text) = value { _ = try usable(text, container, "\(field) \(selector.fieldPath)") }
            result.set(name, value)
        } else if let selector = source.resourceFieldRef {
            result.set(name, .literal(try resource(selector, container, field)))
        } else if let selector = source.configMapKeyRef {
            guard let map = sources.configMaps[selector.name] else {
                if selector.optional == true { return }
                throw waits(container, field, Self.notFound("configmap", selector.name))
            }
            guard let value = map.data[selector.key] else {
                if selector.optional == true { return }
                throw waits(container, field, "couldn't find key \(selector.key) in ConfigMap \(pod.metadata.namespace)/\(selector.name)")
            }
            result.set(name, .literal(try usable(value, container, "\(field) key \(selector.key) of ConfigMap \(selector.name)")))
        } else if let selector = source.secretKeyRef {
            guard let secret = sources.secrets[selector.name] else {
                if selector.optional == true { return }
                throw waits(container, field, Self.notFound("secret", selector.name))
            }
            guard secret.data[selector.key] != nil else {
                if selector.optional == true { return }
                throw waits(container, field, "couldn't find key \(selector.key) in Secret \(pod.metadata.namespace)/\(selector.name)")
            }
            let (entry, key, value) = try secretValue(secret, selector.name, selector.key, container, field)
            result.secrets[key] = value
            result.set(name, entry)
        } else {
            throw .unsupported(
                "\(container.field(in: pod)).\(field).valueFrom",
                "none of fieldRef, resourceFieldRef, configMapKeyRef and secretKeyRef is given; other sources are not supported")
        }
    }

    private func resource(_ selector: ResourceFieldSelector, _ own: Container, _ field: String) throws(TranslationError) -> String {
        var container = own
        if let name = selector.containerName, !name.isEmpty, name != own.name {
            guard let other = (pod.spec.containers + pod.spec.initContainers).first(where: { $0.name == name }) else {
                throw waits(own, field, "container \(name) not found")
            }
            container = other
        }
        guard let value = ResourceFields(allocatable: settings.allocatable).value(selector, of: container) else {
            throw waits(own, field, "unsupported container resource : \(selector.resource)")
        }
        return value
    }

    // MARK: Helpers

    private func secretValue(
        _ secret: Secret, _ name: String, _ key: String, _ container: Container, _ field: String
    ) throws(TranslationError) -> (EnvironmentEntry.Value, key: String, value: String) {
        guard let value = String(validatingUTF8Bytes: secret.data[key] ?? .init()) else {
            throw waits(
                container, field, "key \(key) of Secret \(pod.metadata.namespace)/\(name) is not UTF-8 text: mount it as a volume instead")
        }
        let deliveryKey = "\(name)/\(key)"
        return (.secret(key: deliveryKey), deliveryKey, try usable(value, container, "\(field) key \(key) of Secret \(name)"))
    }

    private func usable(_ value: String, _ container: Container, _ what: String) throws(TranslationError) -> String {
        guard !TextRules.hasNUL(value) else { throw waits(container, nil, "\(what): \(TranslationError.nulMessage)") }
        return value
    }

    private func waits(_ container: Container, _ field: String?, _ message: String) -> TranslationError {
        TranslationError(
            .containerWaits(container: container.name, reason: "CreateContainerConfigError"),
            field: field.map { "\(container.field(in: pod)).\($0)" }, message: message)
    }

    private static func notFound(_ kind: String, _ name: String) -> String { "\(kind) \"\(name)\" not found" }
}

extension TranslationError {
    static let nulMessage = "holds a NUL character, which no process can be given: remove it"
}

extension Container {
    /// The container's place in the pod, e.g. `spec.initContainers[1]`.
    func field(in pod: Pod) -> String {
        if let index = pod.spec.containers.firstIndex(where: { $0.name == name }) { return "spec.containers[\(index)]" }
        if let index = pod.spec.initContainers.firstIndex(where: { $0.name == name }) { return "spec.initContainers[\(index)]" }
        return "spec.containers"
    }
}
