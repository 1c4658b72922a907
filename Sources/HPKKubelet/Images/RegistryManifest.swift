import Foundation

/// The machine an image must fit.
public struct ImagePlatform: Sendable, Equatable {
    public var os: String
    /// Go's name of the architecture, as `amd64`.
    public var architecture: String

    public init(os: String = "linux", architecture: String) {
        self.os = os
        self.architecture = architecture
    }

    /// That of the node agent, which is also that of the compute nodes.
    public static var current: ImagePlatform {
        #if arch(arm64)
            ImagePlatform(architecture: "arm64")
        #else
            ImagePlatform(architecture: "amd64")
        #endif
    }
}

/// A manifest or index, as far as a pull needs it (OCI image spec, `manifest.md` and `image-index.md`; Docker's schema 2 has the same fields).
struct RegistryManifest: Decodable, Sendable {
    struct Descriptor: Decodable, Sendable {
        struct Platform: Decodable, Sendable {
            var os: String?
            var architecture: String?
        }

        var mediaType: String?
        var digest: String
        var platform: Platform?
    }

    var schemaVersion: Int?
    var mediaType: String?
    /// Present in an index.
    var manifests: [Descriptor]?
    /// Present in a manifest.
    var config: Descriptor?

    static let mediaTypes = [
        "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json",
    ]

    /// The digest of the manifest for a platform; nil where the index has none.
    func digest(for platform: ImagePlatform) -> String? {
        manifests?.first { $0.platform?.os == platform.os && $0.platform?.architecture == platform.architecture }?.digest
    }

    /// What an index offers, for a message.
    var offeredPlatforms: String {
        let offered = (manifests ?? []).compactMap { descriptor -> String? in
            guard let os = descriptor.platform?.os, let architecture = descriptor.platform?.architecture, os != "unknown" else {
                return nil
            }
            return "\(os)/\(architecture)"
        }
        return offered.isEmpty ? "no platform" : offered.joined(separator: ", ")
    }
}

/// The error body of a registry (OCI distribution spec, "Error codes").
struct RegistryErrors: Decodable {
    struct Item: Decodable {
        var code: String?
        var message: String?
    }

    var errors: [Item]?
    /// Token servers answer with these instead (RFC 6749, section 5.2; Docker's own token server).
    var error: String?
    var details: String?

    /// The registry's own words, or nil where the body holds none.
    static func words(in body: [UInt8]) -> String? {
        guard let decoded = try? JSONDecoder().decode(RegistryErrors.self, from: Data(body)) else { return nil }
        let items = (decoded.errors ?? []).compactMap { item -> String? in
            let code = item.code?.lowercased().replacingOccurrences(of: "_", with: " ")
            switch (code, item.message) {
            case (let code?, let message?) where !message.isEmpty && message.lowercased() != code: return "\(code): \(message)"
            case (_, let message?) where !message.isEmpty: return message
            case (let code?, _): return code
            default: return nil
            }
        }
        let words = items.isEmpty ? decoded.details ?? decoded.error : items.joined(separator: "; ")
        return words.map { oneLine($0, limit: 512) }
    }
}

/// An image's configuration blob (OCI image spec, `config.md`).
struct OCIImage: Decodable, Sendable {
    var os: String?
    var architecture: String?
    var config: OCIConfiguration?
}

/// The `config` of an image; a SIF made by Apptainer holds it alone, as a JSON object.
struct OCIConfiguration: Decodable, Sendable {
    var entrypoint: [String]?
    var command: [String]?
    var environment: [String]?
    var workingDirectory: String?
    var user: String?
    var stopSignal: String?

    private enum CodingKeys: String, CodingKey {
        case entrypoint = "Entrypoint"
        case command = "Cmd"
        case environment = "Env"
        case workingDirectory = "WorkingDir"
        case user = "User"
        case stopSignal = "StopSignal"
    }

    var imageConfiguration: ImageConfiguration {
        let text: (String?) -> String? = { $0.flatMap { $0.isEmpty ? nil : $0 } }
        return ImageConfiguration(
            entrypoint: entrypoint ?? [], command: command ?? [], environment: environment ?? [], workingDirectory: text(workingDirectory),
            user: text(user), stopSignal: text(stopSignal))
    }
}
