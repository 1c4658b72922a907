import CSandbox
import Glibc
import PodProtocol

/// The pod's sandboxes on the job's other nodes: one step of one task a node, which lives as long as the pod.
final class NodeGroup {
    private let launcher: StepLauncher
    private let loop: EventLoop
    private let count: Int
    private let token: () throws -> String
    private var step: StepLauncher.Step?
    private var lines = LineReader(limit: 4096)
    private var tally = StepTally()
    private var words: [UInt8] = []
    private var onEnd: (() -> Void)?
    /// Bytes for the nodes that srun has not taken yet.
    private var output: [UInt8] = []
    /// Called once: nil when every sandbox is ready, else what stands in the way. Once more should they end later.
    private var changed: (String?) -> Void = { _ in }
    private var toldReady = false

    /// - Parameters:
    ///   - count: of the other nodes.
    ///   - token: the pod's, which seals deliveries.
    init(count: Int, launcher: StepLauncher, loop: EventLoop, token: @escaping () throws -> String) {
        self.count = count
        self.launcher = launcher
        self.loop = loop
        self.token = token
    }

    func start(_ arguments: [String], order: NodeOrder, changed: @escaping (String?) -> Void) throws {
        self.changed = changed
        let step = try launcher.start(arguments) { [weak self] in self?.ended($0) }
        self.step = step
        for descriptor in [step.output, step.errors] {
            let isOutput = descriptor === step.output
            descriptor.setNonBlocking()
            try loop.watch(descriptor.number, UInt32(HPK_READABLE)) { [weak self] _ in self?.read(descriptor, isOutput) }
        }
        step.input.setNonBlocking()
        send(try MessageCoding.encode(order) + [0x0a])
    }

    /// Hands secret values and volumes on.
    func deliver(_ delivery: Delivery) {
        guard step != nil else { return }
        do {
            send(try SealedDelivery.seal(delivery, token: token()) + [0x0a])
        } catch {
            Console.note("delivery to the pod's other nodes: \(error)")
        }
    }

    /// Ends the sandboxes, and calls the body when they are gone or after so many seconds.
    func finish(within seconds: Double, then body: @escaping () -> Void) {
        guard let step else { return body() }
        var isCalled = false
        let once = {
            if !isCalled {
                isCalled = true
                body()
            }
        }
        onEnd = once
        loop.schedule(after: seconds, once)
        loop.forget(step.input.number)
        step.input.close()
    }

    private func send(_ bytes: [UInt8]) {
        output += bytes
        flush()
    }

    private func flush() {
        guard let step, step.input.number >= 0, !output.isEmpty else { return }
        let number = step.input.number
        let count = output.withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
        if count > 0 { output.removeFirst(count) }
        if count < 0, errno != EAGAIN, errno != EINTR { output.removeAll() }
        if output.isEmpty { return loop.forget(number) }
        try? loop.watch(number, UInt32(HPK_WRITABLE)) { [weak self] _ in self?.flush() }
    }

    private func read(_ descriptor: Descriptor, _ isOutput: Bool) {
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        switch chunk.withUnsafeMutableBytes({ descriptor.read(into: $0) }) {
        case .bytes(let count) where isOutput:
            for line in lines.append(chunk[..<count]) {
                if let frame = StepFrame(line: line[...]) { tally.take(frame) } else { hear(line[...]) }
            }
            tellIfReady()
        case .bytes(let count): hear(chunk[..<count])
        case .wouldBlock: break
        case .end, .failed: loop.forget(descriptor.number)
        }
    }

    private func hear(_ bytes: ArraySlice<UInt8>) {
        words.append(contentsOf: bytes)
        if words.count > 32 << 10 { words.removeFirst(words.count - (16 << 10)) }
    }

    private func tellIfReady() {
        guard !toldReady, tally.tasks.count == count, tally.tasks.values.allSatisfy(\.hasStarted) else { return }
        toldReady = true
        changed(nil)
    }

    private func ended(_ code: Int32) {
        guard let step else { return }
        read(step.output, true)
        read(step.errors, false)
        self.step = nil
        for descriptor in [step.output, step.errors, step.input] {
            loop.forget(descriptor.number)
            descriptor.close()
        }
        if let onEnd { return onEnd() }
        let refusals = tally.tasks.values.compactMap(\.refusal).map(StepFrame.unescape)
        let said = ApptainerCommand.lastWords(String(decoding: words, as: UTF8.self))
        changed(refusals.first ?? (said.isEmpty ? "the step of the pod's other nodes ended with exit code \(code)" : said))
    }
}
