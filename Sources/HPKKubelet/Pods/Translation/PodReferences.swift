import Kubernetes

/// Every object that a pod's containers and volumes refer to: what must be fetched before the pod can be planned.
public struct PodReferences: Sendable, Equatable {
    /// Names in the pod's namespace; the value says whether at least one reference is required.
    public var configMaps: [String: Bool] = [:]
    public var secrets: [String: Bool] = [:]
    /// Tokens that projected volumes ask for.
    public var tokens: Set<TokenKey> = []
    /// Claims of the pod's volumes.
    public var claims: Set<String> = []
    /// `spec.imagePullSecrets`, wanted by the image store and not by the plan.
    public var imagePullSecrets: [String] = []
    /// `spec.serviceAccountName`; `default` where the pod names none.
    public var serviceAccount: String

    /// Collects the references of a pod.
    public init(of pod: Pod) {
        serviceAccount = pod.spec.serviceAccount
        imagePullSecrets = pod.spec.imagePullSecrets.map(\.name).filter { !$0.isEmpty }
        for container in pod.spec.initContainers + pod.spec.containers { add(container) }
        for volume in pod.spec.volumes { add(volume.source) }
    }

    private mutating func add(_ container: Container) {
        for source in container.envFrom {
            if let reference = source.configMapRef { addConfigMap(reference.name, optional: reference.optional) }
            if let reference = source.secretRef { addSecret(reference.name, optional: reference.optional) }
        }
        for variable in container.env where (variable.value ?? "").isEmpty {
            if let selector = variable.valueFrom?.configMapKeyRef { addConfigMap(selector.name, optional: selector.optional) }
            if let selector = variable.valueFrom?.secretKeyRef { addSecret(selector.name, optional: selector.optional) }
        }
    }

    private mutating func add(_ source: VolumeSource) {
        switch source {
        case .configMap(let map): addConfigMap(map.name, optional: map.optional)
        case .secret(let secret): addSecret(secret.secretName, optional: secret.optional)
        case .persistentVolumeClaim(let claim): claims.insert(claim.claimName)
        case .projected(let projected): projected.sources.forEach { add($0) }
        case .emptyDir, .downwardAPI, .hostPath, .unsupported: break
        }
    }

    private mutating func add(_ projection: VolumeProjection) {
        switch projection {
        case .configMap(let map): addConfigMap(map.name, optional: map.optional)
        case .secret(let secret): addSecret(secret.name, optional: secret.optional)
        case .serviceAccountToken(let token): tokens.insert(TokenKey(token))
        case .downwardAPI, .unsupported: break
        }
    }

    private mutating func addConfigMap(_ name: String, optional: Bool?) {
        configMaps[name] = (configMaps[name] ?? false) || optional != true
    }

    private mutating func addSecret(_ name: String, optional: Bool?) {
        secrets[name] = (secrets[name] ?? false) || optional != true
    }
}

/// Which token of the pod's service account is wanted.
public struct TokenKey: Sendable, Hashable {
    /// Who the token is for; nil is the API server.
    public var audience: String?
    /// Seconds of validity.
    public var expirationSeconds: Int

    public init(audience: String? = nil, expirationSeconds: Int = 3600) {
        self.audience = audience
        self.expirationSeconds = expirationSeconds
    }

    /// The token that a projected volume asks for.
    public init(_ projection: ServiceAccountTokenProjection) {
        let audience = projection.audience ?? ""
        // The API server takes lives of up to 2³² seconds; anything beyond would not survive arithmetic with times.
        let life = min(max(projection.expirationSeconds ?? 3600, 0), 1 << 32)
        self.init(audience: audience.isEmpty ? nil : audience, expirationSeconds: life)
    }
}

extension PodSpec {
    /// The service account's name; the API server fills `default` in, and a pod that it did not see gets the same.
    var serviceAccount: String {
        guard let name = serviceAccountName, !name.isEmpty else { return "default" }
        return name
    }
}
