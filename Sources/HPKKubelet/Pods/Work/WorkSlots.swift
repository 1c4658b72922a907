/// Bounds how much work runs at once; who waits is served in order.
actor WorkSlots {
    private var free: Int
    private var queue: [(number: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    private var counter = 0

    init(_ count: Int) { free = max(1, count) }

    /// Waits for a slot, then runs `body`.
    ///
    /// - Throws: what `body` throws, and `CancellationError` when cancelled while waiting.
    func withSlot<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        guard await acquire() else { throw CancellationError() }
        do {
            let value = try await body()
            release()
            return value
        } catch {
            release()
            throw error
        }
    }

    private func acquire() async -> Bool {
        if free > 0 {
            free -= 1
            return true
        }
        counter += 1
        let number = counter
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled { continuation.resume(returning: false) } else { queue.append((number, continuation)) }
            }
        } onCancel: {
            Task { await self.leave(number) }
        }
    }

    private func release() {
        if queue.isEmpty { free += 1 } else { queue.removeFirst().continuation.resume(returning: true) }
    }

    private func leave(_ number: Int) {
        guard let index = queue.firstIndex(where: { $0.number == number }) else { return }
        queue.remove(at: index).continuation.resume(returning: false)
    }
}
