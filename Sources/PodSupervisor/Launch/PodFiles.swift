import PodProtocol

/// The texts of the files that the supervisor puts into each container.
enum PodFiles {
    /// `/etc/hosts`, as the kubelet writes it for a pod with a network of its own.
    static func hosts(plan: LaunchPlan, podAddresses: [String]) -> String {
        var text = """
            # Kubernetes-managed hosts file.
            127.0.0.1\tlocalhost
            ::1\tlocalhost ip6-localhost ip6-loopback
            fe00::0\tip6-localnet
            fe00::0\tip6-mcastprefix
            fe00::1\tip6-allnodes
            fe00::2\tip6-allrouters

            """
        for address in podAddresses {
            let names = [plan.fullyQualifiedName, plan.hostname].compactMap(\.self).joined(separator: "\t")
            text += "\(oneLine(address))\t\(oneLine(names))\n"
        }
        if !plan.hostAliases.isEmpty {
            text += "\n# Entries added by HostAliases.\n"
            for alias in plan.hostAliases {
                text += "\(oneLine(alias.address))\t\(alias.hostnames.map(oneLine).joined(separator: "\t"))\n"
            }
        }
        return text
    }

    /// A name cannot bring a line of its own into the file.
    private static func oneLine(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.value < 0x20 && $0 != "\t" ? "_" : Character($0) })
    }
}
