/// An empty folder that lives as long as the pod.
public struct EmptyDirVolumeSource: Codable, Sendable, Equatable {
    /// `Memory` for tmpfs.
    public var medium: String?
    /// Most bytes.
    public var sizeLimit: Quantity?

    /// Makes the value; everything not given stays unset.
    public init(
        medium: String? = nil,
        sizeLimit: Quantity? = nil
    ) {
        self.medium = medium
        self.sizeLimit = sizeLimit
    }
}

/// One key as one file.
public struct KeyToPath: Codable, Sendable, Equatable {
    /// Key.
    public var key: String
    /// Relative path of the file.
    public var path: String
    /// Permission bits, as a decimal number.
    public var mode: Int?

    /// Makes the value; everything not given stays unset.
    public init(
        key: String = "",
        path: String = "",
        mode: Int? = nil
    ) {
        self.key = key
        self.path = path
        self.mode = mode
    }
}

/// A config map as files.
public struct ConfigMapVolumeSource: Codable, Sendable, Equatable {
    /// Name.
    public var name: String
    /// Keys wanted; empty means all.
    public var items: [KeyToPath]
    /// Permission bits; 0644 when absent.
    public var defaultMode: Int?
    /// Whether it may be missing.
    public var optional: Bool?

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = "",
        items: [KeyToPath] = [],
        defaultMode: Int? = nil,
        optional: Bool? = nil
    ) {
        self.name = name
        self.items = items
        self.defaultMode = defaultMode
        self.optional = optional
    }
}

/// A secret as files.
public struct SecretVolumeSource: Codable, Sendable, Equatable {
    /// Name.
    public var secretName: String
    /// Keys wanted; empty means all.
    public var items: [KeyToPath]
    /// Permission bits; 0644 when absent.
    public var defaultMode: Int?
    /// Whether it may be missing.
    public var optional: Bool?

    /// Makes the value; everything not given stays unset.
    public init(
        secretName: String = "",
        items: [KeyToPath] = [],
        defaultMode: Int? = nil,
        optional: Bool? = nil
    ) {
        self.secretName = secretName
        self.items = items
        self.defaultMode = defaultMode
        self.optional = optional
    }
}

/// Fields of the pod as files.
public struct DownwardAPIVolumeSource: Codable, Sendable, Equatable {
    /// Files.
    public var items: [DownwardAPIVolumeFile]
    /// Permission bits; 0644 when absent.
    public var defaultMode: Int?

    /// Makes the value; everything not given stays unset.
    public init(
        items: [DownwardAPIVolumeFile] = [],
        defaultMode: Int? = nil
    ) {
        self.items = items
        self.defaultMode = defaultMode
    }
}

/// One field of the pod as a file.
public struct DownwardAPIVolumeFile: Codable, Sendable, Equatable {
    /// Relative path of the file.
    public var path: String
    /// A field.
    public var fieldRef: ObjectFieldSelector?
    /// A request or limit.
    public var resourceFieldRef: ResourceFieldSelector?
    /// Permission bits.
    public var mode: Int?

    /// Makes the value; everything not given stays unset.
    public init(
        path: String = "",
        fieldRef: ObjectFieldSelector? = nil,
        resourceFieldRef: ResourceFieldSelector? = nil,
        mode: Int? = nil
    ) {
        self.path = path
        self.fieldRef = fieldRef
        self.resourceFieldRef = resourceFieldRef
        self.mode = mode
    }
}

/// A path of the node.
public struct HostPathVolumeSource: Codable, Sendable, Equatable {
    /// Path.
    public var path: String
    /// What must be there, as `Directory` or `DirectoryOrCreate`; empty means anything.
    public var type: String?

    /// Makes the value; everything not given stays unset.
    public init(
        path: String = "",
        type: String? = nil
    ) {
        self.path = path
        self.type = type
    }
}

/// A claim in the pod's namespace.
public struct PersistentVolumeClaimVolumeSource: Codable, Sendable, Equatable {
    /// Name.
    public var claimName: String
    /// Whether it is read-only.
    public var readOnly: Bool

    /// Makes the value; everything not given stays unset.
    public init(
        claimName: String = "",
        readOnly: Bool = false
    ) {
        self.claimName = claimName
        self.readOnly = readOnly
    }
}

/// Several sources in one folder.
public struct ProjectedVolumeSource: Codable, Sendable, Equatable {
    /// Sources; a later one wins.
    public var sources: [VolumeProjection]
    /// Permission bits; 0644 when absent.
    public var defaultMode: Int?

    /// Makes the value; everything not given stays unset.
    public init(
        sources: [VolumeProjection] = [],
        defaultMode: Int? = nil
    ) {
        self.sources = sources
        self.defaultMode = defaultMode
    }
}

/// A config map in a projected volume.
public struct ConfigMapProjection: Codable, Sendable, Equatable {
    /// Name.
    public var name: String
    /// Keys wanted; empty means all.
    public var items: [KeyToPath]
    /// Whether it may be missing.
    public var optional: Bool?

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = "",
        items: [KeyToPath] = [],
        optional: Bool? = nil
    ) {
        self.name = name
        self.items = items
        self.optional = optional
    }
}

/// A secret in a projected volume.
public struct SecretProjection: Codable, Sendable, Equatable {
    /// Name.
    public var name: String
    /// Keys wanted; empty means all.
    public var items: [KeyToPath]
    /// Whether it may be missing.
    public var optional: Bool?

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = "",
        items: [KeyToPath] = [],
        optional: Bool? = nil
    ) {
        self.name = name
        self.items = items
        self.optional = optional
    }
}

/// Fields of the pod in a projected volume.
public struct DownwardAPIProjection: Codable, Sendable, Equatable {
    /// Files.
    public var items: [DownwardAPIVolumeFile]

    /// Makes the value; everything not given stays unset.
    public init(
        items: [DownwardAPIVolumeFile] = []
    ) {
        self.items = items
    }
}

/// A token of the pod's service account in a projected volume.
public struct ServiceAccountTokenProjection: Codable, Sendable, Equatable {
    /// Who the token is for; the API server when absent.
    public var audience: String?
    /// Seconds of validity; 3600 when absent, at least 600.
    public var expirationSeconds: Int?
    /// Relative path of the file.
    public var path: String

    /// Makes the value; everything not given stays unset.
    public init(
        audience: String? = nil,
        expirationSeconds: Int? = nil,
        path: String = ""
    ) {
        self.audience = audience
        self.expirationSeconds = expirationSeconds
        self.path = path
    }
}
