import CSandbox
import Glibc
import PodProtocol

/// The pod's sandbox on one of the job's further nodes: makes it by the plan, lets the containers' tasks in, and removes it when the supervisor
/// says so by closing the standard input.
final class NodeSandbox {
    private let directory: PodDirectory
    private let isNamespaced: Bool
    private let task: UInt32
    private let loop: EventLoop
    private var lines = LineReader(limit: 64 << 20)
    private var sandbox: Sandbox?
    private var door: SandboxDoor?
    private var podAddresses: [String] = []
    private var secrets: [String: String] = [:]
    private var isReady = false

    init(directory: PodDirectory, isNamespaced: Bool) throws {
        self.directory = directory
        self.isNamespaced = isNamespaced
        task = StepTask.variable("SLURM_PROCID").flatMap { UInt32($0) } ?? 0
        loop = try EventLoop(clock: .system)
    }

    func run(lifeline: Int32?) throws -> Int32 {
        let signals = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD]
        let number = hpk_signal_descriptor(signals, signals.count)
        guard number >= 0 else { throw SystemError("watch", "signals") }
        try loop.watch(number, UInt32(HPK_READABLE)) { _ in
            // The end of the input says when to go: until then the pod's tasks need the sandbox.
            var id: pid_t = 0
            var code: Int32 = 0
            var signal: Int32 = 0
            while hpk_next_signal(number) != 0 {}
            while hpk_reap(&id, &code, &signal) == 1 {}
        }
        let input = Descriptor(owning: STDIN_FILENO)
        try loop.watch(input.number, UInt32(HPK_READABLE)) { [weak self] _ in self?.read(input) }
        let line = lifeline.map { Descriptor(owning: $0) }
        if let line {
            line.use { _ = fcntl($0, F_SETFD, FD_CLOEXEC) }
            // Only its end is of interest: nothing is asked of that process on this node.
            try loop.watch(line.number, UInt32(HPK_READABLE)) { [loop] _ in loop.stop() }
        }
        try withExtendedLifetime((input, line)) { try loop.run() }
        try? sandbox?.remove()
        return sandbox == nil ? 1 : 0
    }

    private func read(_ input: Descriptor) {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        switch chunk.withUnsafeMutableBytes({ input.read(into: $0) }) {
        case .bytes(let count): lines.append(chunk[..<count]).forEach(obey)
        case .wouldBlock: break
        case .end, .failed: loop.stop()
        }
    }

    private func obey(_ line: [UInt8]) {
        do {
            guard let sandbox else { return try make(line) }
            let delivery = try SealedDelivery.open(line, token: settings().token)
            secrets.merge(delivery.secrets) { $1 }
            try sandbox.volumes.deliver(delivery.volumes)
            tellReady()
        } catch {
            guard sandbox == nil else { return Console.complain("delivery: \(error)") }
            StepFrame.tell(StepFrame.of(text: "\(error)".utf8.prefix(4096), kind: .refused, task: task))
            loop.stop()
        }
    }

    private func make(_ line: [UInt8]) throws {
        let order = try MessageCoding.decode(NodeOrder.self, from: line, subject: "the supervisor's order")
        var plan = try MessageCoding.decode(LaunchPlan.self, from: FileSystem.read(directory.plan), subject: directory.plan)
        try PlanCheck.check(plan)
        // The compute node's own.
        if plan.hostname.isEmpty { plan.hostname = CText.fill(64) { gethostname($0, $1) == 0 ? strlen($0) : 0 } ?? "unknown" }
        podAddresses = order.podAddresses
        let agent = try? Endpoint(settings().endpoints.first ?? "").host
        let sandbox = try Sandbox(plan: plan, isNamespaced: isNamespaced, agent: agent, clock: .system)
        do {
            try sandbox.openNetwork(note: Console.complain)
            try sandbox.writeFiles()
            try sandbox.volumes.prepare()
            door = try SandboxDoor(
                sandbox: sandbox, address: order.door, node: StepTask.variable("SLURMD_NODENAME") ?? "", loop: loop,
                context: { [unowned self] in
                    EnvironmentExpansion.Context(
                        podAddresses: podAddresses, hostAddress: sandbox.hostAddress, secrets: secrets)
                })
        } catch {
            try? sandbox.remove()
            throw error
        }
        self.sandbox = sandbox
        let base = plan.localDirectory
        Spawn.detach { LocalDirectory.sweep(base: base) }
        if !plan.needsDelivery { tellReady() }
    }

    /// Containers may come: the sandbox stands, and has the secrets that the plan refers to.
    private func tellReady() {
        guard !isReady else { return }
        isReady = true
        StepFrame.tell([StepFrame(task: task, kind: .started)])
    }

    private func settings() throws -> ConnectionSettings {
        try .current(in: directory)
    }
}
