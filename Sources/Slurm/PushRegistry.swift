import CSlurm
import Synchronization

/// Hands pushes from libslurm's listener thread to those who wait for them.
///
/// libslurm's callbacks carry no context, so there is one registry for the process; libslurm's configuration, too, is one
/// for the process. Its state is guarded by a mutex; streams are fed outside of it.
final class PushRegistry: Sendable {
    static let shared = PushRegistry()

    private struct State {
        var next: UInt64 = 0
        var listeners: [UInt64: AsyncStream<JobPush>.Continuation] = [:]
    }

    private let state = Mutex(State())

    /// Most pushes kept for a reader that does not read; the oldest are dropped, since the bulk query finds them again.
    static let backlog = 65_536

    /// A stream of all pushes from now on.
    func subscribe() -> AsyncStream<JobPush> {
        let (stream, continuation) = AsyncStream.makeStream(of: JobPush.self, bufferingPolicy: .bufferingNewest(Self.backlog))
        let key = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in
            // The value is let go outside of the lock: its end may run code.
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: key) }
        }
        return stream
    }

    /// Gives a push to every stream.
    func deliver(_ push: JobPush) {
        for continuation in state.withLock({ Array($0.listeners.values) }) { continuation.yield(push) }
    }

    /// Ends every stream.
    func finish() {
        let ended = state.withLock { state in
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for continuation in ended { continuation.finish() }
    }

    /// The functions that libslurm calls, on its listener thread. The messages stay libslurm's and are copied here.
    static var callbacks: slurm_allocation_callbacks_t {
        var callbacks = slurm_allocation_callbacks_t()
        callbacks.job_complete = { message in
            guard let message else { return }
            PushRegistry.shared.deliver(JobPush(number: hpk_slurm_completed_job(message), kind: .complete))
        }
        callbacks.timeout = { message in
            guard let message else { return }
            let time = JobRecord.date(message.pointee.timeout)
            PushRegistry.shared.deliver(JobPush(number: hpk_slurm_timeout_job(message), kind: .timeout(at: time)))
        }
        callbacks.node_fail = { message in
            guard let message else { return }
            let nodes = CStrings.text(message.pointee.nodelist)
            PushRegistry.shared.deliver(JobPush(number: hpk_slurm_failed_node_job(message), kind: .nodeFail(nodes: nodes)))
        }
        callbacks.job_suspend = { message in
            guard let message else { return }
            PushRegistry.shared.deliver(JobPush(number: hpk_slurm_suspended_job(message), kind: .suspendOrResume))
        }
        callbacks.user_msg = { message in
            guard let message else { return }
            let text = CStrings.text(message.pointee.msg)
            PushRegistry.shared.deliver(JobPush(number: hpk_slurm_user_message_job(message), kind: .message(text)))
        }
        return callbacks
    }
}
