/// Reads the members of one mapping and knows where it is, for errors that name the key.
struct YAMLFields {
    private let members: [String: YAMLValue.Member]
    /// As `users[0].user`; empty at the top.
    let path: String

    init(_ value: YAMLValue, path: String) throws(YAMLError) {
        self.path = path
        switch value {
        case .mapping(let list): members = Dictionary(list.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        case .null: members = [:]
        default: throw YAMLError(detail: "\(path.isEmpty ? "the document" : path) must be a mapping, not \(value.kind)", line: 0)
        }
    }

    private func fail(_ key: String, _ wanted: String, _ member: YAMLValue.Member) -> YAMLError {
        YAMLError(detail: "\(name(key)) must be \(wanted), not \(member.value.kind)", line: member.line)
    }

    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// A text that is not empty; nil when it is missing, null or empty.
    func string(_ key: String) throws(YAMLError) -> String? {
        guard let member = members[key] else { return nil }
        switch member.value {
        case .null: return nil
        case .scalar(let text, _): return text.isEmpty ? nil : text
        default: throw fail(key, "a text", member)
        }
    }

    /// True or false; nil when it is missing or null. A quoted "true" is a text.
    func bool(_ key: String) throws(YAMLError) -> Bool? {
        guard let member = members[key] else { return nil }
        switch member.value {
        case .null: return nil
        case .scalar("true", isPlain: true), .scalar("True", isPlain: true), .scalar("TRUE", isPlain: true): return true
        case .scalar("false", isPlain: true), .scalar("False", isPlain: true), .scalar("FALSE", isPlain: true): return false
        default: throw fail(key, "true or false", member)
        }
    }

    /// The items of a list; none when it is missing or null.
    func list(_ key: String) throws(YAMLError) -> [YAMLValue] {
        guard let member = members[key] else { return [] }
        switch member.value {
        case .null: return []
        case .sequence(let items): return items
        default: throw fail(key, "a list", member)
        }
    }

    /// A list of mappings.
    func mappings(_ key: String) throws(YAMLError) -> [YAMLFields] {
        var result: [YAMLFields] = []
        for (index, item) in try list(key).enumerated() { result.append(try YAMLFields(item, path: "\(name(key))[\(index)]")) }
        return result
    }

    /// A list of texts.
    func strings(_ key: String) throws(YAMLError) -> [String] {
        var result: [String] = []
        for (index, item) in try list(key).enumerated() {
            guard case .scalar(let text, _) = item else {
                throw YAMLError(detail: "\(name(key))[\(index)] must be a text, not \(item.kind)", line: members[key]?.line ?? 0)
            }
            result.append(text)
        }
        return result
    }

    /// A mapping; an empty one when it is missing or null.
    func fields(_ key: String) throws(YAMLError) -> YAMLFields {
        try YAMLFields(members[key]?.value ?? .null, path: name(key))
    }

    /// Whether the key is there and not null.
    func has(_ key: String) -> Bool {
        guard let member = members[key] else { return false }
        return member.value != .null
    }
}
