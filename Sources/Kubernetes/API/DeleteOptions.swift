/// How to delete (metav1.DeleteOptions).
public struct DeleteOptions: Codable, Sendable, Equatable {
    /// Seconds until the object must be gone; 0 removes at once.
    public var gracePeriodSeconds: Int?
    /// What must hold, else 409.
    public var preconditions: Preconditions?
    /// `Orphan`, `Background` or `Foreground`.
    public var propagationPolicy: String?

    /// Makes the value; everything not given stays unset.
    public init(
        gracePeriodSeconds: Int? = nil,
        preconditions: Preconditions? = nil,
        propagationPolicy: String? = nil
    ) {
        self.gracePeriodSeconds = gracePeriodSeconds
        self.preconditions = preconditions
        self.propagationPolicy = propagationPolicy
    }
}

/// What must hold for a delete.
public struct Preconditions: Codable, Sendable, Equatable {
    /// UID the object must have.
    public var uid: String?
    /// Version the object must have.
    public var resourceVersion: String?

    /// Makes the value; everything not given stays unset.
    public init(
        uid: String? = nil,
        resourceVersion: String? = nil
    ) {
        self.uid = uid
        self.resourceVersion = resourceVersion
    }
}
