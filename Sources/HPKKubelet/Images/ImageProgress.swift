/// What happens to a pod's image, for the pod's events; reasons and messages are the kubelet's (`pkg/kubelet/images/image_manager.go`).
public enum ImageProgress: Sendable, Equatable {
    case pulling(image: String)
    /// - `duration`: of the pull itself; `waiting`: the pull and the wait for its turn; `size`: bytes of the file.
    case pulled(image: String, duration: Duration, waiting: Duration, size: Int64)
    case alreadyPresent(image: String)
    case failed(ImageError)
    case backingOff(image: String)

    /// The event's `reason`.
    public var reason: String {
        switch self {
        case .pulling: "Pulling"
        case .pulled, .alreadyPresent: "Pulled"
        case .failed(let error):
            switch error {
            case .invalidName, .inspect: "InspectFailed"
            case .neverPull: "ErrImageNeverPull"
            case .pull, .registryUnavailable, .cancelled: "Failed"
            }
        case .backingOff: "BackOff"
        }
    }

    /// Whether the event is of type `Warning`.
    public var isWarning: Bool {
        if case .failed = self { true } else { false }
    }

    /// The event's `message`.
    public var message: String {
        switch self {
        case .pulling(let image): "Pulling image \(quoted(image))"
        case .pulled(let image, let duration, let waiting, let size):
            "Successfully pulled image \(quoted(image)) in \(shortText(duration)) (\(shortText(waiting)) including waiting). Image size: \(size) bytes."
        case .alreadyPresent(let image): "Container image \(quoted(image)) already present on machine"
        case .failed(let error): error.description
        case .backingOff(let image): ImagePullBackOff.message(image: image)
        }
    }
}

/// A duration as Go writes it, to the millisecond: `532ms`, `1.2s`, `1m2.5s`, `1h0m3s`.
func shortText(_ duration: Duration) -> String {
    let parts = duration.components
    let milliseconds = max(0, parts.seconds) * 1000 + max(0, parts.attoseconds / 1_000_000_000_000_000)
    guard milliseconds >= 1000 else { return "\(milliseconds)ms" }
    var seconds = "\(milliseconds / 1000 % 60)"
    if milliseconds % 1000 > 0 {
        var fraction = String(1000 + milliseconds % 1000).dropFirst()
        while fraction.hasSuffix("0") { fraction = fraction.dropLast() }
        seconds += "." + fraction
    }
    let minutes = milliseconds / 60_000
    if minutes >= 60 { return "\(minutes / 60)h\(minutes % 60)m\(seconds)s" }
    return minutes > 0 ? "\(minutes)m\(seconds)s" : seconds + "s"
}
