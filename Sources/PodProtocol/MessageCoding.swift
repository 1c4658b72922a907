import JSONCoding

/// A message, plan or journal line that cannot be read.
public struct MessageError: Error, Equatable, CustomStringConvertible {
    /// What was being read, e.g. `journal line 7`.
    public var subject: String
    public var problem: String

    public var description: String { "\(subject) cannot be read: \(problem)" }

    public init(subject: String, problem: String) {
        self.subject = subject
        self.problem = problem
    }
}

/// JSON as the two programs write it: one line, keys sorted so that equal values have equal bytes.
public enum MessageCoding {
    /// The value as one line of JSON without a line end.
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        try JSONWriter.encode(value, sortsKeys: true)
    }

    /// Reads a value; `subject` names it in the error.
    ///
    /// - Throws: ``MessageError`` where the bytes are not JSON of that type.
    public static func decode<T: Decodable>(_ type: T.Type, from bytes: some Collection<UInt8>, subject: String) throws(MessageError) -> T {
        do {
            return try JSONReader.decode(type, from: bytes)
        } catch let error as DecodingError {
            throw MessageError(subject: subject, problem: describe(error))
        } catch {
            throw MessageError(subject: subject, problem: "\(error)")
        }
    }

    /// A frame whose payload is the value.
    public static func frame(_ type: FrameType, stream: UInt32 = 0, _ value: some Encodable) throws -> Frame {
        Frame(type, stream: stream, payload: try encode(value))
    }

    private static func describe(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.isEmpty ? "top level" : context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        return switch error {
        case .keyNotFound(let key, let context): "'\(key.stringValue)' is missing at \(path(context))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context): "wrong type at \(path(context))"
        case .dataCorrupted(let context): "not valid JSON at \(path(context))"
        @unknown default: "not valid"
        }
    }
}
