/// When an image is asked of its registry (`imagePullPolicy`).
public enum ImagePullPolicy: String, Codable, Sendable, Hashable, CaseIterable {
    /// The registry is asked before every start, with the pod's own credentials; it is downloaded only if its digest changed.
    case always = "Always"
    /// The registry is asked only where no image of this reference is here. As with the kubelet, a pod that names a private image which
    /// another pod has pulled then gets it without credentials of its own; `Always` is what protects a private image.
    case ifNotPresent = "IfNotPresent"
    /// The registry is never asked.
    case never = "Never"

    /// The API's default: `Always` for the tag `latest` or none, else `IfNotPresent`.
    public static func standard(for reference: ImageReference) -> ImagePullPolicy {
        switch reference {
        case .registry(let name):
            name.digest == nil && (name.tag == nil || name.tag == "latest") ? .always : .ifNotPresent
        case .library(let name):
            name.tag == nil || name.tag == "latest" ? .always : .ifNotPresent
        case .local:
            .ifNotPresent
        }
    }
}
