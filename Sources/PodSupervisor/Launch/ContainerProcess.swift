import CSandbox
import Glibc
import PodProtocol

/// One instance of a container: Apptainer's process, the container's own process, its output and its end.
final class ContainerProcess {
    /// What the supervisor is told, each at most once and in this order.
    struct Handlers {
        /// The container's program has been executed.
        var started: () -> Void
        /// There are new bytes in the log.
        var logged: () -> Void
    }

    private enum Progress: Equatable {
        /// Apptainer makes the container.
        case making
        /// `hpk-init` runs in it; the text is what it has reported so far.
        case entering(report: [UInt8])
        case running
        /// `hpk-init` could not execute the program.
        case refused(String)
    }

    let container: ContainerPlan
    /// `INDEX.RESTARTCOUNT`, fit for a file name.
    let instance: String
    let log: LogFile
    let startedAt: Int64
    /// Apptainer's process, which the supervisor waits for.
    private(set) var processID: pid_t = -1

    private let sandbox: Sandbox
    private let loop: EventLoop
    private let clock: Clock
    private let handlers: Handlers
    private let outOfMemory: OutOfMemory
    private let killsBefore: Int
    private var progress = Progress.making
    private var control: Descriptor?
    private var report: Descriptor?
    private var outputs: [(descriptor: Descriptor, formatter: LogFormatter)] = []
    private var words: Descriptor?
    /// The writing end of an input that stays open until the container ends.
    private var input: Descriptor?
    private var spoken: [UInt8] = []
    private var tail = OutputTail()
    private var ownProcess: (id: pid_t, handle: Descriptor?)?
    private var mountNamespace: MountNamespace?
    private var killed = false

    private var setup: ContainerSetup { ContainerSetup(container: container, instance: instance, sandbox: sandbox) }

    /// Starts the container.
    ///
    /// - Throws: ``VolumeSet/Problem`` for a volume; ``Failure`` or ``SystemError`` for anything else that the pod asks for and cannot have.
    init(
        container: ContainerPlan, instance: String, sandbox: Sandbox, context: EnvironmentExpansion.Context, logPath: String,
        loop: EventLoop,
        clock: Clock, outOfMemory: OutOfMemory, handlers: Handlers
    ) throws {
        self.container = container
        self.instance = instance
        self.sandbox = sandbox
        self.loop = loop
        self.clock = clock
        self.handlers = handlers
        self.outOfMemory = outOfMemory
        killsBefore = outOfMemory.kills
        startedAt = clock.wall()
        log = try LogFile(path: logPath, limits: sandbox.plan.logLimits)
        do {
            try launch(context)
        } catch {
            cleanUp()
            throw error
        }
    }

    // MARK: - Start

    private func launch(_ context: EnvironmentExpansion.Context) throws {
        let (command, specificationFile) = try setup.make(context)
        let nothing = try Descriptor(opening: "/dev/null", O_RDONLY)
        // Kubernetes keeps the input of `stdin: true` open for whoever attaches: a read of it waits, and finds no end.
        let open = container.stdin ? try Descriptor.pipe() : nil
        let input = open?.read ?? nothing
        let output = try Descriptor.pipe()
        let errors = try Descriptor.pipe()
        let words = try Descriptor.pipe()
        var pair: [Int32] = [-1, -1]
        guard hpk_control_pair(&pair) == 0 else { throw SystemError("make", "a socket pair") }
        let control = Descriptor(owning: pair[0])
        let peer = Descriptor(owning: pair[1])
        let sources = [peer.number, specificationFile.number, input.number, output.write.number, errors.write.number]
        let standard = [(nothing.number, Int32(0)), (words.write.number, 1), (words.write.number, 2)]
        defer { withExtendedLifetime((peer, specificationFile, nothing, input, output, errors, words)) {} }
        processID = try Spawn.start(
            command.program, command.arguments(), environment: setup.environment,
            descriptors: standard + Array(zip(sources, ApptainerCommand.descriptors)), network: sandbox.network?.number ?? -1)
        self.control = control
        self.input = open?.write
        self.words = words.read
        outputs = [(output.read, LogFormatter(stream: "stdout")), (errors.read, LogFormatter(stream: "stderr"))]
        try watchAll()
    }

    private func watchAll() throws(SystemError) {
        if let control {
            try loop.watch(control.number, UInt32(HPK_READABLE)) { [weak self] _ in self?.receiveReport() }
        }
        if let words {
            words.setNonBlocking()
            try loop.watch(words.number, UInt32(HPK_READABLE)) { [weak self] _ in self?.listen() }
        }
        for index in outputs.indices {
            outputs[index].descriptor.setNonBlocking()
            try loop.watch(outputs[index].descriptor.number, UInt32(HPK_READABLE)) { [weak self] _ in self?.readOutput(index) }
        }
    }

    // MARK: - What the container says

    private func receiveReport() {
        guard let control else { return }
        var id: pid_t = 0
        var number: Int32 = -1
        let result = hpk_receive_report(control.number, &id, &number)
        if result == 0 { return }
        loop.forget(control.number)
        control.close()
        self.control = nil
        guard result == 1 else { return }
        let handle = hpk_pidfd_open(id)
        ownProcess = (id, handle >= 0 ? Descriptor(owning: handle) : nil)
        // Held only where it is needed: while it is, Apptainer's file systems in it do not end, which Apptainer waits a second for.
        if sandbox.plan.sharesProcessNamespace { mountNamespace = MountNamespace(ofProcess: id) }
        if killed { kill() }
        progress = .entering(report: [])
        let report = Descriptor(owning: number)
        report.setNonBlocking()
        self.report = report
        try? loop.watch(report.number, UInt32(HPK_READABLE)) { [weak self] _ in self?.readReport() }
    }

