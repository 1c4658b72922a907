/// What a ``Frame`` carries.
public enum FrameType: UInt8, Sendable, CaseIterable {
    /// Supervisor to node agent: ``Hello``; always the first frame.
    case hello = 1
    /// Node agent to supervisor: ``Welcome``.
    case welcome = 2
    /// Node agent to supervisor: ``Refusal``; the connection is closed after it.
    case refusal = 3
    /// Supervisor to node agent: ``PodEvent``.
    case event = 4
    /// Node agent to supervisor: ``Delivery``; the first one after the welcome is complete, later ones hold changes.
    case delivery = 5
    /// Node agent to supervisor: ``StopRequest``.
    case stop = 6
    /// Either way: empty; answered with `pong`.
    case ping = 7
    case pong = 8
    /// Node agent to supervisor: ``StreamRequest``.
    case streamOpen = 16
    /// Either way: raw bytes.
    case streamData = 17
    /// Either way: ``StreamEnd``.
    case streamEnd = 18
}

/// One message on the connection between supervisor and node agent.
///
/// On the wire: payload length (4 bytes, big endian), type (1 byte), stream number (4 bytes, big endian), payload.
public struct Frame: Sendable, Equatable {
    /// Bytes before the payload.
    public static let headerLength = 9
    /// The longest payload accepted: 16 MiB, enough for a pod full of the largest secrets.
    public static let maximumPayload = 16 << 20

    public var type: FrameType
    /// 0 for control messages; streams are numbered by the node agent from 1.
    public var stream: UInt32
    public var payload: [UInt8]

    public init(_ type: FrameType, stream: UInt32 = 0, payload: [UInt8] = []) {
        self.type = type
        self.stream = stream
        self.payload = payload
    }

    /// The frame's bytes on the wire.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerLength + payload.count)
        bytes.append(bigEndian: UInt32(payload.count))
        bytes.append(type.rawValue)
        bytes.append(bigEndian: stream)
        bytes.append(contentsOf: payload)
        return bytes
    }
}

/// Why bytes from the peer are not a frame; the connection cannot go on after it.
public enum FrameError: Error, Equatable, CustomStringConvertible {
    case tooLong(UInt32)
    case unknownType(UInt8)

    public var description: String {
        switch self {
        case .tooLong(let length):
            "the peer announced a frame of \(length) bytes, more than the \(Frame.maximumPayload) allowed: its version may differ from ours"
        case .unknownType(let type):
            "the peer sent a frame of unknown type \(type): its version may differ from ours"
        }
    }
}

/// Cuts a stream of bytes into frames.
public struct FrameDecoder: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0

    public init() {}

    /// Takes bytes as they came from the network.
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        if start > 0 && start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        } else if start > 1 << 20 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole frame, or nil until more bytes arrive.
    ///
    /// - Throws: ``FrameError`` where the bytes cannot be a frame; the caller closes the connection.
    public mutating func next() throws(FrameError) -> Frame? {
        guard buffer.count - start >= Frame.headerLength else { return nil }
        let length = bigEndian(at: start)
        guard length <= UInt32(Frame.maximumPayload) else { throw .tooLong(length) }
        guard let type = FrameType(rawValue: buffer[start + 4]) else { throw .unknownType(buffer[start + 4]) }
        let end = start + Frame.headerLength + Int(length)
        guard buffer.count >= end else { return nil }
        let frame = Frame(type, stream: bigEndian(at: start + 5), payload: Array(buffer[(start + Frame.headerLength)..<end]))
        start = end
        return frame
    }

    private func bigEndian(at index: Int) -> UInt32 {
        buffer[index..<(index + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: UInt32) {
        append(UInt8(truncatingIfNeeded: value >> 24))
        append(UInt8(truncatingIfNeeded: value >> 16))
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }
}
