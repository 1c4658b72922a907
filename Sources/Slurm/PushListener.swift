import CSlurm
import Foundation
import Synchronization

/// libslurm's thread that takes slurmctld's messages. One for the process: its callbacks carry no context.
final class PushListener: Sendable {
    /// The port it listens on.
    let port: UInt16

    /// libslurm's handle. It is only ever given back to libslurm, by the one call of `stop` that takes it out of `handle`.
    private struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private struct Shared {
        var listener: PushListener?
        var users = 0
    }

    private static let shared = Mutex(Shared())

    private let handle: Mutex<Handle?>

    private init(port: UInt16, handle: OpaquePointer) {
        self.port = port
        self.handle = Mutex(Handle(pointer: handle))
    }

    /// Starts the listener, or shares the one that runs. Each start wants one `stop`.
    ///
    /// - Parameter port: the port that the private slurm.conf gives, or nil for any.
    /// - Throws: `SlurmSetupError.listenerFailed`.
    static func start(port wanted: UInt16?) throws -> PushListener {
        try shared.withLock { shared in
            if let running = shared.listener {
                shared.users += 1
                return running
            }
            let listener = try create(port: wanted)
            shared = Shared(listener: listener, users: 1)
            return listener
        }
    }

    private static func create(port wanted: UInt16?) throws -> PushListener {
        guard let wanted, let neighbour = BusyPort(wanted + 1) else { return try listen() }
        // The second port of the range stays busy until libslurm has chosen.
        let result = Result { try listen() }
        neighbour.release()
        return try result.get()
    }

    private static func listen() throws -> PushListener {
        var port: UInt16 = 0
        var callbacks = PushRegistry.callbacks
        guard let handle = slurm_allocation_msg_thr_create(&port, &callbacks) else {
            throw SlurmSetupError.listenerFailed(reason: "libslurm could not listen on a port")
        }
        return PushListener(port: port, handle: handle)
    }

    /// Ends the listener when its last user stops, and with it all streams of pushes.
    func stop() async {
        let isLast = Self.shared.withLock { shared in
            shared.users -= 1
            if shared.users == 0 { shared.listener = nil }
            return shared.users == 0
        }
        guard isLast, let handle = handle.withLock({ $0.take() }) else { return }
        await withCheckedContinuation { continuation in
            // It joins libslurm's thread: not on the cooperative pool.
            Thread.detachNewThread {
                slurm_allocation_msg_thr_destroy(handle.pointer)
                continuation.resume()
            }
        }
        PushRegistry.shared.finish()
    }
}
