import Foundation
import Synchronization

/// Hands one response from the engine's thread to the task that reads it.
///
/// The thread puts in head, chunks and end; the task takes them out. When the task falls behind, the thread is told to pause.
final class TransferChannel: Sendable {
    struct Head: Sendable {
        let status: Int
        let headers: HTTPHeaders
    }

    /// What the thread is to do with bytes it offered.
    enum Offer {
        case taken, pause, abort
    }

    private struct State {
        var head: Head?
        var headWaiter: CheckedContinuation<Head, any Error>?
        var chunks: [Data] = []
        var bufferedBytes = 0
        var isPaused = false
        var end: Result<Void, any Error>?
        var chunkWaiter: CheckedContinuation<Data?, any Error>?
        /// Somebody wants the whole response, and nothing before.
        var responseWaiter: CheckedContinuation<Response, any Error>?
        var isTooLong = false
    }

    /// A whole response; no body where it was longer than the high water mark.
    typealias Response = (head: Head, body: Data?)

    private let state = Mutex(State())
    private let highWater: Int
    private let collects: Bool

    /// - Parameters:
    ///   - highWater: pauses the transfer while so many bytes or more wait to be read.
    ///   - collects: whether the reader wants the whole response at once; then the transfer is broken off instead of paused.
    init(highWater: Int, collects: Bool = false) {
        self.highWater = highWater
        self.collects = collects
    }

    // MARK: the engine's thread

    func deliver(_ head: Head) {
        state.withLock { state -> CheckedContinuation<Head, any Error>? in
            guard state.end == nil, state.head == nil else { return nil }
            state.head = head
            defer { state.headWaiter = nil }
            return state.headWaiter
        }?.resume(returning: head)
    }

    func offer(_ bytes: UnsafeRawBufferPointer) -> Offer {
        let (offer, waiter) = state.withLock { state -> (Offer, CheckedContinuation<Data?, any Error>?) in
            if state.end != nil { return (.abort, nil) }
            if let waiter = state.chunkWaiter {
                state.chunkWaiter = nil
                return (.taken, waiter)
            }
            if collects, bytes.count > highWater - state.bufferedBytes {
                state.isTooLong = true
                return (.abort, nil)
            }
            guard state.bufferedBytes < highWater else {
                state.isPaused = true
                return (.pause, nil)
            }
            state.chunks.append(Data(bytes))
            state.bufferedBytes += bytes.count
            return (.taken, nil)
        }
        waiter?.resume(returning: Data(bytes))
        return offer
    }

    /// The first end counts: a transfer that was cancelled stays cancelled.
    func finish(_ result: Result<Void, any Error>) {
        let (headWaiter, chunkWaiter, responseWaiter) = state.withLock { state in
            guard state.end == nil else {
                return (
                    CheckedContinuation<Head, any Error>?.none, CheckedContinuation<Data?, any Error>?.none,
                    CheckedContinuation<Response, any Error>?.none
                )
            }
            state.end = result
            defer {
                state.headWaiter = nil
                state.chunkWaiter = nil
                state.responseWaiter = nil
            }
            return (state.headWaiter, state.chunkWaiter, state.responseWaiter)
        }
        responseWaiter?.resume(with: response)
        switch result {
        case .success:
            chunkWaiter?.resume(returning: nil)
            // libcurl reports success only after a head; without one the waiter must not wait for ever.
            headWaiter?.resume(throwing: Self.noHeader)
        case .failure(let error):
            chunkWaiter?.resume(throwing: error)
            headWaiter?.resume(throwing: error)
        }
    }

    private static let noHeader = HTTPError(.connectionLost, request: "request", detail: "the response has no header")

    /// What has come, after the end.
    private var response: Result<Response, any Error> {
        state.withLock { state in
            if let head = state.head, state.isTooLong { return .success((head, nil)) }
            if case .failure(let error) = state.end { return .failure(error) }
            guard let head = state.head else { return .failure(Self.noHeader) }
            return .success((head, Self.join(state.chunks, count: state.bufferedBytes)))
        }
    }

    // MARK: the reader

    /// The whole response.
    func response() async throws -> Response {
        try await withCheckedThrowingContinuation { continuation in
            let isOver = state.withLock { state in
                if state.end == nil { state.responseWaiter = continuation }
                return state.end != nil
            }
            if isOver { continuation.resume(with: response) }
        }
    }

    func head() async throws -> Head {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<Head, any Error>? in
                if let head = state.head { return .success(head) }
                if case .failure(let error) = state.end { return .failure(error) }
                state.headWaiter = continuation
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }

    /// All bytes that wait, nil at the end; `resume` is called when the transfer was paused and may go on.
    func next(resume: @Sendable () -> Void) async throws -> Data? {
        try await withCheckedThrowingContinuation { continuation in
            let (result, wasPaused) = state.withLock { state -> (Result<Data?, any Error>?, Bool) in
                // After a cancellation nothing more is handed out; after an error what came before it still is.
                if case .failure(let error) = state.end, error is CancellationError { return (.failure(error), false) }
                let wasPaused = state.isPaused
                state.isPaused = false
                if !state.chunks.isEmpty {
                    let joined = Self.join(state.chunks, count: state.bufferedBytes)
                    state.chunks.removeAll(keepingCapacity: true)
                    state.bufferedBytes = 0
                    return (.success(joined), wasPaused)
                }
                switch state.end {
                case .success: return (.success(nil), false)
                case .failure(let error): return (.failure(error), false)
                case nil:
                    state.chunkWaiter = continuation
                    return (nil, wasPaused)
                }
            }
            if let result { continuation.resume(with: result) }
            if wasPaused { resume() }
        }
    }

    private static func join(_ chunks: [Data], count: Int) -> Data {
        if let only = chunks.first, chunks.count == 1 { return only }
        var joined = Data(capacity: count)
        for chunk in chunks { joined.append(chunk) }
        return joined
    }
}
