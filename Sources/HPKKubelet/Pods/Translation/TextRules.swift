/// What texts must look like before they become names, paths or lines of a file.
enum TextRules {
    /// RFC 1123 label: up to 63 small letters, digits and inner dashes.
    static func isLabel(_ text: String) -> Bool { text.utf8.count <= 63 && isLabelOfAnyLength(text[...].utf8) }

    /// RFC 1123 subdomain as Kubernetes checks it: up to 253 characters, the parts between dots of any length.
    static func isSubdomain(_ text: String) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isLabelOfAnyLength($0.utf8) }
    }

    private static func isLabelOfAnyLength(_ bytes: Substring.UTF8View) -> Bool {
        guard let first = bytes.first, let last = bytes.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last) && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// A host or domain name as it may stand in a line of `/etc/hosts` or `resolv.conf`: no white space, no comment, nothing unprintable.
    static func isHostsWord(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: ";") }
    }

    /// Name of a variable as Kubernetes takes it: letters, digits, `-`, `_`, `.`, no digit first, neither `.` nor `..` nor `..` first.
    static func isVariableName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        guard text != ".", !text.hasPrefix("..") else { return false }
        return text.utf8.allSatisfy { isNameByte($0) }
    }

    /// Letters, digits, `.`, `_` and `-`, up to 128, neither `.` nor `..`: safe as one part of a path and as a word of a comment.
    static func isPathWord(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 128 && text != "." && text != ".." && text.utf8.allSatisfy { isNameByte($0) }
    }

    static func hasNUL(_ text: String) -> Bool { text.utf8.contains(0) }

    static func hasControl(_ text: String) -> Bool { text.unicodeScalars.contains(where: \.isControl) }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }
}

extension Unicode.Scalar {
    /// Unicode's category Cc: what a terminal may obey.
    var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}

extension String {
    /// Quoted, with control characters escaped and at most 80 characters: fit for a message.
    var quotedForMessage: String {
        count > 80 ? GoQuoting.quote(String(prefix(80))) + "…" : GoQuoting.quote(self)
    }
}
