/// Binds a pod to a node (core/v1, subresource `binding`).
public struct Binding: KubernetesResource, Equatable {
    /// Group, version, kind, plural and scope in the API.
    public static let descriptor = ResourceDescriptor(
        group: "", version: "v1", kind: "Binding", plural: "bindings", isNamespaced: true)

    /// Name, namespace and (as a precondition) UID of the pod.
    public var metadata: ObjectMeta
    /// The node.
    public var target: ObjectReference

    /// Makes the value; everything not given stays unset.
    public init(
        metadata: ObjectMeta = ObjectMeta(),
        target: ObjectReference = ObjectReference()
    ) {
        self.metadata = metadata
        self.target = target
    }
}

/// Asks for a pod to go within its disruption budget (policy/v1, subresource `eviction`).
public struct Eviction: Codable, Sendable, Equatable {
    /// Name and namespace of the pod.
    public var metadata: ObjectMeta
    /// How to delete.
    public var deleteOptions: DeleteOptions?

    /// Makes the value; everything not given stays unset.
    public init(
        metadata: ObjectMeta = ObjectMeta(),
        deleteOptions: DeleteOptions? = nil
    ) {
        self.metadata = metadata
        self.deleteOptions = deleteOptions
    }
}
