import CSandbox
import Glibc
import PodProtocol

/// One instance of a container that runs as a Slurm step: srun's process, the tasks' output as the container's one log, and their end.
final class StepProcess {
    struct Handlers {
        /// Every task's program has been executed.
        var started: () -> Void
        /// There are new bytes in the log.
        var logged: () -> Void
        /// The step is over.
        var ended: (ContainerExit) -> Void
    }

    let container: ContainerPlan
    let log: LogFile
    private let launcher: StepLauncher
    private let loop: EventLoop
    private let clock: Clock
    private let handlers: Handlers
    private let startedAt: Int64
    private var step: StepLauncher.Step?
    private var lines = LineReader(limit: 4096)
    private var tally = StepTally()
    private var formatters: [UInt32: (output: LogFormatter, errors: LogFormatter)] = [:]
    private var tail = OutputTail()
    private var words: [UInt8] = []
    private var toldStart = false
    private var killed = false

    /// Starts the step.
    init(
        container: ContainerPlan, arguments: [String], order: StepOrder, launcher: StepLauncher, limits: LogLimits, logPath: String,
        loop: EventLoop, clock: Clock, handlers: Handlers
    ) throws {
        self.container = container
        self.launcher = launcher
        self.loop = loop
        self.clock = clock
        self.handlers = handlers
        startedAt = clock.wall()
        log = try LogFile(path: logPath, limits: limits)
        do {
            let line = try MessageCoding.encode(order) + [0x0a]
            let step = try launcher.start(arguments) { [weak self] in self?.end(launcherCode: $0) }
            self.step = step
            try step.input.writeAll(line, subject: "a step's order")
            try watch(step.output) { [weak self] in self?.read($0) }
            try watch(step.errors) { [weak self] in self?.hear($0) }
        } catch {
            if let step { launcher.signal(step.number, SIGKILL) }
            release()
            log.close()
            throw error
        }
    }

    private func watch(_ descriptor: Descriptor, _ body: @escaping (ArraySlice<UInt8>) -> Void) throws {
        descriptor.setNonBlocking()
        try loop.watch(descriptor.number, UInt32(HPK_READABLE)) { [weak self] _ in _ = self?.readOnce(descriptor, body) }
    }

    private func readOnce(_ descriptor: Descriptor, _ body: (ArraySlice<UInt8>) -> Void) -> Bool {
        guard descriptor.number >= 0 else { return false }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        switch chunk.withUnsafeMutableBytes({ descriptor.read(into: $0) }) {
        case .bytes(let count):
            body(chunk[..<count])
            return true
        case .wouldBlock: return false
        case .end, .failed:
            loop.forget(descriptor.number)
            return false
        }
    }

    // MARK: - What the tasks say

    private func read(_ bytes: ArraySlice<UInt8>) {
        let time = clock.wall()
        for line in lines.append(bytes) {
            guard let frame = StepFrame(line: line[...]) else {
                hear(line + [0x0a])
                continue
            }
            switch frame.kind {
            case .output: write(frame, isError: false, ended: false, time)
            case .outputLine: write(frame, isError: false, ended: true, time)
            case .error: write(frame, isError: true, ended: false, time)
            case .errorLine: write(frame, isError: true, ended: true, time)
            case .present, .started, .refused, .message, .exited: tally.take(frame)
            }
        }
        if tally.allStarted, !toldStart {
            toldStart = true
            handlers.started()
        }
        handlers.logged()
    }

    private func hear(_ bytes: [UInt8]) { hear(bytes[...]) }

    private func hear(_ bytes: ArraySlice<UInt8>) {
        words.append(contentsOf: bytes)
        if words.count > 32 << 10 { words.removeFirst(words.count - (16 << 10)) }
    }

    private func write(_ frame: StepFrame, isError: Bool, ended: Bool, _ time: Int64) {
        let text = ended ? frame.text + [0x0a] : frame.text
        var pair = formatters[frame.task] ?? (LogFormatter(stream: "stdout"), LogFormatter(stream: "stderr"))
        log.append { isError ? pair.errors.append(text, time: time, to: &$0) : pair.output.append(text, time: time, to: &$0) }
        formatters[frame.task] = pair
        tail.append(text)
    }

    // MARK: - Signals

    /// Asks each task's process to end.
    func terminate() {
        order(.terminate)
    }

    /// Ends all of the container, on every node.
    func kill() {
        killed = true
        order(.kill)
        guard let step else { return }
        let number = step.number
        // A step that does not even run yet, or does not listen, is ended by Slurm: TERM makes srun do so.
        if tally.tasks.isEmpty { launcher.signal(number, SIGTERM) }
        for (seconds, signal) in [(2.0, SIGTERM), (5.0, SIGKILL)] {
            loop.schedule(after: seconds) { [weak self] in
                if let self, self.step != nil { self.launcher.signal(number, signal) }
            }
        }
    }

    private func order(_ signal: StepSignal) {
        try? step?.input.writeAll("\(signal.rawValue)\n".utf8, subject: "a step's orders")
    }

    // MARK: - End

    private func end(launcherCode: Int32) {
        guard let step else { return }
        while readOnce(step.output, read) {}
        while readOnce(step.errors, { hear($0) }) {}
        release()
        let now = clock.wall()
        for task in formatters.keys.sorted() {
            guard var pair = formatters[task] else { continue }
            log.append {
                pair.output.finish(time: now, to: &$0)
                pair.errors.finish(time: now, to: &$0)
            }
        }
        log.close()
        handlers.ended(describe(launcherCode: launcherCode, now: now))
    }

    private func describe(launcherCode: Int32, now: Int64) -> ContainerExit {
        let said = ApptainerCommand.lastWords(String(decoding: words, as: UTF8.self))
        switch tally.end(launcherCode: launcherCode, launcherWords: said) {
        case .notStarted where killed:
            return ContainerExit(exitCode: 128 + SIGKILL, signal: SIGKILL, reason: "Error", startedAt: startedAt, finishedAt: now)
        case .notStarted(let why):
            return ContainerExit(
                exitCode: 128, reason: "StartError", message: String(why.prefix(4096)), startedAt: startedAt, finishedAt: now)
        case .ended(let code, let signal, let isOutOfMemory, var message):
            if message.isEmpty && code != 0 && container.terminationMessageFallsBackToLogs { message = tail.text }
            let reason = isOutOfMemory && !killed ? "OOMKilled" : code != 0 ? "Error" : "Completed"
            return ContainerExit(
                exitCode: code, signal: signal == 0 ? nil : signal, reason: reason, message: message, startedAt: startedAt, finishedAt: now)
        }
    }

    private func release() {
        guard let step else { return }
        self.step = nil
        for descriptor in [step.output, step.errors] {
            loop.forget(descriptor.number)
            descriptor.close()
        }
        step.input.close()
    }
}
