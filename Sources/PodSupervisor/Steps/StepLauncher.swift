import CSandbox
import Glibc

/// Starts `srun` for the supervisor: through the batch step's own process, or itself where there is no user namespace between.
final class StepLauncher {
    /// One running `srun`: its ends of the pipes.
    struct Step {
        var number: UInt32
        var input: Descriptor
        var output: Descriptor
        var errors: Descriptor
    }

    /// The lifeline's end; nil where this process is the batch step's own.
    private let lifeline: Descriptor?
    private var nextNumber: UInt32 = 1
    private var waiting: [UInt32: (Int32) -> Void] = [:]
    private var children: [pid_t: UInt32] = [:]

    init(lifeline: Descriptor?) {
        self.lifeline = lifeline
    }

    /// - Parameters:
    ///   - arguments: those of srun, its name first.
    ///   - ended: called once with its exit code.
    func start(_ arguments: [String], ended: @escaping (Int32) -> Void) throws -> Step {
        let input = try Descriptor.pipe()
        let output = try Descriptor.pipe()
        let errors = try Descriptor.pipe()
        let number = nextNumber
        nextNumber += 1
        if let lifeline {
            let list = Descriptor(owning: hpk_memory_file("hpk-step"))
            guard list.number >= 0 else { throw SystemError("make", "a memory file") }
            try list.writeAll(arguments.flatMap { Array($0.utf8) + [0] }, subject: "a step's arguments")
            let passed = [list.number, input.read.number, output.write.number, errors.write.number]
            let sent = lifeline.use {
                hpk_send($0, BrokerMessage(kind: .start, number: number).bytes, BrokerMessage.size, passed, passed.count)
            }
            let code = errno
            withExtendedLifetime((list, input, output, errors)) {}
            guard sent == BrokerMessage.size else { throw SystemError("ask for", "a Slurm step", code: code) }
        } else {
            guard let name = arguments.first, let program = ApptainerCommand.locate(name, path: SrunCommand.searchPath) else {
                throw Failure("srun is not in the job's PATH on this node")
            }
            let passed = [(input.read.number, Int32(0)), (output.write.number, 1), (errors.write.number, 2)]
            let id = try Spawn.start(program, arguments, environment: SrunCommand.environment, descriptors: passed)
            withExtendedLifetime((input, output, errors)) {}
            children[id] = number
        }
        waiting[number] = ended
        return Step(number: number, input: input.write, output: output.read, errors: errors.read)
    }

    func signal(_ number: UInt32, _ signal: Int32) {
        if let lifeline {
            let message = BrokerMessage(kind: .signal, number: number, value: signal)
            _ = lifeline.use { hpk_send($0, message.bytes, BrokerMessage.size, nil, 0) }
        } else {
            for (id, running) in children where running == number { _ = kill(id, signal) }
        }
    }

    /// A message of the batch step's own process.
    func receive(_ message: BrokerMessage) {
        guard message.kind == .ended else { return }
        waiting.removeValue(forKey: message.number)?(message.value)
    }

    /// A child of this process has ended; other than ours are ignored.
    func reaped(_ id: pid_t, code: Int32) {
        guard let number = children.removeValue(forKey: id) else { return }
        waiting.removeValue(forKey: number)?(code)
    }
}
