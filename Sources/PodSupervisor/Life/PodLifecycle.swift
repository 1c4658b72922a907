import PodProtocol

/// Decides what happens to a pod's containers: a pure value; each input yields the actions that the supervisor performs.
///
/// Containers are numbered, the init containers first. All times are monotonic nanoseconds.
struct PodLifecycle: Equatable {
    /// What the supervisor is to do.
    enum Action: Equatable {
        /// Start this instance of the container; answer with ``started(_:at:)``, ``exited(_:succeeded:at:)`` or ``notCreated(_:reason:message:at:)``.
        case start(container: Int, restartCount: Int)
        /// Tell about the event.
        case report(PodEvent.Kind)
        /// Call ``timerFired(_:at:)`` at this time.
        case wake(container: Int, at: Int64)
        /// Send the container's stop signal to its process.
        case terminate(container: Int)
        /// Send KILL to all of the container.
        case kill(container: Int)
        /// Call ``graceEnded(at:)`` at this time; replaces an earlier one.
        case wakeForKill(at: Int64)
        /// Every container has ended for good.
        case finish(succeeded: Bool)
    }

    private enum Phase: Equatable {
        case idle
        case initializing(Int)
        case running
        case stopping(killAt: Int64)
        case finished
    }

    private var phase = Phase.idle
    private(set) var containers: [ContainerLifecycle]
    private let initCount: Int
    /// `NAME_NAMESPACE(UID)`, as the kubelet names a pod in messages.
    private let podName: String

    /// - Parameter firstRestartCount: number of the first instance by container name; above 0 where an earlier attempt ran.
    init(plan: LaunchPlan, firstRestartCount: (String) -> Int = { _ in 0 }) {
        initCount = plan.initContainers.count
        podName = "\(plan.name)_\(plan.namespace)(\(plan.uid))"
        let repeatsFailures = plan.restartPolicy != .never
        containers =
            plan.initContainers.map {
                ContainerLifecycle(
                    name: $0.name, restartsOnFailure: repeatsFailures, restartsOnSuccess: false,
                    firstRestartCount: firstRestartCount($0.name), backoff: plan.restartBackoff)
            }
            + plan.containers.map {
                ContainerLifecycle(
                    name: $0.name, restartsOnFailure: repeatsFailures, restartsOnSuccess: plan.restartPolicy == .always,
                    firstRestartCount: firstRestartCount($0.name), backoff: plan.restartBackoff)
            }
    }

    var isStopping: Bool {
        if case .stopping = phase { true } else { false }
    }

    /// The sandbox is ready.
    mutating func begin() -> [Action] {
        guard phase == .idle else { return [] }
        return initCount > 0 ? startInit(0) : startAll()
    }

    /// The container's program runs.
    mutating func started(_ index: Int, at now: Int64) -> [Action] {
        guard containers.indices.contains(index), containers[index].state == .starting else { return [] }
        containers[index].state = .running
        // A stop that came while the program was being started reaches it now.
        if case .stopping(let killAt) = phase { return [killAt <= now ? .kill(container: index) : .terminate(container: index)] }
        return []
    }

    /// The container's process has ended, or its program could not be started.
    mutating func exited(_ index: Int, succeeded: Bool, at now: Int64) -> [Action] {
        guard containers.indices.contains(index), containers[index].isAlive else { return [] }
        containers[index].hasEnded = true
        containers[index].lastSucceeded = succeeded
        if isStopping || !containers[index].repeats(afterSuccess: succeeded) {
            containers[index].state = .done(succeeded: succeeded)
            return afterEnd(of: index)
        }
        return pause(index, at: now, reason: nil)
    }

    /// The container could not be made for want of something that may come (a key, a volume); it is tried again later.
    mutating func notCreated(_ index: Int, reason: String, message: String, at now: Int64) -> [Action] {
        guard containers.indices.contains(index), containers[index].state == .starting else { return [] }
        let report = Action.report(.containerWaiting(container: containers[index].name, reason: reason, message: message))
        if isStopping {
            containers[index].state = .done(succeeded: false)
            return [report] + afterEnd(of: index)
        }
        return [report] + pause(index, at: now, reason: reason)
    }

