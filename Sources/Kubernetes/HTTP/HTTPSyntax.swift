/// Which bytes may stand where (RFC 9110, section 5).
enum HTTPSyntax {
    /// A byte of a method or field name.
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// A byte of a field value: no control character but the tab, so no line can be smuggled in.
    static func isFieldByte(_ byte: UInt8) -> Bool { byte == 0x09 || (byte >= 0x20 && byte != 0x7f) }
}

extension HTTPRequest {
    /// Method and URL without query, fragment and user information: these may hold secrets.
    var label: String {
        var text = url.prefix { $0 != "?" && $0 != "#" }
        if let scheme = text.range(of: "://") {
            let authority = text[scheme.upperBound...].prefix { $0 != "/" }
            if let at = authority.lastIndex(of: "@") { text.removeSubrange(scheme.upperBound...at) }
        }
        return "\(method) \(text)"
    }

    var isSecure: Bool { url.lowercased().hasPrefix("https:") }

    /// Whether the host is this machine, which no proxy can reach.
    var isLoopback: Bool {
        guard let host = urlParts?.host else { return false }
        return host == "localhost" || host.hasPrefix("127.") || host == "[::1]"
    }

    /// The URL in pieces: scheme and user information, host (an IPv6 address in brackets), port, and everything after.
    var urlParts: (prefix: Substring, host: Substring, port: Substring, rest: Substring)? {
        guard let scheme = url.range(of: "://") else { return nil }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let rest = url[authority.endIndex...]
        let hostStart = authority.lastIndex(of: "@").map { authority.index(after: $0) } ?? authority.startIndex
        let hostAndPort = authority[hostStart...]
        let hostEnd: Substring.Index
        if hostAndPort.hasPrefix("[") {
            guard let bracket = hostAndPort.firstIndex(of: "]") else { return nil }
            hostEnd = hostAndPort.index(after: bracket)
        } else {
            hostEnd = hostAndPort.firstIndex(of: ":") ?? hostAndPort.endIndex
        }
        let port = hostAndPort[hostEnd...].dropFirst()
        return (url[..<hostStart], hostAndPort[..<hostEnd], port.isEmpty ? (isSecure ? "443" : "80") : port, rest)
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, at least 1.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return Int(Int32.max) }
        return Int(max(1, min(whole + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000, Int64(Int32.max))))
    }
}
