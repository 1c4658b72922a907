import CSandbox
import Glibc

/// Waits for descriptors and deadlines on the calling thread; does nothing while there is nothing to do.
final class EventLoop {
    /// Names a timer for ``cancel(_:)``.
    struct TimerID: Hashable {
        fileprivate var number: UInt64
    }

    private let epoll: Descriptor
    private let clock: Clock
    private var handlers: [Int32: (UInt32) -> Void] = [:]
    private var timers: [(deadline: Int64, id: TimerID, body: () -> Void)] = []
    private var nextTimer: UInt64 = 0
    private var stopped = false
    /// Runs after each batch of events, before the loop waits again: the place for buffered writes.
    var beforeWaiting: () -> Void = {}

    init(clock: Clock) throws(SystemError) {
        let number = hpk_epoll_create()
        guard number >= 0 else { throw SystemError("make", "an epoll descriptor") }
        epoll = Descriptor(owning: number)
        self.clock = clock
    }

    /// Calls the handler with the events that came (``HPK_READABLE`` …) whenever the descriptor is ready for `events`.
    func watch(_ descriptor: Int32, _ events: UInt32, handler: @escaping (UInt32) -> Void) throws(SystemError) {
        guard hpk_epoll_watch(epoll.number, descriptor, events, handlers[descriptor] == nil ? 0 : 1) == 0 else {
            throw SystemError("watch", "descriptor \(descriptor)")
        }
        handlers[descriptor] = handler
    }

    /// Changes what a watched descriptor waits for.
    func change(_ descriptor: Int32, _ events: UInt32) {
        guard handlers[descriptor] != nil else { return }
        _ = hpk_epoll_watch(epoll.number, descriptor, events, 1)
    }

    /// Ends a watch; must come before the descriptor is closed.
    func forget(_ descriptor: Int32) {
        guard handlers.removeValue(forKey: descriptor) != nil else { return }
        _ = hpk_epoll_forget(epoll.number, descriptor)
    }

    /// Calls the body once, at or after the monotonic time.
    @discardableResult
    func schedule(at deadline: Int64, _ body: @escaping () -> Void) -> TimerID {
        nextTimer += 1
        let id = TimerID(number: nextTimer)
        let index = timers.firstIndex { $0.deadline > deadline } ?? timers.endIndex
        timers.insert((deadline, id, body), at: index)
        return id
    }

    /// Calls the body once after so many seconds.
    @discardableResult
    func schedule(after seconds: Double, _ body: @escaping () -> Void) -> TimerID {
        schedule(at: clock.monotonic() + Clock.nanoseconds(seconds), body)
    }

    func cancel(_ id: TimerID?) {
        guard let id else { return }
        timers.removeAll { $0.id == id }
    }

    func stop() {
        stopped = true
    }

    /// Runs until ``stop()``.
    func run() throws(SystemError) {
        var descriptors = [Int32](repeating: 0, count: 64)
        var events = [UInt32](repeating: 0, count: 64)
        while !stopped {
            beforeWaiting()
            if stopped { return }
            let count = hpk_epoll_wait(epoll.number, &descriptors, &events, 64, timeout())
            guard count >= 0 else { throw SystemError("wait for", "events") }
            for index in 0..<Int(count) {
                handlers[descriptors[index]]?(events[index])
            }
            runTimers()
        }
    }

    private func timeout() -> Int32 {
        guard let next = timers.first else { return -1 }
        let nanoseconds = next.deadline - clock.monotonic()
        // Rounded up, so that a timer is due when the wait ends and the loop does not spin.
        return Int32(clamping: max(0, (nanoseconds + 999_999) / 1_000_000))
    }

    private func runTimers() {
        let now = clock.monotonic()
        while !stopped, let next = timers.first, next.deadline <= now {
            timers.removeFirst()
            next.body()
        }
    }
}
