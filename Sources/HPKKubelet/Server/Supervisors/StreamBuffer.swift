import DequeModule
import Synchronization

/// Why a stream from a supervisor ended early.
public enum SupervisorStreamError: Error, Equatable, CustomStringConvertible {
    /// The connection ended.
    case connectionLost
    /// The supervisor's own words.
    case refused(String)
    /// The consumer was slower than the supervisor for more bytes than are kept; what was kept was handed over before this error.
    ///
    /// One slow reader of a log must not hold back the pod's events, which share the connection.
    case consumerTooSlow

    public var description: String {
        switch self {
        case .connectionLost: "the connection to the pod's supervisor ended; it connects again by itself"
        case .refused(let message): "the pod's supervisor ended the stream: \(message)"
        case .consumerTooSlow: "the stream's reader was too slow; open the stream again where it ended"
        }
    }
}

/// Bytes of one stream between the connection, which must not wait, and the consumer, which may be slow.
final class StreamBuffer: Sendable {
    private struct State {
        var chunks: Deque<[UInt8]> = []
        var bytes = 0
        var ending: Result<Void, SupervisorStreamError>?
        var waiter: CheckedContinuation<[UInt8]?, any Error>?
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: bytes kept for a slow consumer.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Adds bytes; false, and the stream ended, where they do not fit.
    func push(_ bytes: [UInt8]) -> Bool {
        let (fits, waiter) = state.withLock { state -> (Bool, CheckedContinuation<[UInt8]?, any Error>?) in
            guard state.ending == nil, !bytes.isEmpty else { return (true, nil) }
            if let waiter = state.waiter {
                state.waiter = nil
                return (true, waiter)
            }
            guard state.bytes + bytes.count <= capacity else {
                state.ending = .failure(.consumerTooSlow)
                return (false, nil)
            }
            state.chunks.append(bytes)
            state.bytes += bytes.count
            return (true, nil)
        }
        waiter?.resume(returning: bytes)
        return fits
    }

    /// Ends the stream after what it still holds; only the first call counts.
    func end(_ ending: Result<Void, SupervisorStreamError>) {
        let waiter = state.withLock { state -> CheckedContinuation<[UInt8]?, any Error>? in
            guard state.ending == nil else { return nil }
            state.ending = ending
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(with: ending.map { nil }.mapError { $0 as any Error })
    }

    /// The next bytes; nil at a clean end or when the calling task is cancelled. One caller at a time.
    func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<[UInt8]?, any Error>? in
                    if let chunk = state.chunks.popFirst() {
                        state.bytes -= chunk.count
                        return .success(chunk)
                    }
                    if let ending = state.ending { return ending.map { nil }.mapError { $0 as any Error } }
                    if Task.isCancelled || state.waiter != nil { return .success(nil) }
                    state.waiter = continuation
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<[UInt8]?, any Error>? in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: nil)
        }
    }
}

/// The consumer's end of a stream; tells the connection when the consumer has let go of it.
final class StreamLease: Sendable {
    private let buffer: StreamBuffer
    private let abandon: @Sendable () -> Void

    init(_ buffer: StreamBuffer, abandon: @escaping @Sendable () -> Void) {
        self.buffer = buffer
        self.abandon = abandon
    }

    deinit {
        abandon()
    }

    func next() async throws -> [UInt8]? { try await buffer.next() }
}
