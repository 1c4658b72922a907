/// Rules for the choice of node.
public struct Affinity: Codable, Sendable, Equatable {
    /// Rules on the node itself.
    public var nodeAffinity: NodeAffinity?
    /// Rules to be near other pods.
    public var podAffinity: PodAffinity?
    /// Rules to be away from other pods.
    public var podAntiAffinity: PodAffinity?

    /// Makes the value; everything not given stays unset.
    public init(
        nodeAffinity: NodeAffinity? = nil,
        podAffinity: PodAffinity? = nil,
        podAntiAffinity: PodAffinity? = nil
    ) {
        self.nodeAffinity = nodeAffinity
        self.podAffinity = podAffinity
        self.podAntiAffinity = podAntiAffinity
    }
}

/// Rules on the node itself.
public struct NodeAffinity: Codable, Sendable, Equatable {
    /// What must hold.
    public var requiredDuringSchedulingIgnoredDuringExecution: NodeSelector?
    /// What would be liked.
    public var preferredDuringSchedulingIgnoredDuringExecution: [PreferredSchedulingTerm]

    /// Makes the value; everything not given stays unset.
    public init(
        requiredDuringSchedulingIgnoredDuringExecution: NodeSelector? = nil,
        preferredDuringSchedulingIgnoredDuringExecution: [PreferredSchedulingTerm] = []
    ) {
        self.requiredDuringSchedulingIgnoredDuringExecution = requiredDuringSchedulingIgnoredDuringExecution
        self.preferredDuringSchedulingIgnoredDuringExecution = preferredDuringSchedulingIgnoredDuringExecution
    }
}

/// A choice of nodes: one of the terms must match.
public struct NodeSelector: Codable, Sendable, Equatable {
    /// Terms, joined by or.
    public var nodeSelectorTerms: [NodeSelectorTerm]

    /// Makes the value; everything not given stays unset.
    public init(
        nodeSelectorTerms: [NodeSelectorTerm] = []
    ) {
        self.nodeSelectorTerms = nodeSelectorTerms
    }
}

/// One term: everything in it must match; an empty term matches nothing.
public struct NodeSelectorTerm: Codable, Sendable, Equatable {
    /// Requirements on labels.
    public var matchExpressions: [NodeSelectorRequirement]
    /// Requirements on fields; the API knows `metadata.name`.
    public var matchFields: [NodeSelectorRequirement]

    /// Makes the value; everything not given stays unset.
    public init(
        matchExpressions: [NodeSelectorRequirement] = [],
        matchFields: [NodeSelectorRequirement] = []
    ) {
        self.matchExpressions = matchExpressions
        self.matchFields = matchFields
    }
}

