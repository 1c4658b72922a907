/// Does work once for all who ask for it at the same time.
///
/// The work belongs to nobody in particular: one caller's cancellation does not end it while another waits, the last one's does.
actor SingleFlight<Key: Hashable & Sendable, Value: Sendable> {
    private struct Flight {
        var number: Int
        var task: Task<Void, Never>
        var waiters: [Int: CheckedContinuation<Value?, Never>]
    }

    private var flights: [Key: Flight] = [:]
    private var counter = 0

    /// The result of the work under way for `key`, or of `work`, begun now; nil when the caller was cancelled.
    func run(_ key: Key, _ work: @escaping @Sendable () async -> Value) async -> Value? {
        counter += 1
        let waiter = counter
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume(returning: nil) }
                if flights[key] == nil {
                    let task = Task { [weak self] in
                        let value = await work()
                        await self?.finish(key, waiter, value)
                    }
                    flights[key] = Flight(number: waiter, task: task, waiters: [:])
                }
                flights[key]?.waiters[waiter] = continuation
            }
        } onCancel: {
            Task { await self.leave(key, waiter) }
        }
    }

    private func finish(_ key: Key, _ number: Int, _ value: Value) {
        guard let flight = flights[key], flight.number == number else { return }
        flights[key] = nil
        for continuation in flight.waiters.values { continuation.resume(returning: value) }
    }

    private func leave(_ key: Key, _ waiter: Int) {
        guard let continuation = flights[key]?.waiters.removeValue(forKey: waiter) else { return }
        continuation.resume(returning: nil)
        if let flight = flights[key], flight.waiters.isEmpty {
            // Who asks from now on begins anew instead of joining what is being cancelled.
            flights[key] = nil
            flight.task.cancel()
        }
    }
}
