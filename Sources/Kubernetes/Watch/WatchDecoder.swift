import Foundation
import JSONCoding

/// One event of a watch.
public enum WatchEvent<T: KubernetesResource>: Sendable {
    /// An object came into the selection.
    case added(Snapshot<T>)
    /// An object changed.
    case modified(Snapshot<T>)
    /// An object left the selection: as it was last.
    case deleted(Snapshot<T>)
    /// Nothing changed up to this version.
    case bookmark(resourceVersion: String)
    /// The server ends the watch; code 410 means that the version is too old.
    case error(Status)
    /// An object that this module cannot decode came or changed (`isDeleted` false) or left.
    case undecodable(UndecodableObject, isDeleted: Bool)
}

/// A watch whose bytes are not what the API promises. The only way on is a new list.
public enum WatchFormatError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A line is longer than any event can be.
    case lineTooLong(limit: Int)
    /// A line is not a watch event.
    case malformed(String)

    /// What is wrong.
    public var description: String {
        switch self {
        case .lineTooLong(let limit): "an event of the watch is longer than \(limit) bytes"
        case .malformed(let detail): "the watch sent something that is not an event: \(detail)"
        }
    }
}

/// Turns the bytes of a watch into events: one JSON object per line, cut anywhere by the network.
public struct WatchDecoder<T: KubernetesResource>: Sendable {
    private var pending = Data()
    /// Bytes of `pending` that are known to have no line end.
    private var searched = 0
    private let lineLimit: Int
    private let known: @Sendable (ObjectKey) -> Snapshot<T>?

    /// - Parameters:
    ///   - lineLimit: Longest line in bytes. etcd holds objects of up to 1.5 MiB, which JSON can make some times longer.
    ///   - known: Objects as they were: what has not changed since is not decoded again.
    public init(lineLimit: Int = 16 << 20, known: @escaping @Sendable (ObjectKey) -> Snapshot<T>? = { _ in nil }) {
        self.lineLimit = lineLimit
        self.known = known
    }

    /// Bytes of a line that is not yet complete.
    public var pendingCount: Int { pending.count }

    /// Takes bytes and gives the events that they complete.
    ///
    /// - Throws: `WatchFormatError`. Events before the malformed line are lost with it, which a new list makes good.
    public mutating func feed(_ bytes: Data) throws -> [WatchEvent<T>] {
        pending.append(bytes)
        var events: [WatchEvent<T>] = []
        var lineStart = 0
        while let end = Self.lineEnd(in: pending, from: lineStart + searched) {
            searched = 0
            guard end - lineStart <= lineLimit else { throw WatchFormatError.lineTooLong(limit: lineLimit) }
            let event = try pending.withUnsafeBytes { try decode(UnsafeRawBufferPointer(rebasing: $0[lineStart..<end])) }
            if let event { events.append(event) }
            lineStart = end + 1
        }
        // One move per feed, however many lines it had.
        if lineStart > 0 { pending = pending.subdata(in: lineStart..<pending.count) }
        searched = pending.count
        guard pending.count <= lineLimit else { throw WatchFormatError.lineTooLong(limit: lineLimit) }
        return events
    }

    private static func lineEnd(in data: Data, from start: Int) -> Int? {
        data.withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress else { return nil }
            return memchr(base + start, 0x0a, bytes.count - start).map { UnsafeRawPointer($0) - base }
        }
    }

    /// Nil for an empty line.
    private func decode(_ line: UnsafeRawBufferPointer) throws -> WatchEvent<T>? {
        if let index = try? JSONIndex(line), let type = index["type"]?.string, let object = index["object"] {
            switch type {
            case "ADDED": return snapshot(object, isDeleted: false) { .added($0) }
            case "MODIFIED": return snapshot(object, isDeleted: false) { .modified($0) }
            case "DELETED": return snapshot(object, isDeleted: true) { .deleted($0) }
            default: break
            }
        }
        return try Self.decodeRare(Data(line))
    }

    private func snapshot(_ object: JSONIndex, isDeleted: Bool, _ event: (Snapshot<T>) -> WatchEvent<T>) -> WatchEvent<T> {
        do {
            var before: Snapshot<T>?
            if let metadata = object["metadata"], let name = metadata["name"]?.string {
                before = known(ObjectKey(namespace: metadata["namespace"]?.string ?? "", name: name))
            }
            return event(try T.snapshot(of: object, known: before))
        } catch {
            return .undecodable(UndecodableObject(raw: Data(object.bytes), error: error), isDeleted: isDeleted)
        }
    }

    /// Events about the watch itself, and lines that are not JSON as a whole: a fault in an object's inside is the object's, not the
    /// stream's.
    private static func decodeRare(_ line: Data) throws -> WatchEvent<T>? {
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }) { return nil }
        let members: [(key: String, value: Range<Int>)]
        do {
            members = try JSONSlicer.members(of: line)
        } catch {
            throw WatchFormatError.malformed("\(error)")
        }
        guard let type = members.last(where: { $0.key == "type" })?.value, let object = members.last(where: { $0.key == "object" })?.value
        else { throw WatchFormatError.malformed("type or object is missing") }
        let raw = line.subdata(in: object)
        switch String(decoding: line[type], as: UTF8.self) {
        case #""ADDED""#: return snapshot(raw, isDeleted: false) { .added($0) }
        case #""MODIFIED""#: return snapshot(raw, isDeleted: false) { .modified($0) }
        case #""DELETED""#: return snapshot(raw, isDeleted: true) { .deleted($0) }
        case #""BOOKMARK""#: return .bookmark(resourceVersion: try bookmark(raw))
        case #""ERROR""#: return .error(try status(raw))
        case let other: throw WatchFormatError.malformed("unknown type \(other.prefix(40))")
        }
    }

    private static func snapshot(_ raw: Data, isDeleted: Bool, _ event: (Snapshot<T>) -> WatchEvent<T>) -> WatchEvent<T> {
        do {
            return event(try Snapshot(raw: raw))
        } catch {
            return .undecodable(UndecodableObject(raw: raw, error: error), isDeleted: isDeleted)
        }
    }

    private static func bookmark(_ raw: Data) throws -> String {
        guard let version = try? JSONReader.decode(Bookmark.self, from: raw).metadata.resourceVersion, !version.isEmpty else {
            throw WatchFormatError.malformed("a bookmark without a version")
        }
        return version
    }

    private static func status(_ raw: Data) throws -> Status {
        do {
            return try JSONReader.decode(Status.self, from: raw)
        } catch {
            throw WatchFormatError.malformed("an error without a status: \(UndecodableObject.describe(error))")
        }
    }
}

/// Of a bookmark's object, only the version counts.
private struct Bookmark: Decodable {
    let metadata: ListMeta
}
