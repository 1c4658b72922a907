import CSandbox
import Glibc
import PodProtocol

/// One task of a container's step, started by Slurm: enters the pod's sandbox on its node, runs the container there, and speaks with the
/// supervisor through srun's standard streams (``StepOrder`` and ``StepSignal`` in, ``StepFrame`` out).
///
/// It stays outside of the sandbox itself, so that it may end processes of any of the pod's ids.
final class StepTask {
    private let task: UInt32
    private let loop: EventLoop
    private let outOfMemory = OutOfMemory()
    private var killsBefore = 0
    private var orders = LineReader(limit: 64 << 10)
    private var order: StepOrder?
    /// Open while the container is there: its end tells the sandbox to clean up.
    private var door: Descriptor?
    private var termination: Descriptor?
    private var reply = DoorReply()
    private var process: pid_t = -1
    private var control: Descriptor?
    private var report: Descriptor?
    private var reportText: [UInt8] = []
    private var words: Descriptor?
    private var spoken: [UInt8] = []
    private var outputs: [(descriptor: Descriptor, isError: Bool)] = []
    /// The writing end of an input that stays open until the container ends.
    private var input: Descriptor?
    private var ownProcess: (id: pid_t, handle: Descriptor?)?
    private var mountNamespace: MountNamespace?
    private var hasStarted = false
    private var killed = false
    private var terminates = false
    private var result: Int32 = 1

    init() throws {
        task = Self.variable("SLURM_PROCID").flatMap { UInt32($0) } ?? 0
        loop = try EventLoop(clock: .system)
    }

    /// Runs until the container has ended; returns its exit code.
    func run() throws -> Int32 {
        StepFrame.tell([StepFrame(task: task, kind: .present, Self.variable("SLURM_STEP_NUM_TASKS") ?? "1")])
        try watchSignals()
        let input = Descriptor(owning: STDIN_FILENO)
        try loop.watch(input.number, UInt32(HPK_READABLE)) { [weak self] _ in self?.readOrders(input) }
        try withExtendedLifetime(input) { try loop.run() }
        return result
    }

