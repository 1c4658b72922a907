/// What every object of the API has (metav1.ObjectMeta).
public struct ObjectMeta: Codable, Sendable, Equatable {
    /// Name, unique in the namespace for the kind.
    public var name: String
    /// Prefix from which the server makes a name.
    public var generateName: String?
    /// Namespace; empty for cluster-wide kinds.
    public var namespace: String
    /// Unique over time and space; set by the server.
    public var uid: String
    /// Opaque version; set by the server.
    public var resourceVersion: String
    /// Number of the wanted state.
    public var generation: Int?
    /// Labels, for selectors.
    public var labels: [String: String]
    /// Annotations, for anything else.
    public var annotations: [String: String]
    /// When the server stored the object first.
    public var creationTimestamp: Timestamp?
    /// When the object is to be gone; set by a graceful delete.
    public var deletionTimestamp: Timestamp?
    /// Seconds allowed between the delete and the end.
    public var deletionGracePeriodSeconds: Int?
    /// Objects this one belongs to.
    public var ownerReferences: [OwnerReference]
    /// What must be done before the object may vanish.
    public var finalizers: [String]

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = "",
        generateName: String? = nil,
        namespace: String = "",
        uid: String = "",
        resourceVersion: String = "",
        generation: Int? = nil,
        labels: [String: String] = [:],
        annotations: [String: String] = [:],
        creationTimestamp: Timestamp? = nil,
        deletionTimestamp: Timestamp? = nil,
        deletionGracePeriodSeconds: Int? = nil,
        ownerReferences: [OwnerReference] = [],
        finalizers: [String] = []
    ) {
        self.name = name
        self.generateName = generateName
        self.namespace = namespace
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.generation = generation
        self.labels = labels
        self.annotations = annotations
        self.creationTimestamp = creationTimestamp
        self.deletionTimestamp = deletionTimestamp
        self.deletionGracePeriodSeconds = deletionGracePeriodSeconds
        self.ownerReferences = ownerReferences
        self.finalizers = finalizers
    }
}

/// One owner of an object (metav1.OwnerReference).
public struct OwnerReference: Codable, Sendable, Equatable {
    /// Group and version of the owner.
    public var apiVersion: String
    /// Kind of the owner.
    public var kind: String
    /// Name of the owner.
    public var name: String
    /// UID of the owner.
    public var uid: String
    /// Whether the owner is the managing controller.
    public var controller: Bool?
    /// Whether a foreground delete of the owner waits for this object.
    public var blockOwnerDeletion: Bool?

    /// Makes the value; everything not given stays unset.
    public init(
        apiVersion: String = "",
        kind: String = "",
        name: String = "",
        uid: String = "",
        controller: Bool? = nil,
        blockOwnerDeletion: Bool? = nil
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.controller = controller
        self.blockOwnerDeletion = blockOwnerDeletion
    }
}

/// What every list has (metav1.ListMeta).
public struct ListMeta: Codable, Sendable, Equatable {
    /// Version of the list: where a watch begins.
    public var resourceVersion: String
    /// Token of the next page; empty on the last one.
    public var `continue`: String
    /// How many objects follow, where the server knows.
    public var remainingItemCount: Int?

    /// Makes the value; everything not given stays unset.
    public init(
        resourceVersion: String = "",
        `continue`: String = "",
        remainingItemCount: Int? = nil
    ) {
        self.resourceVersion = resourceVersion
        self.continue = `continue`
        self.remainingItemCount = remainingItemCount
    }
}

/// A label query (metav1.LabelSelector).
public struct LabelSelector: Codable, Sendable, Equatable {
    /// Labels with exactly these values.
    public var matchLabels: [String: String]
    /// Further requirements; all must hold.
    public var matchExpressions: [LabelSelectorRequirement]

    /// Makes the value; everything not given stays unset.
    public init(
        matchLabels: [String: String] = [:],
        matchExpressions: [LabelSelectorRequirement] = []
    ) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }
}

/// One requirement of a label query.
public struct LabelSelectorRequirement: Codable, Sendable, Equatable {
    /// Label.
    public var key: String
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    public var `operator`: String
    /// Values for `In` and `NotIn`.
    public var values: [String]

    /// Makes the value; everything not given stays unset.
    public init(
        key: String = "",
        `operator`: String = "",
        values: [String] = []
    ) {
        self.key = key
        self.operator = `operator`
        self.values = values
    }
}

/// Points to an object (core/v1 ObjectReference).
public struct ObjectReference: Codable, Sendable, Equatable {
    /// Group and version.
    public var apiVersion: String?
    /// Kind.
    public var kind: String?
    /// Namespace.
    public var namespace: String?
    /// Name.
    public var name: String?
    /// UID.
    public var uid: String?
    /// Version meant.
    public var resourceVersion: String?
    /// Part of the object, as `spec.containers{name}`.
    public var fieldPath: String?

    /// Makes the value; everything not given stays unset.
    public init(
        apiVersion: String? = nil,
        kind: String? = nil,
        namespace: String? = nil,
        name: String? = nil,
        uid: String? = nil,
        resourceVersion: String? = nil,
        fieldPath: String? = nil
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.fieldPath = fieldPath
    }
}

/// Points to an object in the same namespace.
public struct LocalObjectReference: Codable, Sendable, Equatable {
    /// Name.
    public var name: String

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = ""
    ) {
        self.name = name
    }
}

extension ObjectMeta: AbsentValue {
    static var absent: ObjectMeta { ObjectMeta() }
}

extension ObjectReference: AbsentValue {
    static var absent: ObjectReference { ObjectReference() }
}
