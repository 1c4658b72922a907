import Glibc

/// Which of this host's addresses a peer sees.
enum LocalAddress {
    /// The local address of a route to `host`, as text. Nothing is sent: a datagram socket only looks the route up.
    static func toward(host: String, port: UInt16) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0 else { return nil }
        defer { if let list { freeaddrinfo(list) } }
        var entry = list
        while let current = entry {
            if let address = source(of: current.pointee) { return address }
            entry = current.pointee.ai_next
        }
        return nil
    }

    /// The first address that this host's own name stands for, as text.
    static func ofHostName() -> String? {
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard gethostname(&name, name.count - 1) == 0 else { return nil }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0, let first = list else { return nil }
        defer { freeaddrinfo(first) }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let failed = getnameinfo(first.pointee.ai_addr, first.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) != 0
        return failed ? nil : CStrings.optional(text)
    }

    private static func source(of target: addrinfo) -> String? {
        let descriptor = socket(target.ai_family, target.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), target.ai_protocol)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard Glibc.connect(descriptor, target.ai_addr, target.ai_addrlen) == 0 else { return nil }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let failed = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getsockname(descriptor, address, &length) != 0
                    || getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) != 0
            }
        }
        return failed ? nil : CStrings.optional(text)
    }
}
