/// An image's `/etc/passwd` and `/etc/group` (passwd(5), group(5)).
///
/// An image's files are anybody's text: a line that is not an account is skipped, never an error.
struct AccountDatabase: Sendable, Equatable {
    /// In the order of the file; the first of a name or number counts.
    private(set) var accounts: [ImageUser] = []
    /// The first group of each name.
    private(set) var groups: [String: UInt32] = [:]

    /// Larger files are cut at this many bytes.
    static let sizeLimit = 1 << 20

    init(passwd: [UInt8] = [], group: [UInt8] = []) {
        var members: [String: [UInt32]] = [:]
        for fields in Self.lines(group) where fields.count >= 4 {
            guard let number = UInt32(fields[2]), !fields[0].isEmpty else { continue }
            let name = String(fields[0])
            if groups[name] == nil { groups[name] = number }
            for member in fields[3].split(separator: ",") { members[String(member), default: []].append(number) }
        }
        for fields in Self.lines(passwd) where fields.count >= 4 {
            guard let user = UInt32(fields[2]), let group = UInt32(fields[3]), !fields[0].isEmpty else { continue }
            let name = String(fields[0])
            let supplementary = Set(members[name] ?? []).subtracting([group]).sorted()
            let home = fields.count > 5 && fields[5].hasPrefix("/") ? String(fields[5]) : nil
            accounts.append(ImageUser(name: name, user: user, group: group, supplementaryGroups: supplementary, home: home))
        }
    }

    /// Looks up the `User` of an image configuration: `user`, `uid`, `user:group`, `uid:gid` and the mixed forms (OCI image spec, `config.md`).
    ///
    /// As Docker and containerd do: a user alone brings its group and supplementary groups along, a number without an account has group 0,
    /// and a group that is named brings no other groups.
    func resolve(_ text: String) throws(UnknownAccount) -> ImageUser {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let userText = String(parts[0])
        var found: ImageUser
        if let account = accounts.first(where: { $0.name == userText }) {
            found = account
        } else if let number = UInt32(userText) {
            found = accounts.first { $0.user == number } ?? ImageUser(user: number, group: 0)
        } else if userText.isEmpty {
            found = accounts.first { $0.user == 0 } ?? ImageUser(user: 0, group: 0)
        } else {
            throw UnknownAccount(description: "the image's user \(quoted(userText)) is not in its /etc/passwd")
        }
        guard parts.count == 2, !parts[1].isEmpty else { return found }
        let groupText = String(parts[1])
        guard let group = groups[groupText] ?? UInt32(groupText) else {
            throw UnknownAccount(description: "the image's group \(quoted(groupText)) is not in its /etc/group")
        }
        found.group = group
        found.supplementaryGroups = []
        return found
    }

    private static func lines(_ bytes: [UInt8]) -> [[Substring]] {
        String(decoding: bytes.prefix(sizeLimit), as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { line in
            // `+` and `-` begin NIS entries.
            guard let first = line.first, !"#+-".contains(first) else { return nil }
            return line.split(separator: ":", omittingEmptySubsequences: false).map { $0.prefix(4096) }
        }
    }
}

/// An image's `User` names somebody whom the image does not know.
struct UnknownAccount: Error, Sendable, Equatable, CustomStringConvertible {
    var description: String
}