    /// The time of a ``Action/wake(container:at:)`` has come.
    mutating func timerFired(_ index: Int, at now: Int64) -> [Action] {
        guard containers.indices.contains(index), case .pausing(let until) = containers[index].state else { return [] }
        guard now >= until else { return [.wake(container: index, at: until)] }
        return [start(index, at: now)]
    }

    /// The pod is to end: TERM now, KILL after the grace. A later call may only shorten the time.
    mutating func stop(graceSeconds: Int64, reason: String, at now: Int64) -> [Action] {
        let killAt = now + Clock.nanoseconds(Double(max(0, graceSeconds)))
        var actions: [Action] = []
        switch phase {
        case .finished:
            return []
        case .stopping(let earlier):
            guard killAt < earlier else { return [] }
            phase = .stopping(killAt: killAt)
        case .idle, .initializing, .running:
            phase = .stopping(killAt: killAt)
            actions.append(.report(.stopping(reason: reason)))
            for index in containers.indices {
                switch containers[index].state {
                case .waiting: containers[index].state = .done(succeeded: false)
                case .pausing: containers[index].state = .done(succeeded: containers[index].hasEnded && containers[index].lastSucceeded)
                case .running where killAt > now: actions.append(.terminate(container: index))
                case .starting, .running, .done: break
                }
            }
        }
        if containers.allSatisfy(\.isDone) { return actions + finish() }
        return actions + (killAt <= now ? killAll() : [.wakeForKill(at: killAt)])
    }

    /// The time of a ``Action/wakeForKill(at:)`` has come.
    mutating func graceEnded(at now: Int64) -> [Action] {
        guard case .stopping(let killAt) = phase else { return [] }
        return now >= killAt ? killAll() : [.wakeForKill(at: killAt)]
    }

    private mutating func startInit(_ index: Int) -> [Action] {
        phase = .initializing(index)
        return [start(index, at: nil)]
    }

    private mutating func startAll() -> [Action] {
        phase = .running
        let actions = (initCount..<containers.count).map { start($0, at: nil) }
        return actions.isEmpty ? finish() : actions
    }

    /// - Parameter now: time of a restart; nil for the first start.
    private mutating func start(_ index: Int, at now: Int64?) -> Action {
        if let now, containers[index].hasEnded || containers[index].pause.nextSeconds != nil { containers[index].pause.restarted(at: now) }
        if containers[index].hasEnded {
            containers[index].restartCount += 1
            containers[index].hasEnded = false
        }
        containers[index].state = .starting
        return .start(container: index, restartCount: containers[index].restartCount)
    }

    private mutating func pause(_ index: Int, at now: Int64, reason: String?) -> [Action] {
        var seconds = containers[index].pause.pause(endedAt: now)
        if reason != nil, seconds == 0 {
            // What could not be made is not tried again at once: nothing has changed yet.
            containers[index].pause.restarted(at: now)
            seconds = containers[index].pause.nextSeconds ?? 0
        }
        guard seconds > 0 else { return [start(index, at: now)] }
        let until = now + Clock.nanoseconds(seconds)
        containers[index].state = .pausing(until: until)
        let name = containers[index].name
        let message = "back-off \(RestartPause.describe(seconds)) restarting failed container=\(name) pod=\(podName)"
        let report = Action.report(.containerWaiting(container: name, reason: "CrashLoopBackOff", message: message))
        return (reason == nil ? [report] : []) + [.wake(container: index, at: until)]
    }

    private mutating func afterEnd(of index: Int) -> [Action] {
        switch phase {
        case .initializing:
            guard containers[index].succeeded else { return finish() }
            return index + 1 < initCount ? startInit(index + 1) : startAll()
        case .running, .stopping:
            let last = phase == .running ? containers[initCount...] : containers[...]
            return last.allSatisfy(\.isDone) ? finish() : []
        case .idle, .finished:
            return []
        }
    }

    private func killAll() -> [Action] {
        containers.indices.filter { containers[$0].isAlive }.map { .kill(container: $0) }
    }

    private mutating func finish() -> [Action] {
        phase = .finished
        return [.report(.finished), .finish(succeeded: containers.allSatisfy(\.succeeded))]
    }
}
