import Kubernetes

/// The API server as ``NodeService`` needs it. Every function throws where asking again later can help.
public protocol NodeObjects: Sendable {
    /// The node; nil when there is none.
    func node(_ name: String) async throws -> Node?
    /// Makes the node; false when there is one already.
    func create(_ node: Node) async throws -> Bool
    /// Changes labels and taints; false when the node is gone or was changed by somebody else meanwhile.
    func patch(node name: String, _ patch: Patch) async throws -> Bool
    /// Changes the status; false when the node is gone.
    func patchStatus(node name: String, _ patch: Patch) async throws -> Bool
    /// The node's lease in the namespace kube-node-lease; nil when there is none.
    func lease(_ name: String) async throws -> Lease?
    /// Makes the lease; false when there is one already.
    func create(_ lease: Lease) async throws -> Bool
    /// Changes the lease; nil when it is gone or not at the patch's resource version.
    func patch(lease name: String, _ patch: Patch) async throws -> Lease?
}
