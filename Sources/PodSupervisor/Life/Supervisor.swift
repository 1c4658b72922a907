import CSandbox
import Glibc
import PodProtocol

/// Runs one pod: performs what ``PodLifecycle`` decides, on one thread and one event loop.
final class Supervisor {
    /// One job in so many looks for what killed supervisors have left on the node: the look reads all of a folder that others fill too. A
    /// requeued job always looks, since its own earlier attempt may have been killed here.
    private static let sweepInterval: UInt32 = 16

    private let plan: LaunchPlan
    private let directory: PodDirectory
    private let sweeps: Bool
    private let clock: Clock
    private let loop: EventLoop
    private let recorder: EventRecorder
    private let connection: AgentConnection
    private let streams: LogStreams
    private let sandbox: Sandbox
    private let outOfMemory = OutOfMemory()
    private var lifecycle: PodLifecycle
    private var processes: [Int: ContainerProcess] = [:]
    /// Runs the containers where they are Slurm steps.
    private var steps: StepRunner?
    private var awaitsNodes = false
    private var secrets: [String: String] = [:]
    private var awaitsDelivery: Bool
    private var graceTimer: EventLoop.TimerID?
    private var exitCode: Int32?
    /// Failures of log files that have been told.
    private var logFailures: Set<String> = []

    /// Makes the sandbox and tells the journal.
    ///
    /// - Throws: what stands in the way; the journal then has a `sandboxFailed`.
    init(
        plan: LaunchPlan, directory: PodDirectory, start: SupervisorStart, journal: Journal, history: JournalHistory, isNamespaced: Bool,
        lifeline: Int32?, clock: Clock = .system
    ) throws {
        self.plan = plan
        self.directory = directory
        sweeps = start.attempt > 0 || start.jobID.isMultiple(of: Self.sweepInterval)
        self.clock = clock
        let loop = try EventLoop(clock: clock)
        self.loop = loop
        recorder = EventRecorder(journal: journal, loop: loop, clock: clock, note: Console.note)
        recorder.record(.supervisorStarted(start))
        lifecycle = PodLifecycle(plan: plan, firstRestartCount: history.firstRestartCount)
        awaitsDelivery = plan.needsDelivery
        do {
            sandbox = try Sandbox(plan: plan, isNamespaced: isNamespaced, agent: Self.agentHost(plan, directory), clock: clock)
        } catch {
            recorder.record(.sandboxFailed(reason: (error as? Sandbox.Problem)?.reason ?? "SandboxFailed", message: "\(error)"))
            throw error
        }
        connection = AgentConnection(
            loop: loop, clock: clock, directory: directory, settings: plan.connection, journal: journal, uid: plan.uid, start: start)
        streams = LogStreams(connection: connection)
        let line = lifeline.map { Descriptor(owning: $0) }
        do {
            try prepare()
            if let steps = plan.steps { try prepare(steps, node: start.host, lifeline: line) }
        } catch {
            let reason = (error as? Sandbox.Problem)?.reason ?? (error is VolumeSet.Problem ? "FailedMount" : "SandboxFailed")
            recorder.record(.sandboxFailed(reason: reason, message: "\(error)"))
            try? sandbox.remove()
            throw error
        }
        try watchSignals()
        if let line { try watchLifeline(line) }
        wire()
    }

    /// Runs the pod to its end.
    ///
    /// - Returns: the job's exit code: 0 if every container succeeded, else 1.
    func run() throws -> Int32 {
        connection.start()
        steps?.begin { [weak self] in self?.nodesChanged($0) }
        beginIfReady()
        if sweeps {
            let base = plan.localDirectory
            Spawn.detach { LocalDirectory.sweep(base: base) }
        }
        try loop.run()
        try? sandbox.remove()
        return exitCode ?? 1
    }

    // MARK: - Setting up

    /// Host of the node agent's first endpoint; nil where the settings cannot be read, which ``AgentConnection`` reports.
    private static func agentHost(_ plan: LaunchPlan, _ directory: PodDirectory) -> String? {
        if let endpoint = plan.connection?.endpoints.first { return try? Endpoint(endpoint).host }
        let path = directory.connection
        guard let bytes = try? FileSystem.read(path, limit: 1 << 20),
            let settings = try? MessageCoding.decode(ConnectionSettings.self, from: bytes, subject: path),
            let endpoint = settings.endpoints.first
        else { return nil }
        return try? Endpoint(endpoint).host
    }

