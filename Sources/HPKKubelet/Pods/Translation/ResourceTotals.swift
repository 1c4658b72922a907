import Kubernetes

/// What a pod asks for as a whole: its effective requests and limits, as the scheduler counts them.
///
/// The sum over the containers, or the most that any init container needs if that is more; sidecars count beside all that run after
/// them; `spec.overhead` is added, and pod-level `spec.resources` take the place of the sums.
public struct ResourceTotals: Sendable, Equatable {
    public var requests: [String: Quantity]
    public var limits: [String: Quantity]

    public init(of pod: Pod) {
        requests = Self.total(pod.spec) { container in
            // A limit without a request is a request too.
            container.resources.limits.merging(container.resources.requests) { _, request in request }
        }
        limits = Self.total(pod.spec) { $0.resources.limits }
        if let whole = pod.spec.resources {
            requests.merge(whole.limits.merging(whole.requests) { _, request in request }) { _, new in new }
            limits.merge(whole.limits) { _, new in new }
        }
        requests = Self.sum(requests, pod.spec.overhead)
        for (name, amount) in pod.spec.overhead { if let limit = limits[name] { limits[name] = limit + amount } }
    }

    private static func total(_ spec: PodSpec, _ amounts: (Container) -> [String: Quantity]) -> [String: Quantity] {
        var running = spec.containers.map(amounts).reduce([:], sum)
        var sidecars: [String: Quantity] = [:]
        var starting: [String: Quantity] = [:]
        for container in spec.initContainers {
            let own = amounts(container)
            if container.restartPolicy == .always {
                sidecars = sum(sidecars, own)
                starting = most(starting, sidecars)
            } else {
                starting = most(starting, sum(sidecars, own))
            }
        }
        running = sum(running, sidecars)
        return most(running, starting)
    }

    private static func sum(_ left: [String: Quantity], _ right: [String: Quantity]) -> [String: Quantity] {
        left.merging(right) { $0 + $1 }
    }

    private static func most(_ left: [String: Quantity], _ right: [String: Quantity]) -> [String: Quantity] {
        left.merging(right) { max($0, $1) }
    }
}

extension QOSClass {
    /// The class of a pod, by its containers' CPU and memory (init containers included).
    public init(of pod: Pod) {
        let names = ["cpu", "memory"]
        var all = (pod.spec.containers + pod.spec.initContainers).map(\.resources)
        if let whole = pod.spec.resources, !whole.requests.isEmpty || !whole.limits.isEmpty { all = [whole] }
        let amounts = all.flatMap { [$0.requests, $0.limits] }.flatMap { set in names.compactMap { set[$0] } }
        guard amounts.contains(where: { !$0.isZero }) else {
            self = .bestEffort
            return
        }
        let isGuaranteed = all.allSatisfy { own in
            names.allSatisfy { name in
                guard let limit = own.limits[name], !limit.isZero else { return false }
                return own.requests[name] ?? limit == limit
            }
        }
        self = isGuaranteed ? .guaranteed : .burstable
    }
}
