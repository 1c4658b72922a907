/// The server's answer that is not an object: an error, or a plain success (metav1.Status).
public struct Status: Codable, Sendable, Equatable {
    /// `Success` or `Failure`.
    public var status: String?
    /// Text for people.
    public var message: String?
    /// Machine-readable reason, as `NotFound`, `Conflict`, `Expired`.
    public var reason: String?
    /// What the reason is about.
    public var details: StatusDetails?
    /// HTTP code that goes with it.
    public var code: Int?
    /// A continue token may be here after a 410 of a paged list.
    public var metadata: ListMeta?

    /// Makes the value; everything not given stays unset.
    public init(
        status: String? = nil,
        message: String? = nil,
        reason: String? = nil,
        details: StatusDetails? = nil,
        code: Int? = nil,
        metadata: ListMeta? = nil
    ) {
        self.status = status
        self.message = message
        self.reason = reason
        self.details = details
        self.code = code
        self.metadata = metadata
    }
}

/// What a `Status` is about.
public struct StatusDetails: Codable, Sendable, Equatable {
    /// Name of the object.
    public var name: String?
    /// Group of the object.
    public var group: String?
    /// Kind (or plural) of the object.
    public var kind: String?
    /// UID of the object.
    public var uid: String?
    /// Each thing that is wrong.
    public var causes: [StatusCause]
    /// Seconds to wait before another try.
    public var retryAfterSeconds: Int?

    /// Makes the value; everything not given stays unset.
    public init(
        name: String? = nil,
        group: String? = nil,
        kind: String? = nil,
        uid: String? = nil,
        causes: [StatusCause] = [],
        retryAfterSeconds: Int? = nil
    ) {
        self.name = name
        self.group = group
        self.kind = kind
        self.uid = uid
        self.causes = causes
        self.retryAfterSeconds = retryAfterSeconds
    }
}

/// One thing that is wrong.
public struct StatusCause: Codable, Sendable, Equatable {
    /// Machine-readable reason, as `FieldValueInvalid`.
    public var reason: String?
    /// Text for people.
    public var message: String?
    /// Path of the field, as `spec.containers[0].name`.
    public var field: String?

    /// Makes the value; everything not given stays unset.
    public init(
        reason: String? = nil,
        message: String? = nil,
        field: String? = nil
    ) {
        self.reason = reason
        self.message = message
        self.field = field
    }
}
