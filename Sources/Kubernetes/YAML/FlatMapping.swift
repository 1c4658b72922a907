import Foundation

/// A YAML document that maps names to texts or lists of texts, with the line of each name: the form of configuration files.
public struct FlatMapping: Sendable, Equatable {
    /// One name and what it stands for.
    public struct Member: Sendable, Equatable {
        public var name: String
        /// One text, or those of a list.
        public var values: [String]
        public var isList: Bool
        /// Line of the name, from 1.
        public var line: Int
    }

    /// A document of another form.
    public struct Failure: Error, Equatable {
        /// What is wrong.
        public var detail: String
        /// From 1; 0 when it is not known.
        public var line: Int
    }

    /// In the order of the document. A name without a value is left out.
    public var members: [Member]

    /// Reads a document; an empty one has no members.
    public init(_ data: Data) throws(Failure) {
        do {
            members = try Self.members(try YAMLParser.parse(data))
        } catch let error as YAMLError {
            throw Failure(detail: error.detail, line: error.line)
        } catch {
            throw Failure(detail: "\(error)", line: 0)
        }
    }

    private static func members(_ document: YAMLValue) throws(YAMLError) -> [Member] {
        guard case .mapping(let list) = document else {
            if document == .null { return [] }
            throw YAMLError(detail: "the document must be a mapping, not \(document.kind)", line: 1)
        }
        var members: [Member] = []
        for member in list {
            switch member.value {
            case .null: continue
            case .scalar(let text, _): members.append(Member(name: member.key, values: [text], isList: false, line: member.line))
            case .sequence(let items):
                var values: [String] = []
                for item in items {
                    guard case .scalar(let text, _) = item else {
                        throw YAMLError(detail: "\(member.key) must be a list of texts", line: member.line)
                    }
                    values.append(text)
                }
                members.append(Member(name: member.key, values: values, isList: true, line: member.line))
            case .mapping: throw YAMLError(detail: "\(member.key) must be a text or a list, not a mapping", line: member.line)
            }
        }
        return members
    }
}
