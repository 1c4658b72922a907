import Glibc

/// Texts of IP addresses.
enum IPAddressText {
    /// Whether the text is an IPv4 or IPv6 address (inet_pton(3)).
    static func isValid(_ text: String) -> Bool {
        guard !text.utf8.contains(0) else { return false }
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return true }
        var v6 = in6_addr()
        return inet_pton(AF_INET6, text, &v6) == 1
    }

    /// `host:port`, with brackets around an IPv6 address.
    static func joined(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
