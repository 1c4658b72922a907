/// Something that happened to an object (core/v1).
public struct Event: KubernetesResource, Equatable {
    /// Group, version, kind, plural and scope in the API.
    public static let descriptor = ResourceDescriptor(
        group: "", version: "v1", kind: "Event", plural: "events", isNamespaced: true)

    /// Name, namespace and the rest.
    public var metadata: ObjectMeta
    /// The object.
    public var involvedObject: ObjectReference
    /// Why, for machines, as `Scheduled`; at most 128 characters.
    public var reason: String?
    /// What, for people; at most 1024 bytes.
    public var message: String?
    /// Who reports.
    public var source: EventSource?
    /// When it was seen first.
    public var firstTimestamp: Timestamp?
    /// When it was seen last.
    public var lastTimestamp: Timestamp?
    /// How often.
    public var count: Int?
    /// `Normal` or `Warning`.
    public var type: String?
    /// When it was seen first, finer.
    public var eventTime: MicroTime?
    /// What was done about it.
    public var action: String?
    /// Who reports, in the newer form.
    public var reportingComponent: String?
    /// Which instance reports, in the newer form.
    public var reportingInstance: String?

    /// Makes the value; everything not given stays unset.
    public init(
        metadata: ObjectMeta = ObjectMeta(),
        involvedObject: ObjectReference = ObjectReference(),
        reason: String? = nil,
        message: String? = nil,
        source: EventSource? = nil,
        firstTimestamp: Timestamp? = nil,
        lastTimestamp: Timestamp? = nil,
        count: Int? = nil,
        type: String? = nil,
        eventTime: MicroTime? = nil,
        action: String? = nil,
        reportingComponent: String? = nil,
        reportingInstance: String? = nil
    ) {
        self.metadata = metadata
        self.involvedObject = involvedObject
        self.reason = reason
        self.message = message
        self.source = source
        self.firstTimestamp = firstTimestamp
        self.lastTimestamp = lastTimestamp
        self.count = count
        self.type = type
        self.eventTime = eventTime
        self.action = action
        self.reportingComponent = reportingComponent
        self.reportingInstance = reportingInstance
    }
}

/// Who reports an event.
public struct EventSource: Codable, Sendable, Equatable {
    /// As `kubelet`.
    public var component: String?
    /// Node.
    public var host: String?

    /// Makes the value; everything not given stays unset.
    public init(
        component: String? = nil,
        host: String? = nil
    ) {
        self.component = component
        self.host = host
    }
}