    private func prepare() throws {
        try sandbox.openNetwork(note: Console.note)
        try sandbox.writeFiles()
        try sandbox.volumes.prepare()
        recorder.record(.sandboxReady(podAddresses: sandbox.podAddresses, hostAddress: sandbox.hostAddress))
    }

    private func prepare(_ plan: StepPlan, node: String, lifeline: Descriptor?) throws {
        let steps = try StepRunner(
            plan, plan: self.plan, directory: directory, sandbox: sandbox, node: node, lifeline: lifeline, loop: loop, clock: clock,
            context: { [unowned self] in self.context })
        awaitsNodes = steps.hasOtherNodes
        self.steps = steps
    }

    /// Addresses and secrets as they are now.
    private var context: EnvironmentExpansion.Context {
        EnvironmentExpansion.Context(podAddresses: sandbox.podAddresses, hostAddress: sandbox.hostAddress, secrets: secrets)
    }

    private func beginIfReady() {
        if !awaitsDelivery && !awaitsNodes && exitCode == nil { perform(lifecycle.begin()) }
    }

    private func nodesChanged(_ problem: String?) {
        guard let problem else {
            awaitsNodes = false
            return beginIfReady()
        }
        guard awaitsNodes, exitCode == nil else { return Console.note("the pod's other nodes: \(problem)") }
        recorder.record(.sandboxFailed(reason: "NodeSandboxFailed", message: problem))
        finish(false)
    }

