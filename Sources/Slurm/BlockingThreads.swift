import CSlurm
import Foundation

/// A few OS threads of our own that run blocking calls, so that none blocks Swift's cooperative pool.
///
/// Calls of the urgent lane (queries, single cancellations) go before all others: a thousand submissions that wait do not keep them
/// waiting. The ordinary lane (submissions) and the bulk lane (many cancellations) take turns, so that neither starves. A call that has
/// begun is always carried to its end and its result is delivered, also when the task that asked was cancelled meanwhile: the id of a job
/// that was submitted is never lost.
///
/// Unchecked, and safe: each stored `var` is read and written only while `condition` is held.
final class BlockingThreads: @unchecked Sendable {
    enum Lane: Sendable {
        case urgent
        case ordinary
        case bulk
    }

    /// The threads have been stopped: the call was not made.
    struct Stopped: Error {}

    private struct Call: Sendable {
        let work: @Sendable () -> Void
        let refuse: @Sendable (any Error) -> Void
    }

    /// One request. Unchecked, and safe: its fields are read and written only while the owner's `condition` is held.
    private final class Ticket: @unchecked Sendable {
        var call: Call?
        var isCancelled = false
    }

    private let condition = NSCondition()
    private var urgent: ArraySlice<Ticket> = []
    private var ordinary: ArraySlice<Ticket> = []
    private var bulk: ArraySlice<Ticket> = []
    private var isBulksTurn = false
    private var isStopped = false
    private var threads: Int

    /// Starts `count` threads (at least one), named `name` (15 bytes at most). They live until `stop`.
    init(count: Int, name: String) {
        threads = max(1, count)
        for _ in 0..<threads {
            let thread = Thread {
                hpk_slurm_name_thread(name)
                self.loop()
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    /// Runs `body` on one of the threads and returns what it returns.
    ///
    /// - Throws: what `body` throws; `CancellationError` when the task was cancelled before the call began; `Stopped`.
    func run<Value: Sendable>(_ lane: Lane, _ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let ticket = Ticket()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
                enqueue(
                    ticket,
                    Call(work: { continuation.resume(with: Result { try body() }) }, refuse: { continuation.resume(throwing: $0) }), lane)
            }
        } onCancel: {
            cancel(ticket)
        }
    }

    /// Calls that wait for a thread.
    var waitingCount: Int { condition.withLock { (urgent + ordinary + bulk).count { $0.call != nil } } }

    /// Refuses what waits, lets what runs end, and returns when no thread is left. May be called more than once.
    func stop() async {
        await withCheckedContinuation { continuation in
            // Waiting for a call that runs can take a message timeout: not on the cooperative pool.
            Thread.detachNewThread {
                self.stopAndWait()
                continuation.resume()
            }
        }
    }

    private func stopAndWait() {
        condition.lock()
        isStopped = true
        let waiting = urgent + ordinary + bulk
        let refused = waiting.compactMap { $0.call }
        for ticket in waiting { ticket.call = nil }
        urgent.removeAll()
        ordinary.removeAll()
        bulk.removeAll()
        condition.broadcast()
        while threads > 0 { condition.wait() }
        condition.unlock()
        for call in refused { call.refuse(Stopped()) }
    }

    private func enqueue(_ ticket: Ticket, _ call: Call, _ lane: Lane) {
        let refusal: (any Error)? = condition.withLock {
            if ticket.isCancelled { return CancellationError() }
            if isStopped { return Stopped() }
            ticket.call = call
            switch lane {
            case .urgent: urgent.append(ticket)
            case .ordinary: ordinary.append(ticket)
            case .bulk: bulk.append(ticket)
            }
            condition.signal()
            return nil
        }
        if let refusal { call.refuse(refusal) }
    }

    /// Whoever takes `call` out of the ticket is the only one to resume it: this, a thread, or `stopAndWait`.
    private func cancel(_ ticket: Ticket) {
        let call: Call? = condition.withLock {
            ticket.isCancelled = true
            defer { ticket.call = nil }
            return ticket.call
        }
        call?.refuse(CancellationError())
    }

    private func loop() {
        while let call = next() { call.work() }
        condition.withLock {
            threads -= 1
            condition.broadcast()
        }
    }

    /// Called with `condition` held.
    private func takeTicket() -> Ticket? {
        if let ticket = urgent.popFirst() { return ticket }
        isBulksTurn.toggle()
        return isBulksTurn ? bulk.popFirst() ?? ordinary.popFirst() : ordinary.popFirst() ?? bulk.popFirst()
    }

    private func next() -> Call? {
        condition.lock()
        defer { condition.unlock() }
        while !isStopped {
            while let ticket = takeTicket() {
                // A ticket without a call was cancelled while it waited.
                guard let call = ticket.call else { continue }
                ticket.call = nil
                return call
            }
            condition.wait()
        }
        return nil
    }
}
