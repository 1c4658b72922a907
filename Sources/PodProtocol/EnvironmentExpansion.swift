/// Expands `$(NAME)` in texts of a pod, by the rules of `k8s.io/kubernetes/third_party/forked/golang/expansion`.
public enum EnvironmentExpansion {
    /// The addresses and secret values that only the compute node knows.
    public struct Context: Sendable {
        public var podAddresses: [String]
        public var hostAddress: String
        public var secrets: [String: String]

        public init(podAddresses: [String], hostAddress: String, secrets: [String: String] = [:]) {
            self.podAddresses = podAddresses
            self.hostAddress = hostAddress
            self.secrets = secrets
        }
    }

    /// The final variables, each name once, in the order in which names first appear.
    ///
    /// A secret that is not in the context yields no variable: the node agent has already checked that required ones exist.
    public static func resolve(_ entries: [EnvironmentEntry], in context: Context) -> [(name: String, value: String)] {
        var values: [String: String] = [:]
        var order: [String] = []
        for entry in entries {
            let value: String? =
                switch entry.value {
                case .literal(let text): text
                case .template(let text): expand(text, with: values)
                case .secret(let key): context.secrets[key]
                case .podAddress: context.podAddresses.first ?? ""
                case .podAddresses: context.podAddresses.joined(separator: ",")
                case .hostAddress: context.hostAddress
                }
            guard let value else { continue }
            if values.updateValue(value, forKey: entry.name) == nil { order.append(entry.name) }
        }
        return order.map { ($0, values[$0] ?? "") }
    }

    /// The text with each `$(NAME)` of a known variable replaced; `$$` becomes `$`, anything else stays.
    public static func expand(_ text: String, with values: [String: String]) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "$"), index + 1 < bytes.count else {
                result.append(bytes[index])
                index += 1
                continue
            }
            switch bytes[index + 1] {
            case UInt8(ascii: "$"):
                result.append(UInt8(ascii: "$"))
                index += 2
            case UInt8(ascii: "("):
                guard let end = bytes[(index + 2)...].firstIndex(of: UInt8(ascii: ")")) else {
                    result.append(contentsOf: bytes[index..<(index + 2)])
                    index += 2
                    continue
                }
                let name = String(decoding: bytes[(index + 2)..<end], as: UTF8.self)
                if let value = values[name] {
                    result.append(contentsOf: value.utf8)
                } else {
                    result.append(contentsOf: bytes[index...end])
                }
                index = end + 1
            default:
                result.append(contentsOf: bytes[index..<(index + 2)])
                index += 2
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension Template {
    /// The text with variables put in, or as it stands where it is not to be expanded.
    public func resolved(with values: [String: String]) -> String {
        expands ? EnvironmentExpansion.expand(text, with: values) : text
    }
}
