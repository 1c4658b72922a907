import Kubernetes

/// Values of requests and limits for the downward API (`resourceFieldRef`).
struct ResourceFields {
    /// Stands in for limits that a container does not set, as the kubelet does with the node's allocatable amounts.
    let allocatable: [String: Quantity]

    /// The value in units of the selector's divisor, rounded up.
    ///
    /// - Returns: nil where the resource is none that the downward API knows.
    func value(_ selector: ResourceFieldSelector, of container: Container) -> String? {
        guard let dot = selector.resource.firstIndex(of: ".") else { return nil }
        let side = selector.resource[..<dot]
        let name = String(selector.resource[selector.resource.index(after: dot)...])
        guard name == "cpu" || name == "memory" || name == "ephemeral-storage" || name.hasPrefix("hugepages-") else { return nil }
        let amount: Quantity
        switch side {
        case "limits":
            let limit = container.resources.limits[name] ?? .zero
            amount = limit.isZero && !name.hasPrefix("hugepages-") ? allocatable[name] ?? .zero : limit
        case "requests":
            amount = container.resources.requests[name] ?? container.resources.limits[name] ?? .zero
        default: return nil
        }
        return Self.quotient(amount, selector.divisor, inThousandths: name == "cpu")
    }

    private static func quotient(_ amount: Quantity, _ divisor: Quantity?, inThousandths: Bool) -> String {
        let unit = divisor.map { $0.isZero ? Quantity(1) : $0 } ?? Quantity(1)
        let (dividend, by) = inThousandths ? (amount.milliValue, unit.milliValue) : (amount.value, unit.value)
        guard by > 0 else { return "0" }
        let (whole, rest) = dividend.quotientAndRemainder(dividingBy: by)
        return String(rest > 0 ? whole + 1 : whole)
    }
}
