/// How a pod's image text becomes an ``ImageReference``: the site's `--registry` prefix applied to names that leave the registry open.
///
/// | the pod writes | it means |
/// |---|---|
/// | `docker://…`, `oras://…`, `library://…` | as written |
/// | `/absolute/path` | a SIF file or image folder |
/// | `HOST/name`, HOST having a `.` or `:`, or being `localhost` | `docker://HOST/name` |
/// | `name`, `folder/name` | the prefix, then the name |
public struct ImageNaming: Sendable, Equatable {
    /// The scheme of the prefix.
    enum Scheme: String, CaseIterable {
        case docker, oras, library
    }

    let scheme: Scheme
    /// What follows the prefix's scheme, without slashes at its ends: empty, or a host and perhaps a path.
    let base: String

    /// Docker Hub, for names that leave the registry open.
    public static let dockerHub = ImageNaming(scheme: .docker, base: "")

    init(scheme: Scheme, base: String) {
        self.scheme = scheme
        self.base = base
    }

    /// Reads the `--registry` setting, as `docker://` or `docker://127.0.0.1:5000/`.
    public init(registry: String) throws(ImageError) {
        guard let (scheme, rest) = Self.splitScheme(registry), let known = Scheme(rawValue: scheme) else {
            throw .invalidName(
                image: registry,
                reason: "the registry prefix must begin with docker://, oras:// or library://, as docker://registry.example.org/")
        }
        var base = rest[...]
        while base.hasSuffix("/") { base = base.dropLast() }
        self.init(scheme: known, base: String(base))
        // A prefix that spoils every name is found at start, not by the first pod.
        if !self.base.isEmpty { _ = try reference(scheme: known, rest: self.base + "/probe", firstIsHost: true, image: registry) }
        if self.base.isEmpty, known == .oras {
            throw .invalidName(image: registry, reason: "an oras:// prefix must name a registry, as oras://registry.example.org/")
        }
    }

    /// Checks a pod's image text.
    ///
    /// - Throws: ``ImageError/invalidName(image:reason:)`` for whatever is not a well-formed name.
    public func parse(_ image: String) throws(ImageError) -> ImageReference {
        guard !image.isEmpty else { throw .invalidName(image: image, reason: "the name is empty") }
        guard image.utf8.count <= 4096 else { throw .invalidName(image: image, reason: "the name is longer than 4096 bytes") }
        if image.hasPrefix("/") { return .local(path: try Self.localPath(image)) }
        if let (scheme, rest) = Self.splitScheme(image) {
            guard let known = Scheme(rawValue: scheme) else {
                throw .invalidName(image: image, reason: "scheme \(quoted(scheme)) is not one of docker, oras and library")
            }
            return try reference(scheme: known, rest: rest, firstIsHost: false, image: image)
        }
        if ImageGrammar.namesHost(image) { return try reference(scheme: .docker, rest: image, firstIsHost: true, image: image) }
        let rest = base.isEmpty ? image : base + "/" + image
        return try reference(scheme: scheme, rest: rest, firstIsHost: !base.isEmpty, image: image)
    }

    private func reference(scheme: Scheme, rest: String, firstIsHost: Bool, image: String) throws(ImageError) -> ImageReference {
        switch scheme {
        case .library: .library(try ImageGrammar.library(rest, image: image))
        case .docker: .registry(try ImageGrammar.registry(rest, kind: .docker, firstIsHost: firstIsHost, image: image))
        case .oras: .registry(try ImageGrammar.registry(rest, kind: .oras, firstIsHost: firstIsHost, image: image))
        }
    }

    private static func splitScheme(_ text: String) -> (scheme: String, rest: String)? {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
        return (String(text[..<colon]), String(text[colon...].dropFirst(3)))
    }

    /// Refuses what Apptainer's own options would read as syntax (`:`, `,`), what a shell would, and steps upwards.
    private static func localPath(_ path: String) throws(ImageError) -> String {
        let allowed = path.utf8.allSatisfy { ImageGrammar.isAlphanumeric($0) || "/._-+=@~%".utf8.contains($0) }
        guard allowed else {
            throw .invalidName(image: path, reason: "a path of an image may hold letters, digits and /._-+=@~% only")
        }
        guard !path.split(separator: "/").contains("..") else {
            throw .invalidName(image: path, reason: "a path of an image may not step upwards with ..")
        }
        guard path.utf8.count < 4096 else { throw .invalidName(image: path, reason: "the path is too long") }
        return path
    }
}
