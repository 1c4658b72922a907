import Kubernetes

/// What a pod asks for as a whole, as Kubernetes' scheduler counts it: the sum of its containers, or the largest init container where that
/// is more, plus the overhead. Init containers that go on running (sidecars) count with both.
struct PodRequest: Sendable, Equatable {
    private(set) var amounts: [String: Quantity] = [:]

    init(_ spec: PodSpec) {
        for container in spec.containers { add(Self.requests(of: container)) }
        var sidecars: [String: Quantity] = [:]
        var peak: [String: Quantity] = [:]
        for container in spec.initContainers {
            let requests = Self.requests(of: container)
            if container.restartPolicy == .always {
                sidecars.merge(requests, uniquingKeysWith: +)
                peak.merge(sidecars, uniquingKeysWith: max)
            } else {
                peak.merge(requests.merging(sidecars, uniquingKeysWith: +), uniquingKeysWith: max)
            }
        }
        add(sidecars)
        amounts.merge(peak, uniquingKeysWith: max)
        add(spec.overhead)
    }

    /// A limit without a request is the request, as the API server fills in.
    private static func requests(of container: Container) -> [String: Quantity] {
        container.resources.limits.merging(container.resources.requests) { $1 }
    }

    private mutating func add(_ more: [String: Quantity]) {
        amounts.merge(more, uniquingKeysWith: +)
    }
}
