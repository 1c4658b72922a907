#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import Kubernetes
import PodProtocol

/// The files of configMap, secret, downwardAPI and projected volumes, as the kubelet lays them out.
struct VolumeFiles {
    let pod: Pod
    let sources: PodSources
    let settings: PlanSettings

    /// The volume's files, sorted by path; nil for a volume of another kind.
    func content(of volume: Volume) throws(TranslationError) -> VolumeContent? {
        var payload = Payload(volume: volume.name)
        switch volume.source {
        case .configMap(let source):
            payload.defaultMode = try mode(source.defaultMode, volume)
            try addConfigMap(source.name, source.items, source.optional, to: &payload)
        case .secret(let source):
            payload.defaultMode = try mode(source.defaultMode, volume)
            try addSecret(source.secretName, source.items, source.optional, to: &payload)
        case .downwardAPI(let source):
            payload.defaultMode = try mode(source.defaultMode, volume)
            try addFields(source.items, to: &payload)
        case .projected(let source):
            payload.defaultMode = try mode(source.defaultMode, volume)
            for projection in source.sources { try add(projection, to: &payload) }
        case .emptyDir, .hostPath, .persistentVolumeClaim, .unsupported:
            return nil
        }
        if let (file, below) = VolumePath.conflict(payload.files.keys) {
            throw payload.waits("\(file) is wanted as a file and as the folder of \(below)")
        }
        var files = payload.files.values.sorted { $0.path < $1.path }
        if pod.spec.securityContext?.fsGroup != nil {
            // The group that owns the volume must be able to read it, whatever modes were asked for.
            for index in files.indices { files[index].mode |= 0o440 }
        }
        return VolumeContent(files: files)
    }

    /// Files gathered so far.
    private struct Payload {
        let volume: String
        var defaultMode: UInt32 = 0o644
        var files: [String: VolumeContent.File] = [:]

        func waits(_ message: String) -> TranslationError { TranslationError(.volumeWaits(volume: volume), message: message) }

        mutating func add(_ path: String, _ data: Data, mode: UInt32?, owner: UInt32? = nil) throws(TranslationError) {
            if let problem = VolumePath.problem(path) { throw waits(problem) }
            let name = VolumePath.normalized(path)
            files[name] = VolumeContent.File(path: name, mode: mode ?? defaultMode, data: data, owner: owner)
        }
    }

    private func add(_ projection: VolumeProjection, to payload: inout Payload) throws(TranslationError) {
        switch projection {
        case .configMap(let source): try addConfigMap(source.name, source.items, source.optional, to: &payload)
        case .secret(let source): try addSecret(source.name, source.items, source.optional, to: &payload)
        case .downwardAPI(let source): try addFields(source.items, to: &payload)
        case .serviceAccountToken(let source): try addToken(source, to: &payload)
        case .unsupported(let kind):
            throw .unsupported("spec.volumes", "volume \"\(payload.volume)\": projected source \(kind) is not supported")
        }
    }

    private func addConfigMap(
        _ name: String, _ items: [KeyToPath], _ optional: Bool?, to payload: inout Payload
    ) throws(TranslationError) {
        guard let map = sources.configMaps[name] else {
            if optional == true { return }
            throw payload.waits("configmap \"\(name)\" not found")
        }
        let values = map.data.mapValues { Data($0.utf8) }.merging(map.binaryData) { _, binary in binary }
        try add(values, items, optional, missing: "configmap references non-existent config key: ", to: &payload)
    }

    private func addSecret(_ name: String, _ items: [KeyToPath], _ optional: Bool?, to payload: inout Payload) throws(TranslationError) {
        guard let secret = sources.secrets[name] else {
            if optional == true { return }
            throw payload.waits("secret \"\(name)\" not found")
        }
        try add(secret.data, items, optional, missing: "references non-existent secret key: ", to: &payload)
    }

    private func add(
        _ values: [String: Data], _ items: [KeyToPath], _ optional: Bool?, missing: String, to payload: inout Payload
    ) throws(TranslationError) {
        guard !items.isEmpty else {
            for (key, data) in values { try payload.add(key, data, mode: nil) }
            return
        }
        for item in items {
            guard let data = values[item.key] else {
                if optional == true { continue }
                throw payload.waits(missing + item.key)
            }
            try payload.add(item.path, data, mode: try itemMode(item.mode, payload))
        }
    }

    private func addFields(_ items: [DownwardAPIVolumeFile], to payload: inout Payload) throws(TranslationError) {
        for item in items {
            let text: String
            if let selector = item.fieldRef {
                guard let value = PodFields(pod: pod).text(selector.fieldPath) else {
                    throw payload.waits("unsupported fieldPath: \(selector.fieldPath)")
                }
                text = value
            } else if let selector = item.resourceFieldRef {
                text = try resource(selector, payload)
            } else {
                throw payload.waits("\(item.path.quotedForMessage): one of fieldRef and resourceFieldRef is needed")
            }
            try payload.add(item.path, Data(text.utf8), mode: try itemMode(item.mode, payload))
        }
    }

    private func resource(_ selector: ResourceFieldSelector, _ payload: Payload) throws(TranslationError) -> String {
        let name = selector.containerName ?? ""
        guard let container = (pod.spec.containers + pod.spec.initContainers).first(where: { $0.name == name }) else {
            throw payload.waits("container \(name) not found")
        }
        guard let value = ResourceFields(allocatable: settings.allocatable).value(selector, of: container) else {
            throw payload.waits("unsupported container resource : \(selector.resource)")
        }
        return value
    }

    private func addToken(_ source: ServiceAccountTokenProjection, to payload: inout Payload) throws(TranslationError) {
        guard let token = sources.tokens[TokenKey(source)] else {
            throw payload.waits("failed to fetch token: serviceaccount \"\(pod.spec.serviceAccount)\" not found")
        }
        // A token is for one user: it is readable by others only where the pod says neither who its user nor its group is.
        let owner = IdentityResolver(pod: pod).commonUser
        let isPrivate = owner != nil || pod.spec.securityContext?.fsGroup != nil
        try payload.add(source.path, Data(token.token.utf8), mode: isPrivate ? 0o600 : nil, owner: owner)
    }

    private func mode(_ mode: Int?, _ volume: Volume) throws(TranslationError) -> UInt32 {
        guard let mode else { return 0o644 }
        guard let bits = Self.bits(mode) else {
            throw .invalid(
                "spec.volumes", "volume \"\(volume.name)\": defaultMode \(mode) is not between 0 and 0777 (octal), 511 (decimal)")
        }
        return bits
    }

    private func itemMode(_ mode: Int?, _ payload: Payload) throws(TranslationError) -> UInt32? {
        guard let mode else { return nil }
        guard let bits = Self.bits(mode) else {
            throw .invalid("spec.volumes", "volume \"\(payload.volume)\": mode \(mode) is not between 0 and 0777 (octal), 511 (decimal)")
        }
        return bits
    }

    private static func bits(_ mode: Int) -> UInt32? { (0...0o777).contains(mode) ? UInt32(mode) : nil }
}
