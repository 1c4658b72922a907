import CSandbox
import Glibc
import PodProtocol

/// Lets tasks that Slurm started on this node put containers into the pod's sandbox: prepares each one, and hands over the namespaces.
///
/// It listens on a socket without a file in the node's network namespace. Only processes of the own user that know the key are answered; a
/// container has a uid of the user too, but cannot know the key.
final class SandboxDoor {
    private static let longestRequest = 256 << 10

    private let sandbox: Sandbox
    private let address: DoorAddress
    private let loop: EventLoop
    private let context: () -> EnvironmentExpansion.Context
    private let listener: Descriptor
    private var namespaces: [Descriptor] = []
    private var guests: [Int32: (connection: Descriptor, setup: ContainerSetup?)] = [:]

    /// - Parameters:
    ///   - node: this node's name in Slurm.
    ///   - context: addresses and secrets as they are when a container starts.
    init(
        sandbox: Sandbox, address: DoorAddress, node: String, loop: EventLoop, context: @escaping () -> EnvironmentExpansion.Context
    ) throws {
        self.sandbox = sandbox
        self.address = address
        self.loop = loop
        self.context = context
        let name = address.socketName(node: node)
        let number = hpk_name_listen(name)
        guard number >= 0 else { throw SystemError("listen at", name, code: -number) }
        listener = Descriptor(owning: number)
        if sandbox.isNamespaced {
            // The user namespace comes first: it gives the right to enter the others.
            for name in ["user", "mnt", "pid", "ipc", "uts"] {
                namespaces.append(try Descriptor(opening: "/proc/self/ns/\(name)", O_RDONLY))
            }
        }
        try loop.watch(number, UInt32(HPK_READABLE)) { [weak self] _ in self?.accept() }
    }

    private func accept() {
        while true {
            let number = listener.use { hpk_name_accept($0) }
            guard number >= 0 else { return }
            let connection = Descriptor(owning: number)
            connection.setNonBlocking()
            guests[number] = (connection, nil)
            do {
                try loop.watch(number, UInt32(HPK_READABLE)) { [weak self] _ in self?.receive(from: number) }
            } catch {
                guests[number] = nil
            }
        }
    }

    private func receive(from number: Int32) {
        guard let guest = guests[number] else { return }
        var bytes = [UInt8](repeating: 0, count: Self.longestRequest)
        var count = 0
        let got = bytes.withUnsafeMutableBytes { hpk_receive(number, $0.baseAddress, $0.count, nil, &count) }
        if got < 0, errno == EAGAIN { return }
        guard got > 0, guest.setup == nil else { return leave(number) }
        do {
            let request = try MessageCoding.decode(DoorRequest.self, from: bytes[..<got], subject: "a task's request")
            guard request.key == address.key else { return leave(number) }
            try admit(request, number)
        } catch {
            let refusal = (try? MessageCoding.encode(DoorReply(refusal: "\(error)"))) ?? []
            _ = refusal.withUnsafeBytes { hpk_send(number, $0.baseAddress, $0.count, nil, 0) }
        }
    }

    private func admit(_ request: DoorRequest, _ number: Int32) throws {
        let containers = sandbox.plan.initContainers + sandbox.plan.containers
        guard containers.indices.contains(request.container), request.instance.utf8.allSatisfy({ (0x2e...0x39).contains($0) && $0 != 0x2f })
        else { throw Failure("there is no container \(request.container) or instance \(request.instance.debugDescription)") }
        let setup = ContainerSetup(container: containers[request.container], instance: request.instance, sandbox: sandbox)
        guests[number]?.setup = setup
        var extras = ContainerSetup.Extras(
            environment: request.environment, sharesProcesses: request.sharesProcesses, keepsPMI: request.keepsPMI)
        if let folder = request.sharedFolder { extras.mounts = [MountOption(source: folder, destination: folder, readOnly: false)] }
        let (command, specification) = try setup.make(context(), extras: extras)
        let termination = try Descriptor(opening: setup.terminationFile, O_RDONLY)
        var reply = DoorReply()
        reply.program = command.program
        reply.arguments = try command.arguments()
        reply.environment = setup.environment
        reply.namespaces = namespaces.count
        reply.hasNetwork = sandbox.network != nil
        reply.keepsInput = setup.container.stdin
        reply.stopSignal = setup.container.stopSignal
        reply.sharesProcessNamespace = sandbox.plan.sharesProcessNamespace || request.sharesProcesses
        let descriptors = [specification, termination] + namespaces + (sandbox.network.map { [$0] } ?? [])
        let bytes = try MessageCoding.encode(reply)
        let numbers = descriptors.map(\.number)
        let sent = bytes.withUnsafeBytes { hpk_send(number, $0.baseAddress, $0.count, numbers, numbers.count) }
        withExtendedLifetime(descriptors) {}
        guard sent == bytes.count else { throw SystemError("answer", "a task") }
    }

    /// The task has ended, and with it its container.
    private func leave(_ number: Int32) {
        loop.forget(number)
        guests.removeValue(forKey: number)?.setup?.release()
    }
}
