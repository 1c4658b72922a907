import Kubernetes

/// Which capabilities a container gets, by the rules of the container runtimes.
enum CapabilitySet {
    /// The sorted names, and those of `add` and `drop` that Linux does not have (they are left out, as the runtimes do).
    static func names(for context: SecurityContext?) -> (granted: [String], unknown: [String]) {
        let add = context?.capabilities?.add ?? []
        let drop = context?.capabilities?.drop ?? []
        var unknown: [String] = []
        func known(_ list: [String]) -> [String] {
            list.compactMap { word in
                let upper = word.uppercased()
                if upper == "ALL" { return nil }
                let name = upper.hasPrefix("CAP_") ? upper : "CAP_" + upper
                guard all.contains(name) else {
                    unknown.append(word)
                    return nil
                }
                return name
            }
        }
        if context?.privileged == true { return (all.sorted(), []) }
        var set = defaults
        if add.contains(where: isAll) { set = all }
        if drop.contains(where: isAll) { set = [] }
        set.formUnion(known(add))
        set.subtract(known(drop))
        return (set.sorted(), unknown)
    }

    private static func isAll(_ word: String) -> Bool { word.uppercased() == "ALL" }

    /// What a container has that asks for nothing: the common default of containerd, CRI-O and Docker.
    static let defaults: Set<String> = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SYS_CHROOT", "CAP_MKNOD", "CAP_AUDIT_WRITE", "CAP_SETFCAP",
    ]

    /// capabilities(7), Linux 5.9 and later.
    static let all: Set<String> = defaults.union([
        "CAP_AUDIT_CONTROL", "CAP_AUDIT_READ", "CAP_BLOCK_SUSPEND", "CAP_BPF", "CAP_CHECKPOINT_RESTORE", "CAP_DAC_READ_SEARCH",
        "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_LEASE", "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE", "CAP_NET_ADMIN",
        "CAP_NET_BROADCAST", "CAP_PERFMON", "CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_MODULE", "CAP_SYS_NICE",
        "CAP_SYS_PACCT", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_WAKE_ALARM",
    ])
}
