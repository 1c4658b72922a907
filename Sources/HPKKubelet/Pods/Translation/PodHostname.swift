import Kubernetes

/// The host name of a pod and its fully qualified form (`hostname.subdomain.namespace.svc.domain`).
struct PodHostname: Equatable {
    /// What the kernel of the sandbox says, 1 to 64 bytes; empty for the compute node's own name, as `hostNetwork` has it.
    var kernelName: String
    var fullyQualifiedName: String?

    init(pod: Pod, clusterDomain: String) throws(TranslationError) {
        var short = pod.metadata.name
        if let wanted = pod.spec.hostname, !wanted.isEmpty {
            guard TextRules.isLabel(wanted) else {
                throw .invalid("spec.hostname", "pod Hostname \(wanted.quotedForMessage) is not a valid DNS label")
            }
            short = wanted
        }
        short = try Self.truncated(short)
        if let subdomain = pod.spec.subdomain, !subdomain.isEmpty {
            guard TextRules.isLabel(subdomain) else {
                throw .invalid("spec.subdomain", "pod Subdomain \(subdomain.quotedForMessage) is not a valid DNS label")
            }
            fullyQualifiedName = "\(short).\(subdomain).\(pod.metadata.namespace).svc.\(clusterDomain)"
        }
        kernelName = short
        if pod.spec.setHostnameAsFQDN == true, let name = fullyQualifiedName {
            guard name.utf8.count <= 64 else {
                throw .invalid(
                    "spec.setHostnameAsFQDN",
                    "failed to construct FQDN from pod hostname and cluster domain, FQDN \(name) is too long "
                        + "(64 characters is the max, \(name.utf8.count) characters requested)")
            }
            kernelName = name
        }
        if pod.spec.hostNetwork { kernelName = "" }
    }

    /// At most 63 characters that do not end in `-` or `.`.
    private static func truncated(_ name: String) throws(TranslationError) -> String {
        guard name.utf8.count > 63 else { return name }
        var bytes = name.utf8.prefix(63)
        while let last = bytes.last, last == UInt8(ascii: "-") || last == UInt8(ascii: ".") { bytes = bytes.dropLast() }
        guard !bytes.isEmpty else { throw .invalid("metadata.name", "hostname for pod was invalid: \(name.quotedForMessage)") }
        return String(decoding: bytes, as: UTF8.self)
    }
}
