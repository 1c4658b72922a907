/// One environment variable.
public struct EnvVar: Codable, Sendable, Equatable {
    /// Name.
    public var name: String
    /// Value; `$(NAME)` refers to earlier variables.
    public var value: String?
    /// Where the value comes from instead.
    public var valueFrom: EnvVarSource?

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = "",
        value: String? = nil,
        valueFrom: EnvVarSource? = nil
    ) {
        self.name = name
        self.value = value
        self.valueFrom = valueFrom
    }
}

/// Where the value of a variable comes from; one of these.
public struct EnvVarSource: Codable, Sendable, Equatable {
    /// A field of the pod.
    public var fieldRef: ObjectFieldSelector?
    /// A request or limit.
    public var resourceFieldRef: ResourceFieldSelector?
    /// A key of a config map.
    public var configMapKeyRef: KeySelector?
    /// A key of a secret.
    public var secretKeyRef: KeySelector?

    /// Makes the value; everything not given stays unset.
    public init(
        fieldRef: ObjectFieldSelector? = nil,
        resourceFieldRef: ResourceFieldSelector? = nil,
        configMapKeyRef: KeySelector? = nil,
        secretKeyRef: KeySelector? = nil
    ) {
        self.fieldRef = fieldRef
        self.resourceFieldRef = resourceFieldRef
        self.configMapKeyRef = configMapKeyRef
        self.secretKeyRef = secretKeyRef
    }
}

/// A field of the pod.
public struct ObjectFieldSelector: Codable, Sendable, Equatable {
    /// Version in which the path is written.
    public var apiVersion: String?
    /// Path, as `metadata.name` or `metadata.labels['key']`.
    public var fieldPath: String

    /// Makes the value; everything not given stays unset.
    public init(
        apiVersion: String? = nil,
        fieldPath: String = ""
    ) {
        self.apiVersion = apiVersion
        self.fieldPath = fieldPath
    }
}

/// A request or limit of a container.
public struct ResourceFieldSelector: Codable, Sendable, Equatable {
    /// Container; needed in volumes.
    public var containerName: String?
    /// As `limits.cpu`.
    public var resource: String
    /// Unit of the result; 1 when absent or 0.
    public var divisor: Quantity?

    /// Makes the value; everything not given stays unset.
    public init(
        containerName: String? = nil,
        resource: String = "",
        divisor: Quantity? = nil
    ) {
        self.containerName = containerName
        self.resource = resource
        self.divisor = divisor
    }
}

/// A key of a config map or secret.
public struct KeySelector: Codable, Sendable, Equatable {
    /// Name of the config map or secret.
    public var name: String
    /// Key.
    public var key: String
    /// Whether it may be missing.
    public var optional: Bool?

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = "",
        key: String = "",
        optional: Bool? = nil
    ) {
        self.name = name
        self.key = key
        self.optional = optional
    }
}

/// A whole config map or secret as environment.
public struct EnvFromSource: Codable, Sendable, Equatable {
    /// Put before each name.
    public var prefix: String?
    /// The config map.
    public var configMapRef: OptionalObjectReference?
    /// The secret.
    public var secretRef: OptionalObjectReference?

    /// Makes the value; everything not given stays unset.
    public init(
        prefix: String? = nil,
        configMapRef: OptionalObjectReference? = nil,
        secretRef: OptionalObjectReference? = nil
    ) {
        self.prefix = prefix
        self.configMapRef = configMapRef
        self.secretRef = secretRef
    }
}

/// A config map or secret that may be missing.
public struct OptionalObjectReference: Codable, Sendable, Equatable {
    /// Name.
    public var name: String
    /// Whether it may be missing.
    public var optional: Bool?

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = "",
        optional: Bool? = nil
    ) {
        self.name = name
        self.optional = optional
    }
}
