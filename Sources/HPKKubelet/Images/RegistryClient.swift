import Foundation
import Synchronization

/// An image as its registry describes it.
struct ResolvedImage: Sendable, Equatable {
    /// The digest that the tag names: of an index where there is one. Shown as `imageID`.
    var digest: String
    /// The digest of the manifest for our platform: what is pulled, and the key of the store.
    var manifestDigest: String
    /// Nil for SIF artifacts, which carry their own.
    var configuration: ImageConfiguration?
    var plainHTTP: Bool
    /// The credential that the registry took.
    var credential: RegistryCredential?
}

/// What a registry says about a tag.
enum RegistryAnswer: Sendable, Equatable {
    /// The tag still names the digest that the caller knows.
    case unchanged
    case image(ResolvedImage)
}

/// Asks OCI registries what a tag stands for (OCI distribution spec 1.1).
///
/// Plain HTTP is spoken to loopback addresses and to the registries that the configuration lists, and there only after HTTPS has failed.
public final class RegistryClient: Sendable {
    private let transport: any RegistryTransport
    private let insecureRegistries: Set<String>
    private let platform: ImagePlatform
    /// Registries that were found to speak plain HTTP.
    private let plainHosts = Mutex<Set<String>>([])

    /// - Parameter insecureRegistries: `host` or `host:port` of registries that may be asked without TLS, as Docker's setting of this name.
    public init(transport: any RegistryTransport, insecureRegistries: Set<String> = [], platform: ImagePlatform = .current) {
        self.transport = transport
        self.insecureRegistries = insecureRegistries
        self.platform = platform
    }

    /// Asks for an image with each matching credential of the pod in turn, as the kubelet does; without any, anonymously.
    ///
    /// - Parameter known: the digest this reference named last time, where its image is still here: then one HEAD request may be enough.
    func resolve(_ reference: RegistryReference, credentials: [RegistryCredential], known: String? = nil) async throws(RegistryFailure)
        -> RegistryAnswer
    {
        let plain = try await speaksPlainHTTP(reference.host)
        let base = (plain ? "http://" : "https://") + (reference.host == "docker.io" ? "registry-1.docker.io" : reference.host)
        var refusals: [RegistryFailure] = []
        for credential in credentials.isEmpty ? [nil] : credentials.map(Optional.some) {
            var session = RegistrySession(transport: transport, base: base, reference: reference, credential: credential)
            do {
                if let known, try await currentDigest(of: reference, &session) == known { return .unchanged }
                var image = try await describe(reference, &session)
                image.plainHTTP = plain
                image.credential = credential
                return .image(image)
            } catch {
                switch error {
                // Some registries say 404 to those who may not know that an image exists.
                case .refused, .missing: refusals.append(error)
                case .unavailable:
                    plainHosts.withLock { _ = $0.remove(reference.host) }
                    throw error
                case .unusable: throw error
                }
            }
        }
        guard let first = refusals.first else { throw .unusable("no credential was tried") }
        var words: [String] = []
        for refusal in refusals where !words.contains(refusal.words) { words.append(refusal.words) }
        let joined = words.joined(separator: "; ")
        if case .missing = first { throw .missing(joined) }
        throw .refused(joined)
    }

    /// What the tag names now, by HEAD; nil where the registry does not say, and then a GET finds out, or why not.
    private func currentDigest(of reference: RegistryReference, _ session: inout RegistrySession) async throws(RegistryFailure) -> String? {
        do {
            return try await session.manifest(reference.manifestName, method: .head).values(of: "Docker-Content-Digest").first
        } catch {
            if case .unavailable = error { throw error }
            return nil
        }
    }

    private func describe(_ reference: RegistryReference, _ session: inout RegistrySession) async throws(RegistryFailure) -> ResolvedImage {
        let (manifest, digest) = try await manifest(reference.manifestName, expected: reference.digest, &session)
        var image = ResolvedImage(digest: digest, manifestDigest: digest, plainHTTP: false)
        var chosen = manifest
        if manifest.manifests != nil {
            guard let ours = manifest.digest(for: platform), ImageGrammar.isDigest(ours) else {
                throw .unusable("no image for \(platform.os)/\(platform.architecture) among \(manifest.offeredPlatforms)")
            }
            (chosen, image.manifestDigest) = try await self.manifest(ours, expected: ours, &session)
        }
        guard let config = chosen.config, ImageGrammar.isDigest(config.digest) else {
            throw .unusable(
                "the manifest is of an unsupported kind (\(oneLine(chosen.mediaType ?? "schema \(chosen.schemaVersion ?? 0)", limit: 100)))"
            )
        }
        guard reference.kind == .docker else { return image }

        let body = try await session.blob(config.digest).body
        guard SHA256.digest(of: body) == config.digest else { throw .unusable("the image's configuration does not match its digest") }
        guard let content = try? JSONDecoder().decode(OCIImage.self, from: Data(body)) else {
            throw .unusable("the image's configuration is not that of a container image")
        }
        for (offered, wanted) in [(content.os, platform.os), (content.architecture, platform.architecture)] {
            if let offered, !offered.isEmpty, offered != wanted {
                throw .unusable("the image is for \(oneLine(offered, limit: 40)), not \(wanted)")
            }
        }
        image.configuration = (content.config ?? OCIConfiguration()).imageConfiguration
        return image
    }

    private func manifest(
        _ name: String, expected: String?, _ session: inout RegistrySession
    ) async throws(RegistryFailure) -> (RegistryManifest, digest: String) {
        let response = try await session.manifest(name)
        guard let digest = SHA256.digest(of: response.body) else { throw .unusable("SHA-256 is not available") }
        if let expected, expected != digest { throw .unusable("the manifest's digest is \(digest), not \(expected)") }
        guard let manifest = try? JSONDecoder().decode(RegistryManifest.self, from: Data(response.body)) else {
            throw .unusable("the manifest is not readable")
        }
        return (manifest, digest)
    }

    /// Whether to speak plain HTTP to a registry. One that may be spoken to in the clear is first tried with TLS, as Docker does.
    private func speaksPlainHTTP(_ host: String) async throws(RegistryFailure) -> Bool {
        guard insecureRegistries.contains(host) || Self.isLoopback(host) else { return false }
        if plainHosts.withLock({ $0.contains(host) }) { return true }
        if await answers("https://\(host)/v2/") { return false }
        guard await answers("http://\(host)/v2/") else { throw .unavailable("no answer from \(host), neither by https nor by http") }
        plainHosts.withLock { _ = $0.insert(host) }
        return true
    }

    private func answers(_ url: String) async -> Bool {
        (try? await transport.send(RegistryRequest(url: url, timeout: .seconds(5), bodyLimit: 1 << 20))) != nil
    }

    /// `localhost`, `127.0.0.0/8` and `[::1]`, with any port.
    static func isLoopback(_ host: String) -> Bool {
        if host.hasPrefix("[") { return host.prefix { $0 != "]" } == "[::1" }
        let name = host.prefix { $0 != ":" }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return name == "localhost" || (parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil })
    }
}
