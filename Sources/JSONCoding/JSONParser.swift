/// Walks once over a JSON text (RFC 8259), checks its grammar and notes where each value lies.
struct JSONParser {
    /// Objects and lists in one another. Decoding recurses, so a hostile text must not choose the depth.
    static let depthLimit = 512

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func parse(into nodes: inout [JSONDocument.Node]) throws {
        skipBlanks()
        try value(&nodes, depth: 0)
        skipBlanks()
        guard position == bytes.count else { throw fault("more follows after the value") }
    }

    private func fault(_ detail: String) -> MalformedJSONText { MalformedJSONText(detail: detail, offset: position) }

    private mutating func value(_ nodes: inout [JSONDocument.Node], depth: Int) throws {
        guard position < bytes.count else { throw fault("the text ends where a value was expected") }
        switch bytes[position] {
        case UInt8(ascii: "\""): try string(&nodes)
        case UInt8(ascii: "{"): try object(&nodes, depth: depth + 1)
        case UInt8(ascii: "["): try array(&nodes, depth: depth + 1)
        case UInt8(ascii: "t"): try word("true", .yes, &nodes)
        case UInt8(ascii: "f"): try word("false", .no, &nodes)
        case UInt8(ascii: "n"): try word("null", .null, &nodes)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number(&nodes)
        default: throw fault("a value was expected")
        }
    }

    private mutating func object(_ nodes: inout [JSONDocument.Node], depth: Int) throws {
        let index = try open(.object, &nodes, depth: depth)
        var count = 0
        if !take(UInt8(ascii: "}")) {
            repeat {
                skipBlanks()
                guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw fault("a key was expected") }
                try string(&nodes)
                guard take(UInt8(ascii: ":")) else { throw fault("a colon was expected") }
                skipBlanks()
                try value(&nodes, depth: depth)
                count += 1
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { throw fault("a comma or the object's end was expected") }
        }
        close(index, count, &nodes)
    }

    private mutating func array(_ nodes: inout [JSONDocument.Node], depth: Int) throws {
        let index = try open(.array, &nodes, depth: depth)
        var count = 0
        if !take(UInt8(ascii: "]")) {
            repeat {
                skipBlanks()
                try value(&nodes, depth: depth)
                count += 1
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { throw fault("a comma or the list's end was expected") }
        }
        close(index, count, &nodes)
    }

    private mutating func open(_ kind: JSONDocument.Kind, _ nodes: inout [JSONDocument.Node], depth: Int) throws -> Int {
        guard depth <= Self.depthLimit else { throw fault("more than \(Self.depthLimit) values in one another") }
        nodes.append(JSONDocument.Node(kind: kind, start: position, end: position, next: 0))
        position += 1
        return nodes.count - 1
    }

    private func close(_ index: Int, _ count: Int, _ nodes: inout [JSONDocument.Node]) {
        nodes[index].end = position
        nodes[index].next = nodes.count
        nodes[index].count = count
    }

    private mutating func string(_ nodes: inout [JSONDocument.Node]) throws {
        position += 1
        let start = position
        var kind = JSONDocument.Kind.plainString
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                nodes.append(JSONDocument.Node(kind: kind, start: start, end: position, next: nodes.count + 1))
                position += 1
                return
            }
            if byte == UInt8(ascii: "\\") {
                kind = .escapedString
                position += 2
            } else if byte < 0x20 {
                throw fault("a control character in a string")
            } else {
                if byte >= 0x80 { kind = .escapedString }
                position += 1
            }
        }
        position = start
        throw fault("the string does not end")
    }

    private mutating func word(_ word: StaticString, _ kind: JSONDocument.Kind, _ nodes: inout [JSONDocument.Node]) throws {
        let count = word.utf8CodeUnitCount
        guard bytes.count - position >= count, (0..<count).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] }) else {
            throw fault("a value was expected")
        }
        nodes.append(JSONDocument.Node(kind: kind, start: position, end: position + count, next: nodes.count + 1))
        position += count
    }

    private mutating func number(_ nodes: inout [JSONDocument.Node]) throws {
        let start = position
        _ = takeByte(UInt8(ascii: "-"))
        if !takeByte(UInt8(ascii: "0")) { try digits() }
        if takeByte(UInt8(ascii: ".")) { try digits() }
        if takeByte(UInt8(ascii: "e")) || takeByte(UInt8(ascii: "E")) {
            _ = takeByte(UInt8(ascii: "+")) || takeByte(UInt8(ascii: "-"))
            try digits()
        }
        nodes.append(JSONDocument.Node(kind: .number, start: start, end: position, next: nodes.count + 1))
    }

    private mutating func digits() throws {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
        guard position > start else { throw fault("a digit was expected") }
    }

    private mutating func skipBlanks() {
        while position < bytes.count, bytes[position] <= 0x20 {
            guard bytes[position] == 0x20 || bytes[position] == 0x0a || bytes[position] == 0x0d || bytes[position] == 0x09 else { return }
            position += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        return takeByte(byte)
    }

    private mutating func takeByte(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }
}
