/// Users, groups and the like for all containers of a pod.
public struct PodSecurityContext: Codable, Sendable, Equatable {
    /// User id.
    public var runAsUser: Int?
    /// Group id.
    public var runAsGroup: Int?
    /// Whether to refuse user id 0.
    public var runAsNonRoot: Bool?
    /// Further groups.
    public var supplementalGroups: [Int]
    /// `Merge` or `Strict`.
    public var supplementalGroupsPolicy: String?
    /// Group that owns the volumes.
    public var fsGroup: Int?
    /// `OnRootMismatch` or `Always`.
    public var fsGroupChangePolicy: String?
    /// Kernel settings of the pod's namespaces.
    public var sysctls: [Sysctl]
    /// System call filter.
    public var seccompProfile: SeccompProfile?
    /// SELinux label.
    public var seLinuxOptions: SELinuxOptions?

    /// Makes the value; everything not given stays unset.
    public init(
        runAsUser: Int? = nil,
        runAsGroup: Int? = nil,
        runAsNonRoot: Bool? = nil,
        supplementalGroups: [Int] = [],
        supplementalGroupsPolicy: String? = nil,
        fsGroup: Int? = nil,
        fsGroupChangePolicy: String? = nil,
        sysctls: [Sysctl] = [],
        seccompProfile: SeccompProfile? = nil,
        seLinuxOptions: SELinuxOptions? = nil
    ) {
        self.runAsUser = runAsUser
        self.runAsGroup = runAsGroup
        self.runAsNonRoot = runAsNonRoot
        self.supplementalGroups = supplementalGroups
        self.supplementalGroupsPolicy = supplementalGroupsPolicy
        self.fsGroup = fsGroup
        self.fsGroupChangePolicy = fsGroupChangePolicy
        self.sysctls = sysctls
        self.seccompProfile = seccompProfile
        self.seLinuxOptions = seLinuxOptions
    }
}

/// Users, capabilities and the like for one container; overrides the pod's.
public struct SecurityContext: Codable, Sendable, Equatable {
    /// User id.
    public var runAsUser: Int?
    /// Group id.
    public var runAsGroup: Int?
    /// Whether to refuse user id 0.
    public var runAsNonRoot: Bool?
    /// Capabilities to add and drop.
    public var capabilities: Capabilities?
    /// Whether all privileges of the node are wanted.
    public var privileged: Bool?
    /// Whether the root file system is read-only.
    public var readOnlyRootFilesystem: Bool?
    /// False sets no_new_privs.
    public var allowPrivilegeEscalation: Bool?
    /// `Default` or `Unmasked`.
    public var procMount: String?
    /// System call filter.
    public var seccompProfile: SeccompProfile?
    /// SELinux label.
    public var seLinuxOptions: SELinuxOptions?

    /// Makes the value; everything not given stays unset.
    public init(
        runAsUser: Int? = nil,
        runAsGroup: Int? = nil,
        runAsNonRoot: Bool? = nil,
        capabilities: Capabilities? = nil,
        privileged: Bool? = nil,
        readOnlyRootFilesystem: Bool? = nil,
        allowPrivilegeEscalation: Bool? = nil,
        procMount: String? = nil,
        seccompProfile: SeccompProfile? = nil,
        seLinuxOptions: SELinuxOptions? = nil
    ) {
        self.runAsUser = runAsUser
        self.runAsGroup = runAsGroup
        self.runAsNonRoot = runAsNonRoot
        self.capabilities = capabilities
        self.privileged = privileged
        self.readOnlyRootFilesystem = readOnlyRootFilesystem
        self.allowPrivilegeEscalation = allowPrivilegeEscalation
        self.procMount = procMount
        self.seccompProfile = seccompProfile
        self.seLinuxOptions = seLinuxOptions
    }
}

/// Capabilities to add and drop, named without `CAP_`; `ALL` means each.
public struct Capabilities: Codable, Sendable, Equatable {
    /// Added to the runtime's default set.
    public var add: [String]
    /// Removed from it.
    public var drop: [String]

    /// Makes the value; everything not given stays unset.
    public init(
        add: [String] = [],
        drop: [String] = []
    ) {
        self.add = add
        self.drop = drop
    }
}

/// A system call filter.
public struct SeccompProfile: Codable, Sendable, Equatable {
    /// `Unconfined`, `RuntimeDefault` or `Localhost`.
    public var type: String
    /// File on the node, for `Localhost`.
    public var localhostProfile: String?

    /// Makes the value; everything not given stays unset.
    public init(
        type: String = "",
        localhostProfile: String? = nil
    ) {
        self.type = type
        self.localhostProfile = localhostProfile
    }
}

/// An SELinux label.
public struct SELinuxOptions: Codable, Sendable, Equatable {
    /// User part.
    public var user: String?
    /// Role part.
    public var role: String?
    /// Type part.
    public var type: String?
    /// Level part.
    public var level: String?

    /// Makes the value; everything not given stays unset.
    public init(
        user: String? = nil,
        role: String? = nil,
        type: String? = nil,
        level: String? = nil
    ) {
        self.user = user
        self.role = role
        self.type = type
        self.level = level
    }
}

/// One kernel setting.
public struct Sysctl: Codable, Sendable, Equatable {
    /// Name.
    public var name: String
    /// Value.
    public var value: String

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = "",
        value: String = ""
    ) {
        self.name = name
        self.value = value
    }
}
