import Glibc

/// A name that a server's certificate bears (RFC 5280, 4.2.1.6).
public enum CertificateName: Sendable, Hashable {
    case dns(String)
    /// An IPv4 or IPv6 address in text form.
    case address(String)

    /// Sorts text into addresses and DNS names.
    ///
    /// - Throws: ``CertificateError/badName(_:)`` for anything else, so that no configured text can reach OpenSSL's configuration language.
    public init(_ text: String) throws(CertificateError) {
        if Self.isAddress(text) {
            self = .address(text)
        } else if Self.isDNSName(text) {
            self = .dns(text)
        } else {
            throw .badName(text)
        }
    }

    /// The entry in OpenSSL's notation of subject alternative names.
    var openSSLEntry: String {
        switch self {
        case .dns(let name): "DNS:\(name)"
        case .address(let address): "IP:\(address)"
        }
    }

    private static func isAddress(_ text: String) -> Bool {
        // A scope ("%eth0") or an embedded NUL never passes inet_pton's own parser, but Swift would cut the text at a NUL.
        guard !text.utf8.contains(0) else { return false }
        var storage = in6_addr()
        return inet_pton(AF_INET, text, &storage) == 1 || inet_pton(AF_INET6, text, &storage) == 1
    }

    private static func isDNSName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { byte in
                    byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                }
        }
    }
}
