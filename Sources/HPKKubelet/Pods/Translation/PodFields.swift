import Kubernetes
import PodProtocol

/// Values of a pod's own fields for the downward API (`fieldRef`).
struct PodFields {
    let pod: Pod

    /// The field's value for an environment variable; nil where the path is not supported there.
    func environmentValue(_ path: String) -> EnvironmentEntry.Value? {
        switch path {
        case "status.podIP": return .podAddress
        case "status.podIPs": return .podAddresses
        case "status.hostIP", "status.hostIPs": return .hostAddress
        case "spec.nodeName": return .literal(pod.spec.nodeName)
        case "spec.serviceAccountName": return .literal(pod.spec.serviceAccount)
        default: return text(path).map { .literal($0) }
        }
    }

    /// The text of a metadata field; nil where the path is not one.
    func text(_ path: String) -> String? {
        switch path {
        case "metadata.name": return pod.metadata.name
        case "metadata.namespace": return pod.metadata.namespace
        case "metadata.uid": return pod.metadata.uid
        case "metadata.labels": return Self.format(pod.metadata.labels)
        case "metadata.annotations": return Self.format(pod.metadata.annotations)
        default: break
        }
        guard let (field, key) = Self.subscripted(path) else { return nil }
        switch field {
        case "metadata.labels": return pod.metadata.labels[key] ?? ""
        case "metadata.annotations": return pod.metadata.annotations[key] ?? ""
        default: return nil
        }
    }

    /// `name['key']` taken apart; nil where the path has no subscript.
    private static func subscripted(_ path: String) -> (field: String, key: String)? {
        guard path.hasSuffix("']"), let open = path.range(of: "['") else { return nil }
        let end = path.index(path.endIndex, offsetBy: -2)
        guard open.upperBound <= end, open.lowerBound > path.startIndex else { return nil }
        return (String(path[..<open.lowerBound]), String(path[open.upperBound..<end]))
    }

    /// One `key="value"` line for each entry, in the order of the keys' bytes, without a last line end.
    static func format(_ map: [String: String]) -> String {
        map.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { "\($0.key)=\(GoQuoting.quote($0.value))" }
            .joined(separator: "\n")
    }
}
