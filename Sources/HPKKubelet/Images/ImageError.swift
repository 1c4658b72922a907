/// Why an image cannot be used, in the words a pod's status shows.
public enum ImageError: Error, Sendable, Hashable {
    /// The name can never become an image, whoever asks again.
    case invalidName(image: String, reason: String)
    /// The policy forbids a pull and the image is not here.
    case neverPull(image: String)
    /// The registry or Apptainer refused; `reason` holds their words.
    case pull(image: String, reason: String)
    /// The registry did not answer, or said that it cannot at the moment.
    case registryUnavailable(image: String, registry: String, reason: String)
    /// The image is here but cannot be read or started as it asks.
    case inspect(image: String, reason: String)
    /// The caller gave up.
    case cancelled(image: String)

    /// The reason of the container's waiting state, as the kubelet names it (`pkg/kubelet/images/types.go`).
    public var reason: String {
        switch self {
        case .invalidName: "InvalidImageName"
        case .neverPull: "ErrImageNeverPull"
        case .pull, .cancelled: "ErrImagePull"
        case .registryUnavailable: "RegistryUnavailable"
        case .inspect: "ImageInspectError"
        }
    }

    /// The image as the pod named it.
    public var image: String {
        switch self {
        case .invalidName(let image, _), .neverPull(let image), .pull(let image, _), .registryUnavailable(let image, _, _),
            .inspect(let image, _), .cancelled(let image):
            image
        }
    }

    /// False where a later attempt with the same pod cannot end otherwise.
    public var isWorthRetrying: Bool {
        switch self {
        case .invalidName: false
        case .neverPull, .pull, .registryUnavailable, .inspect, .cancelled: true
        }
    }
}

extension ImageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidName(let image, let reason):
            "Failed to apply default image tag \(quoted(image)): couldn't parse image name: \(reason)"
        case .neverPull(let image):
            "Container image \(quoted(image)) is not present with pull policy of Never"
        case .pull(let image, let reason):
            "Failed to pull image \(quoted(image)): \(reason)"
        case .registryUnavailable(let image, let registry, let reason):
            "Failed to pull image \(quoted(image)): registry \(registry) is unavailable: \(reason)"
        case .inspect(let image, let reason):
            "Failed to inspect image \(quoted(image)): \(reason)"
        case .cancelled(let image):
            "Failed to pull image \(quoted(image)): the pull was cancelled"
        }
    }
}

/// A text from outside, in quotes, in one line and of bounded length: control characters and quotes are escaped.
func quoted(_ text: String) -> String {
    let limit = 300
    var line = "\""
    for scalar in text.unicodeScalars.prefix(limit) {
        line += scalar.escaped(asASCII: false)
    }
    if text.unicodeScalars.count > limit { line += "…" }
    return line + "\""
}

/// Words of a program or server made fit for a status message: one line, no control characters, at most `limit` characters.
func oneLine(_ text: some StringProtocol, limit: Int = 1024) -> String {
    var line = ""
    var pendingSpace = false
    for scalar in text.unicodeScalars {
        guard scalar.value >= 0x20, scalar.value != 0x7f, scalar.value != 0x20, !(0x80..<0xa0).contains(scalar.value) else {
            pendingSpace = !line.isEmpty
            continue
        }
        if pendingSpace {
            line.unicodeScalars.append(" ")
            pendingSpace = false
        }
        line.unicodeScalars.append(scalar)
    }
    return line.count > limit ? String(line.prefix(limit)) + "…" : line
}
