import CSandbox
import Glibc

/// One message between the batch step's own process, which starts `srun`, and the supervisor in the sandbox, which asks for it: Slurm knows the
/// user by the uid that a process has outside.
struct BrokerMessage {
    static let size = 12
    /// The descriptors of a start: arguments (a memory file), standard input, output and error.
    static let startDescriptors = 4

    enum Kind: UInt32 {
        /// Start the program `number`.
        case start = 1
        /// Send it the signal `value`.
        case signal = 2
        /// It has ended: `value` is the exit code.
        case ended = 3
    }

    var kind: Kind
    var number: UInt32
    var value: Int32 = 0

    var bytes: [UInt8] {
        var result: [UInt8] = []
        for word in [kind.rawValue, number, UInt32(bitPattern: value)] { withUnsafeBytes(of: word) { result += $0 } }
        return result
    }

    init(kind: Kind, number: UInt32, value: Int32 = 0) {
        self.kind = kind
        self.number = number
        self.value = value
    }

    init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.size else { return nil }
        let words = Array(bytes).withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
        guard let kind = Kind(rawValue: words[0]) else { return nil }
        self.init(kind: kind, number: words[1], value: Int32(bitPattern: words[2]))
    }
}

/// Starts programs for the supervisor, outside of the sandbox, with the job's own environment.
final class StepBroker {
    private let lifeline: Descriptor
    private var children: [pid_t: UInt32] = [:]

    init(lifeline: Descriptor) {
        self.lifeline = lifeline
    }

    /// One request.
    ///
    /// - Returns: false when the supervisor is gone.
    func receive() -> Bool {
        var bytes = [UInt8](repeating: 0, count: BrokerMessage.size)
        var numbers = [Int32](repeating: -1, count: BrokerMessage.startDescriptors)
        var count = numbers.count
        let got = lifeline.use { hpk_receive($0, &bytes, bytes.count, &numbers, &count) }
        guard got > 0 else { return got < 0 && errno == EAGAIN }
        let descriptors = numbers.prefix(count).map { Descriptor(owning: $0) }
        guard let message = BrokerMessage(bytes[..<got]) else { return true }
        switch message.kind {
        case .start: start(message.number, descriptors)
        case .signal:
            for (id, number) in children where number == message.number { _ = kill(id, message.value) }
        case .ended: break
        }
        return true
    }

    private func start(_ number: UInt32, _ descriptors: [Descriptor]) {
        guard descriptors.count == BrokerMessage.startDescriptors else { return tell(number, 127) }
        do {
            children[try Self.start(descriptors)] = number
        } catch {
            try? descriptors[3].writeAll("\(error)\n".utf8, subject: "the step's output")
            tell(number, 127)
        }
    }

    private static func start(_ descriptors: [Descriptor]) throws -> pid_t {
        let list = descriptors[0]
        list.use { _ = lseek($0, 0, SEEK_SET) }
        let words = try list.readAll(limit: 1 << 20, subject: "a step's arguments").split(separator: 0, omittingEmptySubsequences: false)
        let arguments = words.dropLast().map { String(decoding: $0, as: UTF8.self) }
        guard let name = arguments.first else { throw Failure("a step has no arguments") }
        guard let program = ApptainerCommand.locate(name, path: SrunCommand.searchPath) else {
            throw Failure("\(name) is not in the job's PATH on this node")
        }
        let targets = descriptors.dropFirst().enumerated().map { (source: $1.number, target: Int32($0)) }
        defer { withExtendedLifetime(descriptors) {} }
        return try Spawn.start(program, arguments, environment: SrunCommand.environment, descriptors: targets)
    }

    /// A child of this process has ended; other than ours are ignored.
    func reaped(_ id: pid_t, code: Int32) {
        guard let number = children.removeValue(forKey: id) else { return }
        tell(number, code)
    }

    /// The supervisor is gone: nobody waits for what is left.
    func end() {
        for id in children.keys { _ = kill(-id, SIGKILL) }
    }

    private func tell(_ number: UInt32, _ code: Int32) {
        _ = lifeline.use { hpk_send($0, BrokerMessage(kind: .ended, number: number, value: code).bytes, BrokerMessage.size, nil, 0) }
    }
}
