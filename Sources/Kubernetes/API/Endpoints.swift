/// The addresses behind a service (core/v1 Endpoints).
public struct Endpoints: KubernetesResource, Equatable {
    /// Group, version, kind, plural and scope in the API.
    public static let descriptor = ResourceDescriptor(
        group: "", version: "v1", kind: "Endpoints", plural: "endpoints", isNamespaced: true)

    /// Name and namespace: those of the service.
    public var metadata: ObjectMeta
    /// Groups of addresses that share ports.
    public var subsets: [EndpointSubset]

    /// Makes the value; everything not given stays unset.
    public init(metadata: ObjectMeta = ObjectMeta(), subsets: [EndpointSubset] = []) {
        self.metadata = metadata
        self.subsets = subsets
    }

    /// Reads the value; a service without endpoints has no `subsets`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        metadata = try container.decode(ObjectMeta.self, forKey: .metadata)
        subsets = try container.decodeIfPresent([EndpointSubset].self, forKey: .subsets) ?? []
    }
}

/// Addresses that share ports (core/v1 EndpointSubset).
public struct EndpointSubset: Codable, Sendable, Equatable {
    /// Addresses that are ready.
    public var addresses: [EndpointAddress]?

    /// Makes the value; everything not given stays unset.
    public init(addresses: [EndpointAddress]? = nil) {
        self.addresses = addresses
    }
}

/// One address (core/v1 EndpointAddress).
public struct EndpointAddress: Codable, Sendable, Equatable {
    /// The address.
    public var ip: String

    /// Takes an address.
    public init(ip: String) {
        self.ip = ip
    }
}
