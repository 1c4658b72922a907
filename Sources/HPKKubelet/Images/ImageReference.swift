/// A checked image name.
///
/// Only values of this type are ever handed to Apptainer or put into a URL: every part matches the grammar of its kind, so no part can hold
/// a space, a quote, a control character, a path escape or a leading `-`.
public enum ImageReference: Sendable, Hashable {
    /// `docker://` and `oras://`: an image or a SIF of an OCI registry.
    case registry(RegistryReference)
    /// `library://`: a SIF of a container library.
    case library(LibraryReference)
    /// A SIF file or image folder: an absolute path, not yet resolved nor checked against the allowed folders.
    case local(path: String)
}

extension ImageReference: CustomStringConvertible {
    /// One spelling for all names of the same image, with scheme, registry and tag.
    public var description: String {
        switch self {
        case .registry(let name): name.description
        case .library(let name): name.description
        case .local(let path): path
        }
    }
}

/// The name of an image in an OCI registry (grammar: distribution's `reference` package).
public struct RegistryReference: Sendable, Hashable {
    /// What the registry holds.
    public enum Kind: String, Sendable, Hashable {
        /// A container image, made into a SIF by the pull.
        case docker
        /// A SIF file as an artifact.
        case oras
    }

    public var kind: Kind
    /// Host and optional port; `docker.io` for every spelling of Docker Hub.
    public var host: String
    /// Path below the host, as `library/nginx`.
    public var repository: String
    public var tag: String?
    /// `sha256:` and 64 hexadecimal digits; wins over the tag.
    public var digest: String?

    public init(kind: Kind = .docker, host: String, repository: String, tag: String? = nil, digest: String? = nil) {
        self.kind = kind
        self.host = host
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// What follows `/manifests/` in the registry's API.
    public var manifestName: String { digest ?? tag ?? "latest" }

    /// The same repository at one digest, as Apptainer takes it.
    public func pinned(to digest: String) -> String { "\(kind.rawValue)://\(host)/\(repository)@\(digest)" }
}

extension RegistryReference: CustomStringConvertible {
    public var description: String {
        guard let digest else { return "\(kind.rawValue)://\(host)/\(repository):\(manifestName)" }
        return pinned(to: digest)
    }
}

/// The name of an image in a container library: `library://[host/]entity/collection/container[:tag]`.
public struct LibraryReference: Sendable, Hashable {
    /// Path with slashes, the host included where one is named.
    public var path: String
    public var tag: String?

    public init(path: String, tag: String? = nil) {
        self.path = path
        self.tag = tag
    }
}

extension LibraryReference: CustomStringConvertible {
    public var description: String { "library://\(path):\(tag ?? "latest")" }
}
