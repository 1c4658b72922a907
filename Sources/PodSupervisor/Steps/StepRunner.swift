import Glibc
import PodProtocol

/// Runs a pod's containers as Slurm steps: the door of this node's sandbox, the sandboxes of the other nodes, and srun for each container.
final class StepRunner {
    private let plan: LaunchPlan
    private let steps: StepPlan
    private let directory: PodDirectory
    private let sandbox: Sandbox
    private let command: SrunCommand
    private let launcher: StepLauncher
    private let loop: EventLoop
    private let clock: Clock
    private let address = DoorAddress.random()
    private let door: SandboxDoor
    private let nodes: NodeGroup?
    private var processes: [Int: StepProcess] = [:]

    /// - Parameters:
    ///   - node: this node's name in Slurm.
    ///   - lifeline: the way to the batch step's own process; nil where this is it.
    ///   - context: addresses and secrets as they are when a container starts.
    init(
        _ steps: StepPlan, plan: LaunchPlan, directory: PodDirectory, sandbox: Sandbox, node: String, lifeline: Descriptor?,
        loop: EventLoop,
        clock: Clock, context: @escaping () -> EnvironmentExpansion.Context
    ) throws {
        self.steps = steps
        self.plan = plan
        self.directory = directory
        self.sandbox = sandbox
        self.loop = loop
        self.clock = clock
        guard let program = CText.fill(Int(PATH_MAX), { readlink("/proc/self/exe", $0, $1) }) else {
            throw SystemError("find the path of", "hpk-pod")
        }
        let count = steps.kind == .parallel ? StepTask.variable("SLURM_JOB_NUM_NODES").flatMap { Int($0) } ?? 1 : 1
        command = SrunCommand(program: program, node: node, nodeCount: count)
        let launcher = StepLauncher(lifeline: lifeline)
        self.launcher = launcher
        door = try SandboxDoor(sandbox: sandbox, address: address, node: node, loop: loop, context: context)
        nodes =
            count > 1
            ? NodeGroup(count: count - 1, launcher: launcher, loop: loop) {
                try ConnectionSettings.current(in: directory, planned: plan.connection).token
            } : nil
    }

    /// Whether sandboxes on other nodes have to be waited for.
    var hasOtherNodes: Bool { nodes != nil }

    /// Makes the sandboxes of the other nodes.
    ///
    /// - Parameter changed: nil when all of them are ready, else why they are not, or no more.
    func begin(changed: @escaping (String?) -> Void) {
        do {
            try nodes?.start(
                command.sandboxes(directory: directory.path), order: NodeOrder(door: address, podAddresses: sandbox.podAddresses),
                changed: changed)
        } catch {
            changed("\(error)")
        }
    }

    func deliver(_ delivery: Delivery) {
        nodes?.deliver(delivery)
    }

    /// Starts a container's step.
    func start(_ index: Int, restartCount: Int, handlers: StepProcess.Handlers) throws {
        let container = (plan.initContainers + plan.containers)[index]
        var handlers = handlers
        let ended = handlers.ended
        handlers.ended = { [weak self] in
            self?.processes[index] = nil
            ended($0)
        }
        processes[index] = try StepProcess(
            container: container, arguments: command.container(container.name, isInit: index < plan.initContainers.count, plan: steps),
            order: StepOrder(
                door: address, container: index, instance: "\(index).\(restartCount)", isParallel: steps.kind == .parallel),
            launcher: launcher, limits: plan.logLimits, logPath: directory.log(container: container.name, restartCount: restartCount),
            loop: loop, clock: clock, handlers: handlers)
    }

    func terminate(_ index: Int) { processes[index]?.terminate() }
    func kill(_ index: Int) { processes[index]?.kill() }
    func log(_ index: Int) -> LogFile? { processes[index]?.log }
    /// Containers and their logs.
    var logs: [(name: String, file: LogFile)] { processes.values.map { ($0.container.name, $0.log) } }

    /// A message of the batch step's own process.
    func receive(_ message: BrokerMessage) { launcher.receive(message) }
    /// A child of this process has ended.
    func reaped(_ id: pid_t, code: Int32) { launcher.reaped(id, code: code) }

    /// Ends the other nodes' sandboxes, then calls the body; at most `seconds` later all the same.
    func finish(within seconds: Double, then body: @escaping () -> Void) {
        guard let nodes else { return body() }
        nodes.finish(within: seconds, then: body)
    }
}