    static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// Slurm sends its signals to every process of the step; what they mean for the container, the supervisor decides.
    private func watchSignals() throws {
        let signals = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGCHLD]
        let number = hpk_signal_descriptor(signals, signals.count)
        guard number >= 0 else { throw SystemError("watch", "signals") }
        try loop.watch(number, UInt32(HPK_READABLE)) { [weak self] _ in
            while true {
                let signal = hpk_next_signal(number)
                if signal == 0 { return }
                if signal == SIGCHLD { self?.reap() }
            }
        }
    }

    // MARK: - Orders

    private func readOrders(_ input: Descriptor) {
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        switch chunk.withUnsafeMutableBytes({ input.read(into: $0) }) {
        case .bytes(let count): orders.append(chunk[..<count]).forEach(obey)
        case .wouldBlock: break
        case .end, .failed:
            // The supervisor, or srun, is gone.
            loop.forget(input.number)
            kill()
        }
    }

    private func obey(_ line: [UInt8]) {
        if order == nil {
            do {
                let order = try MessageCoding.decode(StepOrder.self, from: line, subject: "the supervisor's order")
                self.order = order
                try launch(order)
            } catch {
                refuse("\(error)")
            }
            return
        }
        switch StepSignal(rawValue: String(decoding: line, as: UTF8.self)) {
        case .terminate:
            terminates = true
            send(reply.stopSignal)
        case .kill: kill()
        case nil: break
        }
    }

    private func refuse(_ why: String) {
        StepFrame.tell(StepFrame.of(text: why.utf8.prefix(4096), kind: .refused, task: task))
        finish(code: 128)
    }

    private func finish(code: Int32) {
        door?.close()
        result = code
        loop.stop()
    }

    // MARK: - Start

    private func launch(_ order: StepOrder) throws {
        let descriptors = try knock(order)
        let count = 2 + reply.namespaces + (reply.hasNetwork ? 1 : 0)
        guard descriptors.count == count else {
            throw Failure("the pod's sandbox on this node handed over \(descriptors.count) of \(count) descriptors")
        }
        termination = descriptors[1]
        killsBefore = outOfMemory.kills
        let nothing = try Descriptor(opening: "/dev/null", O_RDONLY)
        let open = reply.keepsInput ? try Descriptor.pipe() : nil
        let input = open?.read ?? nothing
        let output = try Descriptor.pipe()
        let errors = try Descriptor.pipe()
        let words = try Descriptor.pipe()
        var pair: [Int32] = [-1, -1]
        guard hpk_control_pair(&pair) == 0 else { throw SystemError("make", "a socket pair") }
        let control = Descriptor(owning: pair[0])
        let peer = Descriptor(owning: pair[1])
        let sources = [peer.number, descriptors[0].number, input.number, output.write.number, errors.write.number]
        var passed = [(nothing.number, Int32(0)), (words.write.number, 1), (words.write.number, 2)]
        passed += Array(zip(sources, ApptainerCommand.descriptors))
        if let pmi = Self.pmiDescriptor, order.isParallel { passed.append((pmi, ApptainerCommand.pmiDescriptor)) }
        defer { withExtendedLifetime((descriptors, peer, nothing, input, output, errors, words)) {} }
        process = try Spawn.start(
            reply.program, reply.arguments, environment: reply.environment, descriptors: passed,
            network: reply.hasNetwork ? descriptors[count - 1].number : -1,
            namespaces: descriptors[2..<(2 + reply.namespaces)].map(\.number))
        self.control = control
        self.input = open?.write
        self.words = words.read
        outputs = [(output.read, false), (errors.read, true)]
        try watchAll()
    }

    /// Asks the sandbox for the container.
    private func knock(_ order: StepOrder) throws -> [Descriptor] {
        let name = order.door.socketName(node: Self.variable("SLURMD_NODENAME") ?? "")
        let number = hpk_name_connect(name)
        guard number >= 0 else { throw SystemError("reach the pod's sandbox on this node at", name, code: -number) }
        let door = Descriptor(owning: number)
        self.door = door
        let environment = order.isParallel ? StepEnvironment.shared(SrunCommand.variables) : []
        let folder = order.isParallel ? Self.variable("PMIX_SERVER_TMPDIR") : nil
        let request = DoorRequest(
            key: order.door.key, container: order.container, instance: "\(order.instance).\(task)", environment: environment,
            sharesProcesses: order.isParallel, keepsPMI: order.isParallel && Self.pmiDescriptor != nil,
            sharedFolder: folder.flatMap { FileSystem.status($0) == nil ? nil : $0 })
        let bytes = try MessageCoding.encode(request)
        guard bytes.withUnsafeBytes({ hpk_send(number, $0.baseAddress, $0.count, nil, 0) }) == bytes.count else {
            throw SystemError("ask", "the pod's sandbox on this node")
        }
        var answer = [UInt8](repeating: 0, count: 256 << 10)
        var numbers = [Int32](repeating: -1, count: 16)
        var count = numbers.count
        let got = answer.withUnsafeMutableBytes { hpk_receive(number, $0.baseAddress, $0.count, &numbers, &count) }
        let descriptors = numbers.prefix(count).map { Descriptor(owning: $0) }
        guard got > 0 else { throw Failure("the pod's sandbox on this node gave no answer") }
        reply = try MessageCoding.decode(DoorReply.self, from: answer[..<got], subject: "the sandbox's answer")
        if let refusal = reply.refusal { throw Failure(refusal) }
        return descriptors
    }

    /// The connection to PMI's server that slurmstepd opened for this task.
    private static var pmiDescriptor: Int32? {
        variable("PMI_FD").flatMap { Int32($0) }.flatMap { $0 > 2 && fcntl($0, F_GETFD) >= 0 ? $0 : nil }
    }

    private func watchAll() throws {
        if let control { try loop.watch(control.number, UInt32(HPK_READABLE)) { [weak self] _ in self?.receiveReport() } }
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
        let got = hpk_receive_report(control.number, &id, &number)
        if got == 0 { return }
        loop.forget(control.number)
        control.close()
        self.control = nil
        guard got == 1 else { return }
        let handle = hpk_pidfd_open(id)
        ownProcess = (id, handle >= 0 ? Descriptor(owning: handle) : nil)
        // Held only where it is needed: while it is, Apptainer's file systems in it do not end, which Apptainer waits a second for.
        if reply.sharesProcessNamespace { mountNamespace = MountNamespace(ofProcess: id) }
        if killed { kill() }
        let report = Descriptor(owning: number)
        report.setNonBlocking()
        self.report = report
        try? loop.watch(report.number, UInt32(HPK_READABLE)) { [weak self] _ in self?.readReport() }
    }

    private func readReport() {
        guard let report else { return }
        var chunk = [UInt8](repeating: 0, count: 4096)
        switch chunk.withUnsafeMutableBytes({ report.read(into: $0) }) {
        case .bytes(let count): reportText.append(contentsOf: chunk[..<count])
        case .wouldBlock: break
        case .end, .failed:
            loop.forget(report.number)
            report.close()
            self.report = nil
            guard reportText.isEmpty else { return }
            hasStarted = true
            StepFrame.tell([StepFrame(task: task, kind: .started)])
            // A stop that came while the program was being started reaches it now.
            if terminates && !killed { send(reply.stopSignal) }
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
        let (descriptor, isError) = outputs[index]
        switch chunk.withUnsafeMutableBytes({ descriptor.read(into: $0) }) {
        case .bytes(let count):
            StepFrame.tell(StepFrame.of(output: chunk[..<count], task: task, isError: isError))
            return true
        case .wouldBlock: return false
        case .end, .failed:
            loop.forget(descriptor.number)
            return false
        }
    }

    // MARK: - Signals and the end

    private func send(_ signal: Int32) {
        guard let ownProcess else { return }
        if let handle = ownProcess.handle {
            _ = hpk_pidfd_send_signal(handle.number, signal)
        } else {
            _ = Glibc.kill(ownProcess.id, signal)
        }
    }

    private func kill() {
        killed = true
        guard process > 0 else { return finish(code: 128 + SIGKILL) }
        send(SIGKILL)
        if ownProcess == nil { killLaunch() }
        killRest()
    }

    /// Ends Apptainer while it makes the container: it leads a process group below the process that entered the sandbox.
    private func killLaunch() {
        let text = (try? FileSystem.read("/proc/\(process)/task/\(process)/children", limit: 4096)) ?? []
        let children = String(decoding: text, as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
        for id in children + [process] { _ = Glibc.kill(-id, SIGKILL) }
        if children.isEmpty { _ = Glibc.kill(process, SIGKILL) }
    }

    /// Processes that a container in the shared process namespace left: they are known by its mount namespace.
    private func killRest() {
        mountNamespace?.killAll()
    }

    private func reap() {
        var id: pid_t = 0
        var code: Int32 = 0
        var signal: Int32 = 0
        while hpk_reap(&id, &code, &signal) == 1 {
            if id == process { ended(code: code, signal: signal) }
        }
    }

    private func ended(code: Int32, signal: Int32) {
        // The end may be known before the news of the start was read.
        receiveReport()
        while report != nil { readReport() }
        killRest()
        // Its mounts go with it.
        mountNamespace = nil
        for index in outputs.indices {
            for _ in 0..<64 where !readOutput(index) { break }
        }
        for _ in 0..<16 { listen() }
        guard hasStarted else {
            if killed { return finish(code: 128 + SIGKILL) }
            if !reportText.isEmpty { return refuse(String(decoding: reportText, as: UTF8.self)) }
            let said = ApptainerCommand.lastWords(String(decoding: spoken, as: UTF8.self))
            return refuse(said.isEmpty ? "apptainer ended with exit code \(code) before the container's program ran" : said)
        }
        let isOutOfMemory = signal == SIGKILL && !killed && outOfMemory.kills > killsBefore
        if let termination, let text = try? termination.readAll(limit: 4096, subject: "the termination message"), !text.isEmpty {
            StepFrame.tell(StepFrame.of(text: text, kind: .message, task: task))
        }
        StepFrame.tell([StepFrame(task: task, kind: .exited, "\(code) \(signal) \(isOutOfMemory ? 1 : 0)")])
        finish(code: code)
    }
}

/// Which of a task's variables its container gets: Slurm's, PMI's, and those by which Slurm gives a task its devices.
enum StepEnvironment {
    private static let prefixes = ["SLURM_", "SLURMD_", "PMI_", "PMI2_", "PMIX_"]
    private static let names: Set = ["CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK", "GPU_DEVICE_ORDINAL"]

    static func shared(_ variables: [String]) -> [String] {
        variables.compactMap { text in
            let name = text.prefix { $0 != "=" }
            if name == "PMI_FD" { return "PMI_FD=\(ApptainerCommand.pmiDescriptor)" }
            return names.contains(String(name)) || prefixes.contains(where: name.hasPrefix) ? text : nil
        }
    }
}
