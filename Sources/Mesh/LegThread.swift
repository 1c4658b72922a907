import CMesh
import Glibc
import Synchronization

/// The thread of a leg. What it works on is made on the thread itself, since it enters the pod's network namespace.
final class LegThread: Sendable {
    /// What the thread and its maker share until the work has begun.
    private final class Start: Sendable {
        let make: @Sendable () throws(MeshError) -> LegLoop
        let outcome = Mutex<MeshError?>(nil)
        let isReady: EventDescriptor

        init(_ make: @escaping @Sendable () throws(MeshError) -> LegLoop, _ isReady: EventDescriptor) {
            self.make = make
            self.isReady = isReady
        }
    }

    private let thread: pthread_t
    private let isJoined = Mutex(false)

    /// Starts the thread, and returns when its work has been made.
    ///
    /// - Throws: what `make` throws, or why there is no thread.
    init(_ make: @escaping @Sendable () throws(MeshError) -> LegLoop) throws(MeshError) {
        let start = Start(make, try EventDescriptor())
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        // A leg calls nothing deep, and there is one for each pod.
        pthread_attr_setstacksize(&attributes, 256 << 10)
        let argument = Unmanaged.passRetained(start)
        let failed = pthread_create(
            &thread, &attributes,
            { raw in
                guard let raw else { return nil }
                let start = Unmanaged<Start>.fromOpaque(raw).takeRetainedValue()
                hpk_mesh_name_thread("hpk-mesh")
                do throws(MeshError) {
                    let loop = try start.make()
                    start.isReady.raise()
                    loop.run()
                } catch {
                    start.outcome.withLock { $0 = error }
                    start.isReady.raise()
                }
                return nil
            }, argument.toOpaque())
        guard failed == 0 else {
            argument.release()
            throw MeshError("start a thread", code: failed)
        }
        self.thread = thread
        start.isReady.wait()
        if let error = start.outcome.withLock({ $0 }) {
            join()
            throw error
        }
    }

    /// Waits for the thread's end.
    func join() {
        isJoined.withLock { isJoined in
            guard !isJoined else { return }
            pthread_join(thread, nil)
            isJoined = true
        }
    }
}

extension EventDescriptor {
    /// Waits until it is raised.
    fileprivate func wait() {
        var watched = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        while poll(&watched, 1, -1) < 0, errno == EINTR {}
    }
}
