/// Linux capabilities by name; the numbers are those of `linux/capability.h`.
enum Capability {
    private static let names = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT",
        "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE",
        "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
        "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ]

    /// The bit set of these names; `CAP_CHOWN` and `CHOWN` are the same, `ALL` is every one.
    ///
    /// - Throws: ``Failure`` that names an unknown capability.
    static func mask(_ wanted: [String]) throws(Failure) -> UInt64 {
        var mask: UInt64 = 0
        for name in wanted {
            let plain = name.hasPrefix("CAP_") ? String(name.dropFirst(4)) : name
            if plain == "ALL" {
                mask |= (1 << UInt64(names.count)) - 1
            } else if let index = names.firstIndex(of: plain) {
                mask |= 1 << UInt64(index)
            } else {
                throw Failure("unknown capability \"\(name)\"")
            }
        }
        return mask
    }
}
