import Foundation

/// Readers of single values; each refuses with what is wrong and what would be right.
enum SettingValue {
    static func number(_ text: String, _ range: ClosedRange<Int>) throws(ValueRefusal) -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw ValueRefusal(
                problem: "not a whole number from \(range.lowerBound) to \(range.upperBound)",
                advice: "Give a number from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    static func boolean(_ text: String) throws(ValueRefusal) -> Bool {
        switch text.lowercased() {
        case "true", "yes", "on", "1": return true
        case "false", "no", "off", "0": return false
        default: throw ValueRefusal(problem: "neither true nor false", advice: "Give true or false.")
        }
    }

    static func choice<Value: RawRepresentable & CaseIterable>(_ text: String, _: Value.Type) throws(ValueRefusal) -> Value
    where Value.RawValue == String {
        guard let value = Value(rawValue: text) else {
            let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValueRefusal(problem: "not one of \(words)", advice: "Give one of \(words).")
        }
        return value
    }

    /// A DNS-1123 subdomain of at most `limit` characters.
    static func dnsName(_ text: String, limit: Int = 253) throws(ValueRefusal) -> String {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= limit, labels.allSatisfy({ isDNSLabel($0) }) else {
            throw ValueRefusal(
                problem: "not a DNS name of at most \(limit) characters",
                advice: "Use lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit.")
        }
        return text
    }

    /// A DNS-1123 label, as a namespace's name is.
    static func dnsLabel(_ text: String) throws(ValueRefusal) -> String {
        guard isDNSLabel(text[...]) else {
            throw ValueRefusal(
                problem: "not a DNS label of at most 63 characters",
                advice: "Use lower-case letters, digits and '-', beginning and ending with a letter or digit.")
        }
        return text
    }

    private static func isDNSLabel(_ label: Substring) -> Bool {
        let bytes = Array(label.utf8)
        guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else { return false }
        return bytes.allSatisfy { isDigit($0) || isLower($0) || $0 == UInt8(ascii: "-") }
    }

    /// A qualified name: `[dns.prefix/]name`, as keys of labels and taints are.
    static func qualifiedName(_ text: String) throws(ValueRefusal) -> String {
        let refusal = ValueRefusal(
            problem: "not a key of the form [prefix/]name",
            advice: "Use letters, digits, '-', '_' and '.' (at most 63) after an optional DNS name and a '/'.")
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let name = parts.last, !name.isEmpty, isLabelText(name) else { throw refusal }
        if parts.count == 2 {
            guard (try? dnsName(String(parts[0]))) != nil else { throw refusal }
        }
        return text
    }

    /// The value of a label: empty, or at most 63 letters, digits, '-', '_' and '.'.
    static func labelValue(_ text: String) throws(ValueRefusal) -> String {
        guard isLabelText(text[...]) else {
            throw ValueRefusal(
                problem: "not a label value",
                advice: "Use at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit.")
        }
        return text
    }

    private static func isLabelText(_ text: Substring) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { return true }
        let isPlain = { (byte: UInt8) in isDigit(byte) || isLower(byte | 0x20) }
        guard bytes.count <= 63, isPlain(first), isPlain(last) else { return false }
        return bytes.allSatisfy { isPlain($0) || "-_.".utf8.contains($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

    /// An IPv4 or IPv6 address without brackets.
    static func address(_ text: String) throws(ValueRefusal) -> String {
        guard isAddress(text) else {
            throw ValueRefusal(problem: "not an IP address", advice: "Give an IPv4 or IPv6 address, e.g. 10.0.0.5.")
        }
        return text
    }

    static func isAddress(_ text: String) -> Bool {
        var buffer = in6_addr()
        return inet_pton(AF_INET, text, &buffer) == 1 || inet_pton(AF_INET6, text, &buffer) == 1
    }

    /// An address, or a host's name.
    static func host(_ text: String) throws(ValueRefusal) -> String {
        if isAddress(text) { return text }
        guard (try? dnsName(text.lowercased())) != nil else {
            throw ValueRefusal(problem: "neither an address nor a host name", advice: "Give an IP address or the name of this host.")
        }
        return text
    }

    /// `host`, `host:port` or `[IPv6]:port`; the port is nil where none is given.
    static func hostAndPort(_ text: String) throws(ValueRefusal) -> (host: String, port: Int?) {
        guard !isAddress(text), let colon = text.lastIndex(of: ":") else { return (try host(text), nil) }
        var name = text[..<colon]
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        return (try host(String(name)), try number(String(text[text.index(after: colon)...]), 1...65535))
    }

    /// `host` or `host:port`.
    static func registryHost(_ text: String) throws(ValueRefusal) -> String {
        let refusal = ValueRefusal(problem: "not a registry's host or host:port", advice: "Give e.g. registry.example.org:5000.")
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), (try? host(String(parts[0]))) != nil else { throw refusal }
        if parts.count == 2 {
            guard (try? number(String(parts[1]), 1...65535)) != nil else { throw refusal }
        }
        return text
    }

    /// A prefix of image references: a transport that Apptainer knows, and maybe a host and path.
    static func registryPrefix(_ text: String) throws(ValueRefusal) -> String {
        let transports = ["docker://", "oras://", "library://"]
        guard transports.contains(where: text.hasPrefix), isPrintable(text), !text.contains(" ") else {
            throw ValueRefusal(
                problem: "names no transport that is known",
                advice: "Begin with one of \(transports.joined(separator: ", ")), e.g. docker://registry.example.org/.")
        }
        return text
    }

    /// A program: a bare name, or an absolute path.
    static func program(_ text: String) throws(ValueRefusal) -> String {
        guard !text.isEmpty, isPrintable(text), !text.contains("/") || text.hasPrefix("/") else {
            throw ValueRefusal(
                problem: "neither a program's name nor an absolute path",
                advice: "Give a name found in PATH, or a path that begins with '/'.")
        }
        return text
    }

    /// Text without control characters that is not empty.
    static func text(_ text: String) throws(ValueRefusal) -> String {
        guard !text.isEmpty, isPrintable(text) else {
            throw ValueRefusal(problem: "empty, or holds control characters", advice: "Give plain text.")
        }
        return text
    }

    static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
    }
}
