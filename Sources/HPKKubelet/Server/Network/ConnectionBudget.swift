import NIOCore
import Synchronization

/// How many connections may exist at the same time; shared by all event loops.
final class ConnectionBudget: Sendable {
    private let left: Mutex<Int>

    init(_ count: Int) {
        left = Mutex(count)
    }

    /// Takes one; false when none is left.
    func take() -> Bool {
        left.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
    }

    func giveBack() {
        left.withLock { $0 += 1 }
    }
}

/// Lets strangers use little: a connection counts against a small budget and is closed after a time, until its peer has shown who it is.
final class ConnectionGate: Sendable {
    private let strangers: ConnectionBudget
    private let deadline: Scheduled<Void>
    private let admitted = Mutex(false)

    /// Takes a place in both budgets; nil (and the channel closed) where one is full.
    ///
    /// - Parameters:
    ///   - strangers: connections whose peers are not known yet.
    ///   - all: every connection.
    ///   - time: for TLS handshake and first message together.
    static func open(_ channel: any Channel, strangers: ConnectionBudget, all: ConnectionBudget, time: TimeAmount) -> ConnectionGate? {
        guard all.take() else { return nil }
        guard strangers.take() else {
            all.giveBack()
            return nil
        }
        let deadline = channel.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
        let gate = ConnectionGate(strangers: strangers, deadline: deadline)
        channel.closeFuture.whenComplete { _ in
            gate.admit()
            all.giveBack()
        }
        return gate
    }

    private init(strangers: ConnectionBudget, deadline: Scheduled<Void>) {
        self.strangers = strangers
        self.deadline = deadline
    }

    /// The peer is known: it gives its place among the strangers back and may stay.
    func admit() {
        let first = admitted.withLock { admitted in
            defer { admitted = true }
            return !admitted
        }
        guard first else { return }
        deadline.cancel()
        strangers.giveBack()
    }
}

/// A connection that came when no more are allowed.
struct TooManyConnections: Error {}
