/// A volume of a pod (core/v1 Volume).
public struct Volume: Codable, Sendable, Equatable {
    /// Name, unique in the pod.
    public var name: String
    /// Where its contents come from.
    public var source: VolumeSource

    /// Makes the value.
    public init(name: String, source: VolumeSource) {
        self.name = name
        self.source = source
    }

    /// Reads the name and the one source beside it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: SourceKey.self)
        name = try container.decode(String.self, forKey: SourceKey("name"))
        source = try VolumeSource(container)
    }

    /// Writes the name and the source; an unsupported source is written as an empty object.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: SourceKey.self)
        try container.encode(name, forKey: SourceKey("name"))
        try source.encode(to: &container)
    }
}

/// Where a volume's contents come from (core/v1 VolumeSource).
public enum VolumeSource: Sendable, Equatable {
    /// An empty folder that lives as long as the pod.
    case emptyDir(EmptyDirVolumeSource)
    /// A config map as files.
    case configMap(ConfigMapVolumeSource)
    /// A secret as files.
    case secret(SecretVolumeSource)
    /// Fields of the pod as files.
    case downwardAPI(DownwardAPIVolumeSource)
    /// Several sources in one folder.
    case projected(ProjectedVolumeSource)
    /// A path of the node.
    case hostPath(HostPathVolumeSource)
    /// A claim in the pod's namespace.
    case persistentVolumeClaim(PersistentVolumeClaimVolumeSource)
    /// A source that is not modelled, by its key, as `nfs` or `csi`.
    case unsupported(String)

    init(_ container: KeyedDecodingContainer<SourceKey>) throws {
        let keys = container.presentKeys.filter { $0.stringValue != "name" }
        guard let key = keys.first else {
            // The API server turns a volume without a source into an emptyDir.
            self = .emptyDir(EmptyDirVolumeSource())
            return
        }
        guard keys.count == 1 else {
            self = .unsupported(keys.map(\.stringValue).joined(separator: ","))
            return
        }
        switch key.stringValue {
        case "emptyDir": self = .emptyDir(try container.decode(EmptyDirVolumeSource.self, forKey: key))
        case "configMap": self = .configMap(try container.decode(ConfigMapVolumeSource.self, forKey: key))
        case "secret": self = .secret(try container.decode(SecretVolumeSource.self, forKey: key))
        case "downwardAPI": self = .downwardAPI(try container.decode(DownwardAPIVolumeSource.self, forKey: key))
        case "projected": self = .projected(try container.decode(ProjectedVolumeSource.self, forKey: key))
        case "hostPath": self = .hostPath(try container.decode(HostPathVolumeSource.self, forKey: key))
        case "persistentVolumeClaim":
            self = .persistentVolumeClaim(try container.decode(PersistentVolumeClaimVolumeSource.self, forKey: key))
        default: self = .unsupported(key.stringValue)
        }
    }

    func encode(to container: inout KeyedEncodingContainer<SourceKey>) throws {
        switch self {
        case .emptyDir(let source): try container.encode(source, forKey: SourceKey("emptyDir"))
        case .configMap(let source): try container.encode(source, forKey: SourceKey("configMap"))
        case .secret(let source): try container.encode(source, forKey: SourceKey("secret"))
        case .downwardAPI(let source): try container.encode(source, forKey: SourceKey("downwardAPI"))
        case .projected(let source): try container.encode(source, forKey: SourceKey("projected"))
        case .hostPath(let source): try container.encode(source, forKey: SourceKey("hostPath"))
        case .persistentVolumeClaim(let source): try container.encode(source, forKey: SourceKey("persistentVolumeClaim"))
        case .unsupported(let name): try container.encode([String: String]?.some([:]), forKey: SourceKey(name))
        }
    }
}

/// One source of a projected volume (core/v1 VolumeProjection).
public enum VolumeProjection: Codable, Sendable, Equatable {
    /// A config map.
    case configMap(ConfigMapProjection)
    /// A secret.
    case secret(SecretProjection)
    /// Fields of the pod.
    case downwardAPI(DownwardAPIProjection)
    /// A token of the pod's service account.
    case serviceAccountToken(ServiceAccountTokenProjection)
    /// A source that is not modelled, by its key.
    case unsupported(String)

    /// Reads the one source.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: SourceKey.self)
        let keys = container.presentKeys
        guard keys.count == 1, let key = keys.first else {
            self = .unsupported(keys.map(\.stringValue).joined(separator: ","))
            return
        }
        switch key.stringValue {
        case "configMap": self = .configMap(try container.decode(ConfigMapProjection.self, forKey: key))
        case "secret": self = .secret(try container.decode(SecretProjection.self, forKey: key))
        case "downwardAPI": self = .downwardAPI(try container.decode(DownwardAPIProjection.self, forKey: key))
        case "serviceAccountToken":
            self = .serviceAccountToken(try container.decode(ServiceAccountTokenProjection.self, forKey: key))
        default: self = .unsupported(key.stringValue)
        }
    }

    /// Writes the source; an unsupported one is written as an empty object.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: SourceKey.self)
        switch self {
        case .configMap(let source): try container.encode(source, forKey: SourceKey("configMap"))
        case .secret(let source): try container.encode(source, forKey: SourceKey("secret"))
        case .downwardAPI(let source): try container.encode(source, forKey: SourceKey("downwardAPI"))
        case .serviceAccountToken(let source): try container.encode(source, forKey: SourceKey("serviceAccountToken"))
        case .unsupported(let name): try container.encode([String: String]?.some([:]), forKey: SourceKey(name))
        }
    }
}

/// Any key: the key's name says which source it is.
struct SourceKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}

extension KeyedDecodingContainer where Key == SourceKey {
    /// Keys whose value is not null, in a fixed order.
    fileprivate var presentKeys: [SourceKey] {
        allKeys.filter { (try? decodeNil(forKey: $0)) == false }.sorted { $0.stringValue < $1.stringValue }
    }
}
