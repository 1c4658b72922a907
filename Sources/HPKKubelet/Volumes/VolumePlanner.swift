#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import Kubernetes
import PodProtocol

/// Turns a pod's volumes into what the supervisor makes of them.
struct VolumePlanner {
    let pod: Pod
    let sources: PodSources
    let settings: PlanSettings

    /// One volume, planned.
    struct Result: Equatable {
        var plan: VolumePlan
        /// The files of a volume whose plan says ``VolumePlan/Source/delivered``.
        var delivered: VolumeContent?
    }

    func plan(_ volume: Volume, field: String) throws(TranslationError) -> Result {
        guard TextRules.isLabel(volume.name) else {
            throw .invalid("\(field).name", "\(volume.name.quotedForMessage) is not a valid DNS label")
        }
        switch volume.source {
        case .emptyDir(let source):
            return Result(plan: VolumePlan(name: volume.name, source: try emptyDirectory(source, volume, field)))
        case .hostPath(let source):
            return Result(plan: VolumePlan(name: volume.name, source: try hostPath(source, volume, field)))
        case .configMap, .secret, .downwardAPI, .projected:
            let content = try VolumeFiles(pod: pod, sources: sources, settings: settings).content(of: volume) ?? VolumeContent()
            if volume.source.isSecret { return Result(plan: VolumePlan(name: volume.name, source: .delivered), delivered: content) }
            return Result(plan: VolumePlan(name: volume.name, source: .content(content)))
        case .persistentVolumeClaim(let claim):
            throw .unsupported(
                "\(field).persistentVolumeClaim",
                "volume \"\(volume.name)\": persistentVolumeClaim (claim \"\(claim.claimName)\") is not supported: "
                    + "use hostPath with a folder of the shared file system")
        case .unsupported(let kind):
            throw .unsupported(
                "\(field).\(kind)",
                "volume \"\(volume.name)\": volume kind \(kind) is not supported: use emptyDir, configMap, secret, downwardAPI, projected or hostPath"
            )
        }
    }

    private func emptyDirectory(
        _ source: EmptyDirVolumeSource, _ volume: Volume, _ field: String
    ) throws(TranslationError) -> VolumePlan.Source {
        var limit: Int64?
        if let quantity = source.sizeLimit, !quantity.isZero {
            guard quantity > .zero else {
                throw .invalid("\(field).emptyDir.sizeLimit", "volume \"\(volume.name)\": \(quantity) is less than nothing")
            }
            limit = quantity.value
        }
        switch source.medium ?? "" {
        case "": return .emptyDirectory(inMemory: false, sizeLimit: limit)
        case "Memory": return .emptyDirectory(inMemory: true, sizeLimit: limit)
        case let medium:
            throw .unsupported(
                "\(field).emptyDir.medium",
                "volume \"\(volume.name)\": unknown storage medium \(medium.quotedForMessage): use Memory or none")
        }
    }

    private func hostPath(_ source: HostPathVolumeSource, _ volume: Volume, _ field: String) throws(TranslationError) -> VolumePlan.Source {
        let path = source.path
        guard path.hasPrefix("/"), !TextRules.hasControl(path), path.utf8.count <= VolumePath.maximumLength else {
            throw .invalid(
                "\(field).hostPath.path",
                "volume \"\(volume.name)\": \(path.quotedForMessage) must be an absolute path without control characters")
        }
        guard !path.split(separator: "/").contains("..") else {
            throw .invalid("\(field).hostPath.path", "volume \"\(volume.name)\": must not contain '..': \(path.quotedForMessage)")
        }
        guard let type = HostPathType(rawValue: source.type ?? "") else {
            throw .invalid(
                "\(field).hostPath.type", "volume \"\(volume.name)\": \((source.type ?? "").quotedForMessage) is not a type of hostPath")
        }
        return .hostPath(path: VolumePath.absolute(path), type: type)
    }
}

extension VolumeSource {
    /// Whether the volume holds a secret or a token, which must not lie on the shared file system.
    var isSecret: Bool {
        switch self {
        case .secret: true
        case .projected(let projected):
            projected.sources.contains { source in
                switch source {
                case .secret, .serviceAccountToken: true
                case .configMap, .downwardAPI, .unsupported: false
                }
            }
        case .emptyDir, .configMap, .downwardAPI, .hostPath, .persistentVolumeClaim, .unsupported: false
        }
    }
}
