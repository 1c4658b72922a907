import Kubernetes
import Logging
import ServiceLifecycle
import Slurm

/// The pass-through scheduler: binds waiting pods to this agent's node as ``SchedulingDecision`` says.
///
/// One loop owns the queue; bindings run beside it, a bounded number at a time.
public final class SchedulingService: ServiceLifecycle.Service {
    /// What the scheduler is told of its site.
    public struct Settings: Sendable {
        /// Pods of other schedulers are left alone.
        public var schedulerName: String
        /// Only pods of this namespace; nil is all.
        public var namespace: String?
        /// Key of the node's own taint.
        public var ownTaintKey: String
        /// Most bindings at a time.
        public var parallelism = 32

        /// Takes what a configuration says.
        public init(_ configuration: KubeletConfiguration) {
            schedulerName = configuration.schedulerName
            namespace = configuration.namespace
            ownTaintKey = configuration.taint.key
        }
    }

    /// Where the loop's news come from.
    public struct Sources: Sendable {
        /// Pods without a node.
        public var pods: AsyncStream<UnboundPodChange>
        /// The node, now and whenever it changes.
        public var nodes: AsyncStream<Node>
        /// What is known of Slurm's nodes when a decision is made.
        public var totals: @Sendable () -> ClusterTotals?

        /// Names the three.
        public init(
            pods: AsyncStream<UnboundPodChange>, nodes: AsyncStream<Node>, totals: @escaping @Sendable () -> ClusterTotals?
        ) {
            self.pods = pods
            self.nodes = nodes
            self.totals = totals
        }
    }

    private enum Input: Sendable {
        case pod(UnboundPodChange)
        case node(Node)
        case finished(uid: String, SchedulingQueue.Outcome)
        case pauseOver
    }

    private let settings: Settings
    private let sources: Sources
    private let objects: any SchedulingObjects
    private let time: TimeSource
    private let logger: Logger

    /// A scheduler; ``run()`` starts it, once.
    public init(settings: Settings, sources: Sources, objects: any SchedulingObjects, time: TimeSource = .system, logger: Logger) {
        self.settings = settings
        self.sources = sources
        self.objects = objects
        self.time = time
        self.logger = logger
    }

    /// Runs until cancelled or asked to end; bindings that have begun are carried to their end or cancelled with the task.
    public func run() async {
        await cancelWhenGracefulShutdown {
            let (inputs, continuation) = AsyncStream<Input>.makeStream()
            await withDiscardingTaskGroup { group in
                group.addTask { for await change in self.sources.pods { continuation.yield(.pod(change)) } }
                group.addTask { for await node in self.sources.nodes { continuation.yield(.node(node)) } }
                await self.loop(inputs, continuation, &group)
                group.cancelAll()
            }
        }
    }

    private func loop(
        _ inputs: AsyncStream<Input>, _ continuation: AsyncStream<Input>.Continuation, _ group: inout DiscardingTaskGroup
    ) async {
        var queue = SchedulingQueue()
        var node: Node?
        var running = 0
        var alarm: Duration?
        for await input in inputs {
            switch input {
            case .pod(.upserted(let pod)): queue.upsert(pod)
            case .pod(.removed(let uid)): queue.remove(uid: uid)
            case .node(let changed):
                // A heartbeat alone changes nothing for pods that wait.
                let matters =
                    node?.metadata.labels != changed.metadata.labels || node?.spec != changed.spec
                    || node?.status.capacity != changed.status.capacity
                node = changed
                if matters { queue.nodeChanged() }
            case .finished(let uid, let outcome):
                running -= 1
                queue.finished(uid: uid, outcome, now: time.uptime()) { Self.pause(afterFailures: $0, random: time.random()) }
            case .pauseOver: alarm = nil
            }
            if let next = queue.resume(now: time.uptime()), next < alarm ?? .seconds(Int64.max) {
                alarm = next
                let wait = next - time.uptime()
                group.addTask { [time] in
                    try? await time.sleep(max(wait, .zero))
                    continuation.yield(.pauseOver)
                }
            }
            guard let node else { continue }
            while running < settings.parallelism, let pod = queue.next() {
                running += 1
                group.addTask { continuation.yield(.finished(uid: pod.metadata.uid, await self.attempt(pod, node))) }
            }
        }
    }

    /// Half a second, doubled with each failure in a row up to a minute, spread by chance.
    static func pause(afterFailures count: Int, random: Double) -> Duration {
        let doublings = min(max(count - 1, 0), 7)
        return min(.milliseconds(500 << doublings), .seconds(60)) * (0.8 + 0.4 * random)
    }

    private func attempt(_ pod: Pod, _ node: Node) async -> SchedulingQueue.Outcome {
        let decision = SchedulingDecision(
            pod, node: node, schedulerName: settings.schedulerName, namespace: settings.namespace, ownTaintKey: settings.ownTaintKey,
            totals: sources.totals())
        do {
            switch decision {
            case .ignore: return .waits
            case .bind: return try await bind(pod, to: node.metadata.name)
            case .wait(let refusal):
                try await report(refusal, of: pod)
                return .waits
            }
        } catch {
            if !Task.isCancelled {
                logger.warning(
                    "cannot bind a pod now, trying again",
                    metadata: ["pod": "\(pod.metadata.namespace)/\(pod.metadata.name)", "error": "\(error)"])
            }
            return .failed
        }
    }

    private func bind(_ pod: Pod, to node: String) async throws -> SchedulingQueue.Outcome {
        switch try await objects.bind(pod, to: node) {
        case .gone: return .done
        // Bound already, then the watch removes it; or not, then it must be tried again.
        case .conflict: return .failed
        case .bound:
            let message = "Successfully assigned \(pod.metadata.namespace)/\(pod.metadata.name) to \(node)"
            await objects.record(SchedulingEvent(reason: "Scheduled", message: message, isWarning: false), of: pod)
            return .done
        }
    }

    /// Says why a pod waits, unless it has been said.
    private func report(_ refusal: SchedulingDecision.Refusal, of pod: Pod) async throws {
        let known = pod.status.conditions.first { $0.type == "PodScheduled" }
        if let known, known.status == .false, known.reason == refusal.reason, known.message == refusal.message { return }
        var transition = Timestamp(time.now())
        if let known, known.status == .false, let since = known.lastTransitionTime { transition = since }
        try await objects.patch(
            PodCondition(
                type: "PodScheduled", status: .false, lastTransitionTime: transition, reason: refusal.reason, message: refusal.message),
            of: pod)
        guard refusal.hasEvent else { return }
        await objects.record(SchedulingEvent(reason: "FailedScheduling", message: refusal.message, isWarning: true), of: pod)
    }
}
