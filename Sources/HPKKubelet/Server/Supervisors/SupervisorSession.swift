import NIOCore
import PodProtocol
import Synchronization

/// A message that is too long for one frame.
public struct MessageTooLong: Error, CustomStringConvertible {
    public var bytes: Int

    public var description: String {
        "a message of \(bytes) bytes is longer than the \(Frame.maximumPayload) that one frame carries: make the pod's secrets smaller"
    }
}

/// One admitted connection: sends messages, and keeps its streams apart by number.
final class SupervisorSession: SupervisorConnection {
    typealias Outbound = NIOAsyncChannelOutboundWriter<Frame>

    let uid: String
    private let channel: any Channel
    private let outbound: Outbound
    private let streamCapacity: Int
    private let streams = Mutex(Streams())
    private let finished: EventLoopPromise<Void>

    private struct Streams {
        var open: [UInt32: StreamBuffer] = [:]
        var lastNumber: UInt32 = 0
        var isClosed = false

        mutating func add(_ buffer: StreamBuffer) -> UInt32? {
            guard !isClosed else { return nil }
            repeat { lastNumber = lastNumber == .max ? 1 : lastNumber + 1 } while open[lastNumber] != nil
            open[lastNumber] = buffer
            return lastNumber
        }
    }

    init(uid: String, channel: any Channel, outbound: Outbound, streamCapacity: Int) {
        self.uid = uid
        self.channel = channel
        self.outbound = outbound
        self.streamCapacity = streamCapacity
        finished = channel.eventLoop.makePromise()
    }

    func send(_ stop: StopRequest) async throws {
        try await send(MessageCoding.frame(.stop, stop))
    }

    func send(_ delivery: Delivery) async throws {
        try await send(MessageCoding.frame(.delivery, delivery))
    }

    func send(_ frame: Frame) async throws {
        guard frame.payload.count <= Frame.maximumPayload else { throw MessageTooLong(bytes: frame.payload.count) }
        try await outbound.write(frame)
    }

    func open(_ request: StreamRequest) async throws -> AsyncThrowingStream<[UInt8], any Error> {
        let buffer = StreamBuffer(capacity: streamCapacity)
        guard let number = streams.withLock({ $0.add(buffer) }) else { throw SupervisorStreamError.connectionLost }
        // From here on the lease's end takes the stream out of the table, also when the send below fails.
        let lease = StreamLease(buffer) { [weak self] in self?.abandon(number) }
        let frame = try MessageCoding.frame(.streamOpen, stream: number, request)
        do {
            try await outbound.write(frame)
        } catch  where !(error is CancellationError) {
            throw SupervisorStreamError.connectionLost
        }
        return AsyncThrowingStream { try await lease.next() }
    }

    func close() async {
        channel.close(promise: nil)
    }

    /// Closes and waits until nothing of this connection will reach the handler any more.
    func closeAndWait() async {
        channel.close(promise: nil)
        // The promise is only ever fulfilled, so there is no error to lose.
        try? await finished.futureResult.get()
    }

    // MARK: What the connection's task reports

    /// Bytes of a stream; late ones of a stream that we ended are passed over.
    func received(_ bytes: [UInt8], stream number: UInt32) {
        guard let buffer = streams.withLock({ $0.open[number] }) else { return }
        if !buffer.push(bytes) { abandon(number) }
    }

    func receivedEnd(_ end: StreamEnd, stream number: UInt32) {
        let buffer = streams.withLock { $0.open.removeValue(forKey: number) }
        buffer?.end(end.message.isEmpty ? .success(()) : .failure(.refused(end.message)))
    }

    /// The connection is gone; the handler has been told.
    func finish() {
        loseStreams()
        finished.succeed()
    }

    /// Ends every stream, so that no consumer waits for a connection that is gone.
    func loseStreams() {
        let lost = streams.withLock { streams in
            streams.isClosed = true
            defer { streams.open = [:] }
            return streams.open.values
        }
        for buffer in lost { buffer.end(.failure(.connectionLost)) }
    }

    /// Tells the supervisor to stop sending; nothing waits for it.
    private func abandon(_ number: UInt32) {
        let wasOpen = streams.withLock { $0.open.removeValue(forKey: number) != nil }
        guard wasOpen, let frame = try? MessageCoding.frame(.streamEnd, stream: number, StreamEnd()) else { return }
        channel.writeAndFlush(frame, promise: nil)
    }
}