    private func readReport() {
        guard let report, case .entering(var text) = progress else { return }
        var chunk = [UInt8](repeating: 0, count: 4096)
        switch chunk.withUnsafeMutableBytes({ report.read(into: $0) }) {
        case .bytes(let count):
            text.append(contentsOf: chunk[..<count])
            progress = .entering(report: text)
        case .wouldBlock: break
        case .end, .failed:
            loop.forget(report.number)
            report.close()
            self.report = nil
            if text.isEmpty {
                progress = .running
                handlers.started()
            } else {
                progress = .refused(String(decoding: text, as: UTF8.self))
            }
        }
    }

    private func listen() {
        guard let words else { return }
        var chunk = [UInt8](repeating: 0, count: 4096)
        switch chunk.withUnsafeMutableBytes({ words.read(into: $0) }) {
        case .bytes(let count):
            spoken.append(contentsOf: chunk[..<count])
            if spoken.count > 32 << 10 { spoken.removeFirst(spoken.count - (16 << 10)) }
        case .wouldBlock: break
        case .end, .failed: loop.forget(words.number)
        }
    }

    @discardableResult
    private func readOutput(_ index: Int) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let descriptor = outputs[index].descriptor
        switch chunk.withUnsafeMutableBytes({ descriptor.read(into: $0) }) {
        case .bytes(let count):
            let time = clock.wall()
            log.append { outputs[index].formatter.append(chunk[..<count], time: time, to: &$0) }
            tail.append(chunk[..<count])
            handlers.logged()
            return true
        case .wouldBlock: return false
        case .end, .failed:
            loop.forget(descriptor.number)
            return false
        }
    }

    // MARK: - Signals

    /// Asks the container's own process to end.
    func terminate() {
        send(container.stopSignal)
    }

    /// Ends all of the container.
    func kill() {
        killed = true
        send(SIGKILL)
        if ownProcess == nil { _ = Glibc.kill(-processID, SIGKILL) }
        killRest()
    }

    private func send(_ signal: Int32) {
        guard let ownProcess else { return }
        if let handle = ownProcess.handle {
            _ = hpk_pidfd_send_signal(handle.number, signal)
        } else {
            _ = Glibc.kill(ownProcess.id, signal)
        }
    }

    /// Processes that a container in the shared process namespace left: they are known by its mount namespace.
    private func killRest() {
        mountNamespace?.killAll()
    }

    // MARK: - End

    /// Apptainer's process has ended: what is still in the pipes is read, and the instance's mounts and files go.
    func ended(exitCode: Int32, signal: Int32) -> ContainerExit {
        // The end may be known before the news of the start was read.
        receiveReport()
        while report != nil, case .entering = progress { readReport() }
        killRest()
        // Its mounts go with it.
        mountNamespace = nil
        // What other processes still write into the pipes is not waited for.
        for index in outputs.indices {
            for _ in 0..<64 where !readOutput(index) { break }
            let time = clock.wall()
            log.append { outputs[index].formatter.finish(time: time, to: &$0) }
        }
        for _ in 0..<16 { listen() }
        let exit = describe(exitCode: exitCode, signal: signal)
        cleanUp()
        handlers.logged()
        return exit
    }

    private func describe(exitCode: Int32, signal: Int32) -> ContainerExit {
        let now = clock.wall()
        switch progress {
        case .running:
            let failed = exitCode != 0
            let isOutOfMemory = signal == SIGKILL && !killed && outOfMemory.kills > killsBefore
            var message = (try? FileSystem.read(setup.terminationFile, limit: 4096)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            if message.isEmpty && failed && container.terminationMessageFallsBackToLogs { message = tail.text }
            let reason = isOutOfMemory ? "OOMKilled" : failed ? "Error" : "Completed"
            return ContainerExit(
                exitCode: exitCode, signal: signal == 0 ? nil : signal, reason: reason, message: message, startedAt: startedAt,
                finishedAt: now)
        case .refused(let text):
            return ContainerExit(exitCode: 128, reason: "StartError", message: text, startedAt: startedAt, finishedAt: now)
        case .making, .entering:
            if killed {
                return ContainerExit(exitCode: 137, signal: SIGKILL, reason: "Error", startedAt: startedAt, finishedAt: now)
            }
            let said = ApptainerCommand.lastWords(String(decoding: spoken, as: UTF8.self))
            let message = said.isEmpty ? "apptainer ended with exit code \(exitCode) before the container's program ran" : said
            return ContainerExit(
                exitCode: 128, reason: "StartError", message: String(message.prefix(4096)), startedAt: startedAt, finishedAt: now)
        }
    }

    private func cleanUp() {
        for descriptor in [control, report, words].compactMap(\.self) + outputs.map(\.descriptor) {
            loop.forget(descriptor.number)
            descriptor.close()
        }
        input?.close()
        log.close()
        setup.release(keepsLayer: true)
    }
}