/// One requirement on a label or field of a node.
public struct NodeSelectorRequirement: Codable, Sendable, Equatable {
    /// Label or field.
    public var key: String
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`.
    public var `operator`: String
    /// Values for the operator.
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

/// A term that would be liked.
public struct PreferredSchedulingTerm: Codable, Sendable, Equatable {
    /// 1 to 100.
    public var weight: Int
    /// The term.
    public var preference: NodeSelectorTerm

    /// Makes the value; everything not given stays unset.
    public init(
        weight: Int = 0,
        preference: NodeSelectorTerm = NodeSelectorTerm()
    ) {
        self.weight = weight
        self.preference = preference
    }
}

/// Rules about other pods (both affinity and anti-affinity).
public struct PodAffinity: Codable, Sendable, Equatable {
    /// What must hold.
    public var requiredDuringSchedulingIgnoredDuringExecution: [PodAffinityTerm]
    /// What would be liked.
    public var preferredDuringSchedulingIgnoredDuringExecution: [WeightedPodAffinityTerm]

    /// Makes the value; everything not given stays unset.
    public init(
        requiredDuringSchedulingIgnoredDuringExecution: [PodAffinityTerm] = [],
        preferredDuringSchedulingIgnoredDuringExecution: [WeightedPodAffinityTerm] = []
    ) {
        self.requiredDuringSchedulingIgnoredDuringExecution = requiredDuringSchedulingIgnoredDuringExecution
        self.preferredDuringSchedulingIgnoredDuringExecution = preferredDuringSchedulingIgnoredDuringExecution
    }
}

/// One rule about other pods.
public struct PodAffinityTerm: Codable, Sendable, Equatable {
    /// Which pods are meant.
    public var labelSelector: LabelSelector?
    /// Namespaces of those pods.
    public var namespaces: [String]
    /// Node label that says what near means.
    public var topologyKey: String

    /// Makes the value; everything not given stays unset.
    public init(
        labelSelector: LabelSelector? = nil,
        namespaces: [String] = [],
        topologyKey: String = ""
    ) {
        self.labelSelector = labelSelector
        self.namespaces = namespaces
        self.topologyKey = topologyKey
    }
}

/// A rule about other pods that would be liked.
public struct WeightedPodAffinityTerm: Codable, Sendable, Equatable {
    /// 1 to 100.
    public var weight: Int
    /// The rule.
    public var podAffinityTerm: PodAffinityTerm

    /// Makes the value; everything not given stays unset.
    public init(
        weight: Int = 0,
        podAffinityTerm: PodAffinityTerm = PodAffinityTerm()
    ) {
        self.weight = weight
        self.podAffinityTerm = podAffinityTerm
    }
}

/// A rule for the spread of pods over nodes.
public struct TopologySpreadConstraint: Codable, Sendable, Equatable {
    /// Largest difference allowed.
    public var maxSkew: Int
    /// Node label that makes the domains.
    public var topologyKey: String
    /// `DoNotSchedule` or `ScheduleAnyway`.
    public var whenUnsatisfiable: String
    /// Which pods count.
    public var labelSelector: LabelSelector?

    /// Makes the value; everything not given stays unset.
    public init(
        maxSkew: Int = 0,
        topologyKey: String = "",
        whenUnsatisfiable: String = "",
        labelSelector: LabelSelector? = nil
    ) {
        self.maxSkew = maxSkew
        self.topologyKey = topologyKey
        self.whenUnsatisfiable = whenUnsatisfiable
        self.labelSelector = labelSelector
    }
}

/// Taints that a pod accepts.
public struct Toleration: Codable, Sendable, Equatable {
    /// Taint key; none with `Exists` means all.
    public var key: String?
    /// `Exists` or `Equal` (the default).
    public var `operator`: String?
    /// Taint value for `Equal`.
    public var value: String?
    /// Effect; none means all.
    public var effect: TaintEffect?
    /// Seconds a NoExecute taint is accepted; none means for ever.
    public var tolerationSeconds: Int?

    /// Makes the value; everything not given stays unset.
    public init(
        key: String? = nil,
        `operator`: String? = nil,
        value: String? = nil,
        effect: TaintEffect? = nil,
        tolerationSeconds: Int? = nil
    ) {
        self.key = key
        self.operator = `operator`
        self.value = value
        self.effect = effect
        self.tolerationSeconds = tolerationSeconds
    }
}

/// What a taint does to pods that do not tolerate it.
public struct TaintEffect: OpenEnumeration {
    /// The word as the API writes it.
    public let rawValue: String

    /// Takes any word, also one that this list does not have.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// New pods stay away.
    public static let noSchedule = Self(rawValue: "NoSchedule")

    /// New pods stay away if they can.
    public static let preferNoSchedule = Self(rawValue: "PreferNoSchedule")

    /// Running pods go too.
    public static let noExecute = Self(rawValue: "NoExecute")
}

extension NodeSelectorTerm: AbsentValue {
    static var absent: NodeSelectorTerm { NodeSelectorTerm() }
}

extension PodAffinityTerm: AbsentValue {
    static var absent: PodAffinityTerm { PodAffinityTerm() }
}
