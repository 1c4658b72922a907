import Kubernetes
import Synchronization

/// Ends a wait early. Wakes that come while nobody waits count as one. For one waiting task at a time.
final class Wakes: Sendable {
    private struct State {
        var isPending = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Ends the wait, or the next one.
    func wake() {
        let waiter = state.withLock { state in
            if state.waiter == nil { state.isPending = true }
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// Returns at the next wake, or after `limit`.
    ///
    /// - Throws: `CancellationError`.
    func wait(atMost limit: Duration, _ time: TimeSource) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.next() }
            group.addTask { try await time.sleep(limit) }
            defer { group.cancelAll() }
            try await group.next()
        }
        try Task.checkCancellation()
    }

    /// Not an AsyncStream: that one ends for ever when a task which reads it is cancelled, as each elapsed limit does.
    private func next() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if state.isPending || Task.isCancelled {
                        state.isPending = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiter.take() }?.resume()
        }
    }
}