    private func watchSignals() throws {
        let signals = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD]
        let number = hpk_signal_descriptor(signals, signals.count)
        guard number >= 0 else { throw SystemError("watch", "signals") }
        try loop.watch(number, UInt32(HPK_READABLE)) { [weak self] _ in
            while true {
                let signal = hpk_next_signal(number)
                if signal == 0 { return }
                if signal == SIGCHLD { self?.reap() } else { self?.stopBySignal(signal) }
            }
        }
    }

    private func watchLifeline(_ lifeline: Descriptor) throws {
        lifeline.use { _ = fcntl($0, F_SETFD, FD_CLOEXEC) }
        lifeline.setNonBlocking()
        try loop.watch(lifeline.number, UInt32(HPK_READABLE)) { [weak self] _ in
            var bytes = [UInt8](repeating: 0, count: BrokerMessage.size)
            switch bytes.withUnsafeMutableBytes({ lifeline.read(into: $0) }) {
            // The batch step's process is gone: so is the job.
            case .end: self?.loop.stop()
            case .bytes(let count):
                if let message = BrokerMessage(bytes[..<count]) { self?.steps?.receive(message) }
            case .wouldBlock, .failed: break
            }
        }
    }

    private func wire() {
        recorder.appended = { [connection] in connection.eventsAppended() }
        loop.beforeWaiting = { [weak self] in self?.flushLogs() }
        connection.handlers = AgentConnection.Handlers(
            delivery: { [weak self] in self?.take($0) },
            stop: { [weak self] request in
                guard let self else { return }
                self.perform(self.lifecycle.stop(graceSeconds: request.graceSeconds, reason: request.reason, at: self.clock.monotonic()))
            },
            streamOpened: { [weak self] in self?.open(stream: $0, $1) },
            streamEnded: { [streams] in streams.close($0) },
            canSend: { [streams] in streams.pump() },
            lost: { [streams] in streams.closeAll() },
            note: Console.note)
    }

    private func flushLogs() {
        for (name, log) in processes.values.map({ ($0.container.name, $0.log) }) + (steps?.logs ?? []) {
            log.flush()
            guard let failure = log.lastFailure, logFailures.insert("\(failure)").inserted else { continue }
            Console.note("log of \(name): \(failure)")
        }
        streams.pump()
    }

    // MARK: - Inputs

    private func reap() {
        var id: pid_t = 0
        var code: Int32 = 0
        var signal: Int32 = 0
        while hpk_reap(&id, &code, &signal) == 1 {
            steps?.reaped(id, code: code)
            if id == sandbox.wayOut { Console.note("the private network's way out has ended with code \(code)") }
            guard let (index, process) = processes.first(where: { $0.value.processID == id }) else { continue }
            let exit = process.ended(exitCode: code, signal: signal)
            streams.pump()
            processes[index] = nil
            exited(index, exit)
        }
    }

    private func exited(_ index: Int, _ exit: ContainerExit) {
        let container = lifecycle.containers[index]
        recorder.record(.containerExited(container: container.name, restartCount: container.restartCount, exit: exit))
        perform(lifecycle.exited(index, succeeded: exit.exitCode == 0, at: clock.monotonic()))
    }

    private func stopBySignal(_ signal: Int32) {
        let names = [SIGTERM: "SIGTERM", SIGINT: "SIGINT", SIGHUP: "SIGHUP", SIGQUIT: "SIGQUIT"]
        perform(
            lifecycle.stop(
                graceSeconds: plan.terminationGracePeriodSeconds, reason: "the job received \(names[signal] ?? "signal \(signal)")",
                at: clock.monotonic()))
    }

    private func take(_ delivery: Delivery) {
        do {
            try sandbox.volumes.deliver(delivery.volumes)
        } catch {
            Console.note("delivery: \(error)")
        }
        secrets.merge(delivery.secrets) { $1 }
        steps?.deliver(delivery)
        guard awaitsDelivery else { return }
        awaitsDelivery = false
        beginIfReady()
    }

    private func open(stream: UInt32, _ request: StreamRequest) {
        switch request {
        case .followLog(let container, let restartCount, let offset):
            guard let index = lifecycle.containers.firstIndex(where: { $0.name == container }), restartCount >= 0 else {
                return streams.refuse(stream, "the pod has no container \(container.debugDescription)")
            }
            let isLive = lifecycle.containers[index].restartCount == restartCount
            streams.open(
                stream, path: directory.log(container: container, restartCount: restartCount),
                live: isLive ? processes[index]?.log ?? steps?.log(index) : nil,
                offset: offset)
        }
    }

    // MARK: - Actions

    private func perform(_ actions: [PodLifecycle.Action]) {
        for action in actions {
            switch action {
            case .start(let index, let restartCount): start(index, restartCount)
            case .report(let kind): recorder.record(kind)
            case .wake(let index, let time):
                loop.schedule(at: time) { [weak self] in
                    guard let self else { return }
                    self.perform(self.lifecycle.timerFired(index, at: self.clock.monotonic()))
                }
            case .terminate(let index):
                processes[index]?.terminate()
                steps?.terminate(index)
            case .kill(let index):
                processes[index]?.kill()
                steps?.kill(index)
            case .wakeForKill(let time):
                loop.cancel(graceTimer)
                graceTimer = loop.schedule(at: time) { [weak self] in
                    guard let self else { return }
                    self.perform(self.lifecycle.graceEnded(at: self.clock.monotonic()))
                }
            case .finish(let succeeded): finish(succeeded)
            }
        }
    }

    private func start(_ index: Int, _ restartCount: Int) {
        let container = (plan.initContainers + plan.containers)[index]
        let id = "apptainer://\(plan.uid)/\(container.name)/\(restartCount)"
        let started: () -> Void = { [weak self] in
            guard let self else { return }
            self.recorder.record(.containerStarted(container: container.name, restartCount: restartCount, containerID: id))
            self.perform(self.lifecycle.started(index, at: self.clock.monotonic()))
        }
        if restartCount > 0, steps == nil {
            ContainerSetup(container: container, instance: "\(index).\(restartCount - 1)", sandbox: sandbox).removeLayer()
        }
        do {
            if let steps {
                return try steps.start(
                    index, restartCount: restartCount,
                    handlers: StepProcess.Handlers(started: started, logged: {}, ended: { [weak self] in self?.exited(index, $0) }))
            }
            processes[index] = try ContainerProcess(
                container: container, instance: "\(index).\(restartCount)", sandbox: sandbox, context: context,
                logPath: directory.log(container: container.name, restartCount: restartCount), loop: loop, clock: clock,
                outOfMemory: outOfMemory, handlers: ContainerProcess.Handlers(started: started, logged: {}))
        } catch {
            let reason = error is SystemError ? "CreateContainerError" : "CreateContainerConfigError"
            perform(lifecycle.notCreated(index, reason: reason, message: "\(error)", at: clock.monotonic()))
        }
    }

    private func finish(_ succeeded: Bool) {
        exitCode = succeeded ? 0 : 1
        guard let steps else { return connection.finish(within: 2) { [loop] in loop.stop() } }
        steps.finish(within: 5) { [connection, loop] in connection.finish(within: 2) { loop.stop() } }
    }
}
