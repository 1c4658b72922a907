/// The grammar of image names, character by character.
///
/// Docker and OCI names follow distribution's `reference` package; library names follow Apptainer's `library://` rules.
enum ImageGrammar {
    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowercaseOrDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    static func isLowercaseOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Whether the part before the first `/` is a registry's host, by Docker's rule.
    static func namesHost(_ name: String) -> Bool {
        guard let slash = name.firstIndex(of: "/") else { return false }
        let first = name[..<slash]
        return first == "localhost" || first.contains(".") || first.contains(":")
    }

    /// `[host/]path[:tag][@digest]`.
    static func registry(_ text: String, kind: RegistryReference.Kind, firstIsHost: Bool, image: String) throws(ImageError)
        -> RegistryReference
    {
        var rest = text[...]
        var digest: String?
        if let at = rest.firstIndex(of: "@") {
            let written = String(rest[rest.index(after: at)...])
            guard isDigest(written) else {
                throw .invalidName(image: image, reason: "digest \(quoted(written)) is not sha256: and 64 lowercase hexadecimal digits")
            }
            digest = written
            rest = rest[..<at]
        }
        let tag = try takeTag(&rest, image: image)

        var host = "docker.io"
        if firstIsHost || namesHost(String(rest)) {
            guard let slash = rest.firstIndex(of: "/") else {
                throw .invalidName(image: image, reason: "there is no name after the registry")
            }
            host = String(rest[..<slash])
            rest = rest[rest.index(after: slash)...]
        } else if kind == .oras {
            throw .invalidName(image: image, reason: "an oras:// name must begin with a registry, as oras://registry.example.org/name")
        }
        guard isHost(host) else { throw .invalidName(image: image, reason: "\(quoted(host)) is not a registry's host and port") }
        if ["index.docker.io", "registry-1.docker.io"].contains(host) { host = "docker.io" }

        var repository = String(rest)
        if repository.utf8.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) {
            throw .invalidName(image: image, reason: "invalid reference format: repository name must be lowercase")
        }
        guard repository.split(separator: "/", omittingEmptySubsequences: false).allSatisfy({ isPathComponent($0) }) else {
            throw .invalidName(image: image, reason: "invalid reference format")
        }
        if host == "docker.io", !repository.contains("/") { repository = "library/" + repository }
        guard host.utf8.count + 1 + repository.utf8.count <= 255 else {
            throw .invalidName(image: image, reason: "invalid reference format: repository name must not be more than 255 characters")
        }
        return RegistryReference(kind: kind, host: host, repository: repository, tag: tag, digest: digest)
    }

    /// `[host/]entity/collection/container[:tag]`; one to three parts are taken by Apptainer, a host makes four.
    static func library(_ text: String, image: String) throws(ImageError) -> LibraryReference {
        var rest = text[...]
        let tag = try takeTag(&rest, image: image)
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...4).contains(parts.count), rest.utf8.count <= 255, !rest.contains("@") else {
            throw .invalidName(image: image, reason: "a library name has the form library://entity/collection/container:tag")
        }
        for (index, part) in parts.enumerated() {
            let isFine =
                parts.count > 1 && index == 0 && part.contains(where: { $0 == "." || $0 == ":" })
                ? isHost(String(part)) : isLibraryPart(part)
            guard isFine else { throw .invalidName(image: image, reason: "\(quoted(String(part))) cannot be part of a library name") }
        }
        return LibraryReference(path: String(rest), tag: tag)
    }

    /// `sha256:` and 64 lowercase hexadecimal digits.
    static func isDigest(_ text: some StringProtocol) -> Bool {
        guard text.utf8.count == 71, text.hasPrefix("sha256:") else { return false }
        return text.utf8.dropFirst(7).allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
    }

    /// Cuts `:tag` off the end; a colon before the last slash belongs to a port.
    private static func takeTag(_ rest: inout Substring, image: String) throws(ImageError) -> String? {
        guard let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") else { return nil }
        let tag = rest[rest.index(after: colon)...]
        rest = rest[..<colon]
        let bytes = Array(tag.utf8)
        let isWord: (UInt8) -> Bool = { isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
        guard let first = bytes.first, bytes.count <= 128, isWord(first),
            bytes.allSatisfy({ isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") })
        else {
            throw .invalidName(image: image, reason: "invalid reference format: \(quoted(String(tag))) is not a tag")
        }
        return String(tag)
    }

    /// Runs of lowercase letters and digits, joined by one `.`, one or two `_`, or any number of `-`.
    private static func isPathComponent(_ part: Substring) -> Bool {
        var separator: [UInt8] = []
        var seen = false
        for byte in part.utf8 {
            if isLowercaseOrDigit(byte) {
                if !separator.isEmpty {
                    let isJoint =
                        separator == [UInt8(ascii: ".")] || separator == [UInt8(ascii: "_")]
                        || separator == [UInt8(ascii: "_"), UInt8(ascii: "_")]
                    guard seen, isJoint || separator.allSatisfy({ $0 == UInt8(ascii: "-") }) else { return false }
                    separator = []
                }
                seen = true
            } else if byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") {
                separator.append(byte)
            } else {
                return false
            }
        }
        return seen && separator.isEmpty
    }

    private static func isLibraryPart(_ part: Substring) -> Bool {
        guard let first = part.utf8.first, isAlphanumeric(first) else { return false }
        return part.utf8.allSatisfy { isAlphanumeric($0) || "._-".utf8.contains($0) } && !part.contains("..")
    }

    /// A domain name, IPv4 address or bracketed IPv6 address, with an optional port.
    private static func isHost(_ host: String) -> Bool {
        var name = host[...]
        if name.hasPrefix("[") {
            guard let close = name.firstIndex(of: "]") else { return false }
            let address = name[name.index(after: name.startIndex)..<close]
            guard !address.isEmpty, address.utf8.allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: ":") }) else { return false }
            let tail = name[name.index(after: close)...]
            return tail.isEmpty || (tail.hasPrefix(":") && isPort(tail.dropFirst()))
        }
        if let colon = name.firstIndex(of: ":") {
            guard isPort(name[name.index(after: colon)...]) else { return false }
            name = name[..<colon]
        }
        return !name.isEmpty && name.utf8.count <= 253
            && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                guard let first = label.utf8.first, let last = label.utf8.last else { return false }
                return isAlphanumeric(first) && isAlphanumeric(last)
                    && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            }
    }

    private static func isPort(_ text: Substring) -> Bool {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let port = UInt16(text) else { return false }
        return port > 0
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte)
    }
}
