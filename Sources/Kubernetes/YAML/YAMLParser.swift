import CYAML
import Foundation

/// Reads one YAML document through libyaml's events. Owns the C parser and frees it once.
final class YAMLParser {
    /// Bounds that no honest configuration comes near.
    private static let byteLimit = 4 << 20
    private static let depthLimit = 64
    /// Values after aliases are replaced: stops the "billion laughs".
    private static let nodeLimit = 100_000

    private struct Anchored {
        let value: YAMLValue
        let nodes: Int
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    /// libyaml reads from here until the parser is deleted.
    private let input: UnsafeMutableBufferPointer<UInt8>
    private var anchors: [String: Anchored] = [:]
    private var nodes = 0

    /// The document in the bytes; null when there is none. More than one document is an error.
    static func parse(_ bytes: Data) throws -> YAMLValue {
        guard bytes.count <= byteLimit else { throw YAMLError(detail: "longer than \(byteLimit) bytes", line: 0) }
        let parser = try YAMLParser(bytes)
        return try parser.document()
    }

    private init(_ bytes: Data) throws {
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError(detail: "out of memory", line: 0)
        }
        input = .allocate(capacity: bytes.count)
        _ = input.initialize(from: bytes)
        yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    private enum Event {
        case streamStart, streamEnd, documentStart, documentEnd, sequenceEnd, mappingEnd
        case alias(String)
        case scalar(String, isPlain: Bool, anchor: String?)
        case sequenceStart(anchor: String?)
        case mappingStart(anchor: String?)
    }

    /// Line where the latest event begins, from 1.
    private var line = 1

    /// The next event, copied out of C memory, which is freed here.
    private func next() throws -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else {
            let problem = parser.pointee.problem.map { String(cString: $0) } ?? "not YAML"
            let mark = parser.pointee.problem_mark.line
            throw YAMLError(detail: problem, line: Int(mark) + 1)
        }
        defer { yaml_event_delete(&event) }
        line = Int(event.start_mark.line) + 1
        func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? { pointer.map { String(cString: $0) } }
        switch event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_STREAM_END_EVENT: return .streamEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_START_EVENT: return .sequenceStart(anchor: text(event.data.sequence_start.anchor))
        case YAML_MAPPING_START_EVENT: return .mappingStart(anchor: text(event.data.mapping_start.anchor))
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            // "\0" in quotes; no name, path or token can have one, and C would cut it there.
            guard !bytes.contains(0) else { throw YAMLError(detail: "a text has a NUL", line: line) }
            return .scalar(
                String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, anchor: text(scalar.anchor))
        default: throw YAMLError(detail: "not YAML", line: line)
        }
    }

    private func document() throws -> YAMLValue {
        guard case .streamStart = try next() else { throw YAMLError(detail: "not YAML", line: 1) }
        guard case .documentStart = try next() else { return .null }
        let value = try value(try next(), depth: 0)
        guard case .documentEnd = try next() else { throw YAMLError(detail: "the document does not end", line: line) }
        guard case .streamEnd = try next() else { throw YAMLError(detail: "more than one document", line: line) }
        return value
    }

    private func count(_ more: Int) throws {
        nodes += more
        guard nodes <= Self.nodeLimit else {
            throw YAMLError(detail: "more than \(Self.nodeLimit) values (aliases counted out)", line: line)
        }
    }

    private func value(_ event: Event, depth: Int) throws -> YAMLValue {
        guard depth < Self.depthLimit else { throw YAMLError(detail: "nested deeper than \(Self.depthLimit)", line: line) }
        let before = nodes
        if case .alias(let name) = event {
            // An anchor counts only when its value is complete, so a value cannot contain itself.
            guard let anchored = anchors[name] else { throw YAMLError(detail: "alias to the unknown anchor \(name)", line: line) }
            try count(anchored.nodes)
            return anchored.value
        }
        try count(1)
        let result: YAMLValue
        let anchor: String?
        switch event {
        case .scalar(let text, let isPlain, let name):
            anchor = name
            result = isPlain && ["", "~", "null", "Null", "NULL"].contains(text) ? .null : .scalar(text, isPlain: isPlain)
        case .sequenceStart(let name):
            anchor = name
            result = try sequence(depth: depth)
        case .mappingStart(let name):
            anchor = name
            result = try mapping(depth: depth)
        default: throw YAMLError(detail: "a value was expected", line: line)
        }
        if let anchor { anchors[anchor] = Anchored(value: result, nodes: nodes - before) }
        return result
    }

    private func sequence(depth: Int) throws -> YAMLValue {
        var items: [YAMLValue] = []
        while true {
            let event = try next()
            if case .sequenceEnd = event { return .sequence(items) }
            items.append(try value(event, depth: depth + 1))
        }
    }

    private func mapping(depth: Int) throws -> YAMLValue {
        var members: [YAMLValue.Member] = []
        var keys: Set<String> = []
        while true {
            let event = try next()
            if case .mappingEnd = event { return .mapping(members) }
            let keyLine = line
            guard case .scalar(let key, _, _) = event else { throw YAMLError(detail: "a key must be a text", line: keyLine) }
            guard key != "<<" else { throw YAMLError(detail: "merge keys (<<) are not supported", line: keyLine) }
            guard keys.insert(key).inserted else {
                throw YAMLError(detail: "the key \(key.debugDescription) is given twice", line: keyLine)
            }
            try count(1)
            members.append(YAMLValue.Member(key: key, value: try value(try next(), depth: depth + 1), line: keyLine))
        }
    }
}
