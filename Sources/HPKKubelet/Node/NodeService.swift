import Kubernetes
import Logging
import ServiceLifecycle
import Synchronization

/// Keeps the node object and its lease: registers or adopts the node, renews the lease every 10 seconds, reports the status when it
/// changes and every five minutes, and brings the node back after the API server had given it up.
///
/// At a graceful end the node is left as it is, as a kubelet does: its lease runs out and the API server marks it Unknown. Its pods run on
/// in Slurm, and the next start takes the node up again.
public final class NodeService: ServiceLifecycle.Service {
    /// What the service talks to.
    public struct Surroundings: Sendable {
        public var objects: any NodeObjects
        /// The node as it should be; called for each report, so that free disk space is fresh.
        public var describe: @Sendable () -> NodeDescription
        /// Asks Slurm for its nodes.
        public var observe: @Sendable () async throws -> SlurmObservation
        public var time: TimeSource

        /// Names the four.
        public init(
            objects: any NodeObjects, describe: @escaping @Sendable () -> NodeDescription,
            observe: @escaping @Sendable () async throws -> SlurmObservation, time: TimeSource = .system
        ) {
            self.objects = objects
            self.describe = describe
            self.observe = observe
            self.time = time
        }
    }

    /// Yields once each time the API server had given the node up and it was brought back: the Ready condition of every pod must then be
    /// patched again, which nobody but the agent does. One event waits for a late reader.
    public let recoveries: AsyncStream<Void>

    let name: String
    let identity: String
    let surroundings: Surroundings
    let logger: Logger
    private let state = Mutex(State())
    private let recovered: AsyncStream<Void>.Continuation
    private let statusWakes: Wakes
    private let slurmWakes: Wakes

    private struct State {
        var hasStarted = false
        var node: Node?
        var slurm = SlurmObservation()
        var readers: [Int: AsyncStream<Node>.Continuation] = [:]
        var nextReader = 0
        var lease: Lease?
        /// The server's NodeRestriction keeps nodes from naming their own role.
        var leavesRoleOut = false
    }

    /// A service for one node.
    ///
    /// - Parameter identity: ``AgentIdentity/text`` of this agent.
    public init(name: String, identity: String, surroundings: Surroundings, logger: Logger) {
        self.name = name
        self.identity = identity
        self.surroundings = surroundings
        self.logger = logger
        (recoveries, recovered) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        statusWakes = Wakes()
        slurmWakes = Wakes()
    }

    // MARK: What others see

    /// The node as it was last seen; nil before the start.
    public var node: Node? { state.withLock { $0.node } }

    /// What was last heard of Slurm.
    public var slurm: SlurmObservation { state.withLock { $0.slurm } }

    /// The node now, if it is known, and each time it changes; only the newest waits for a slow reader.
    public func nodes() -> AsyncStream<Node> {
        let (stream, continuation) = AsyncStream<Node>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.nextReader += 1
            state.readers[state.nextReader] = continuation
            if let node = state.node { continuation.yield(node) }
            return state.nextReader
        }
        continuation.onTermination = { [weak self] _ in
            // The closure would otherwise run within the lock when the last reference goes there.
            _ = self?.state.withLock { $0.readers.removeValue(forKey: number) }
        }
        return stream
    }

    /// The node object was changed or removed by somebody: look at it now. For the watch of the node.
    public func nodeChanged() { statusWakes.wake() }

    /// A request to Slurm failed or works again elsewhere in the agent: ask now instead of at the next interval.
    public func askSlurm() { slurmWakes.wake() }

    // MARK: Life

    /// Takes the lease and registers the node. Nothing may be submitted before this has returned: until then another agent may serve the node.
    ///
    /// - Parameter timeout: how long the API server may stay away; zero waits for ever.
    /// - Throws: ``StartupFailure``: another agent serves the node (temporary), or the time is over (unavailable).
    public func start(timeout: Duration = .zero) async throws {
        let deadline = timeout == .zero ? nil : surroundings.time.uptime() + timeout
        let lease = try await LeaseAcquisition(service: self, deadline: deadline).run()
        await observeSlurm()
        var pause = GrowingPause(first: .seconds(1), limit: .seconds(30))
        while true {
            do {
                try await reconcile()
                break
            } catch let error as CancellationError {
                throw error
            } catch {
                try checkDeadline(deadline, after: error)
                logger.warning("cannot register the node, trying again", metadata: ["error": "\(error)"])
                try await surroundings.time.sleep(pause.grow(random: surroundings.time.random()))
            }
        }
        state.withLock { state in
            state.lease = lease
            state.hasStarted = true
        }
        logger.notice("node is registered", metadata: ["node": "\(name)"])
    }

    /// Runs until cancelled or asked to end; calls ``start(timeout:)`` where nobody has.
    ///
    /// - Throws: ``StartupFailure`` when another agent took the node over.
    public func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                if !self.state.withLock({ $0.hasStarted }) { try await self.start() }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await self.renewLease() }
                    group.addTask { try await self.reportStatus() }
                    group.addTask { try await self.watchSlurm() }
                    try await group.next()
                    group.cancelAll()
                }
            } catch is CancellationError {
                return
            }
        }
    }

    func checkDeadline(_ deadline: Duration?, after error: any Error) throws {
        guard let deadline, surroundings.time.uptime() >= deadline else { return }
        throw StartupFailure(
            .unavailable, problem: "the API server did not let the node register in time: \(error)",
            advice: "Check the API server and the kubeconfig with hpk-kubelet doctor, or raise --startup-timeout.")
    }

    // MARK: Lease

    private static let leasePeriod = Duration.seconds(10)

    private func renewLease() async throws {
        var pause = GrowingPause(first: .seconds(1), limit: Self.leasePeriod)
        var lastRenewal = surroundings.time.uptime()
        while true {
            do {
                try await renewOnce()
                pause.reset()
                let now = surroundings.time.uptime()
                // Longer than three periods: the controller may have given the node up meanwhile.
                if now - lastRenewal > Self.leasePeriod * 3 { statusWakes.wake() }
                lastRenewal = now
                try await surroundings.time.sleep(Self.leasePeriod)
            } catch let error as CancellationError {
                throw error
            } catch let error as StartupFailure {
                throw error
            } catch {
                logger.warning("cannot renew the node's lease, trying again", metadata: ["error": "\(error)"])
                try await surroundings.time.sleep(pause.grow(random: surroundings.time.random()))
            }
        }
    }

    private func renewOnce() async throws {
        let (known, node) = state.withLock { ($0.lease, $0.node) }
        let now = MicroTime(surroundings.time.now())
        if let known, let renewed = try await surroundings.objects.patch(lease: name, try LeaseBody.renewal(known, node: node, now: now)) {
            state.withLock { $0.lease = renewed }
            return
        }
        // Gone, or changed by somebody: look before writing again.
        guard let lease = try await surroundings.objects.lease(name) else {
            let made = LeaseBody.new(name: name, identity: identity, node: node, now: now)
            _ = try await surroundings.objects.create(made)
            let lease = try await surroundings.objects.lease(name)
            state.withLock { $0.lease = lease }
            return
        }
        guard lease.spec.holderIdentity == identity else {
            throw LeaseBody.heldByOther(name: name, holder: lease.spec.holderIdentity ?? "")
        }
        let renewed = try await surroundings.objects.patch(lease: name, try LeaseBody.renewal(lease, node: node, now: now))
        state.withLock { $0.lease = renewed ?? lease }
    }

    // MARK: Status

    private static let statusPeriod = Duration.seconds(60)

    private func reportStatus() async throws {
        var pause = GrowingPause(first: .seconds(1), limit: .seconds(30))
        while true {
            do {
                try await reconcile()
                pause.reset()
                try await statusWakes.wait(atMost: Self.statusPeriod, surroundings.time)
            } catch let error as CancellationError {
                throw error
            } catch {
                logger.warning("cannot report the node's status, trying again", metadata: ["error": "\(error)"])
                try await surroundings.time.sleep(pause.grow(random: surroundings.time.random()))
            }
        }
    }

    /// Makes the node object say what it should, once.
    func reconcile() async throws {
        do {
            try await reconcileOnce()
        } catch let error as KubernetesError where error.isForbidden && !state.withLock({ $0.leavesRoleOut }) {
            state.withLock { $0.leavesRoleOut = true }
            logger.notice("the API server refuses the node's role, leaving it out", metadata: ["error": "\(error)"])
            try await reconcileOnce()
        }
    }

    private func reconcileOnce() async throws {
        let objects = surroundings.objects
        let description = surroundings.describe()
        let now = Timestamp(surroundings.time.now())
        // A refused change means that somebody else was quicker: look again, a few times.
        for _ in 0..<5 {
            var desired = description.node(slurm, now: now)
            if state.withLock({ $0.leavesRoleOut }) { NodeDescription.removeRole(from: &desired) }
            let current = try await objects.node(name)
            let plan = try NodeReconciliation(current: current, desired: desired, taintKey: description.taintKey, now: now)
            if plan.creates {
                if try await objects.create(desired) { logger.notice("node created", metadata: ["node": "\(name)"]) }
                continue
            }
            // The status first: whoever may not change labels or taints can still be Ready.
            if let patch = plan.statusPatch, try await !objects.patchStatus(node: name, patch) { continue }
            if let patch = plan.metadataPatch, try await !patchMetadata(patch) { continue }
            if plan.wasGivenUp {
                logger.notice("node is ready again", metadata: ["node": "\(name)"])
                recovered.yield()
            }
            let isChanged = plan.metadataPatch != nil || plan.statusPatch != nil
            publish(isChanged ? try await objects.node(name) ?? current : current)
            return
        }
        throw NodeChangesTooOften(name: name)
    }

    /// A node's own credentials may not change its taints (admission plugin NodeRestriction): that is said, and no reason not to be Ready.
    private func patchMetadata(_ patch: Patch) async throws -> Bool {
        do {
            return try await surroundings.objects.patch(node: name, patch)
        } catch let error as KubernetesError where error.isForbidden && state.withLock({ $0.leavesRoleOut }) {
            logger.warning("the API server refuses the node's labels or taint", metadata: ["error": "\(error)"])
            return true
        }
    }

    private func publish(_ node: Node?) {
        guard let node else { return }
        let readers = state.withLock { state -> [AsyncStream<Node>.Continuation] in
            let isNew = state.node != node
            state.node = node
            return isNew ? Array(state.readers.values) : []
        }
        for reader in readers { reader.yield(node) }
    }

    // MARK: Slurm

    private func watchSlurm() async throws {
        var pause = GrowingPause(first: .seconds(5), limit: .seconds(60))
        while true {
            if slurm.isReachable {
                pause.reset()
                try await slurmWakes.wait(atMost: .seconds(60), surroundings.time)
            } else {
                try await slurmWakes.wait(atMost: pause.grow(random: surroundings.time.random()), surroundings.time)
            }
            await observeSlurm()
        }
    }

    private func observeSlurm() async {
        let before = slurm
        let after: SlurmObservation
        do {
            after = try await surroundings.observe()
        } catch is CancellationError {
            return
        } catch {
            after = before.failing("\(error)")
        }
        guard after != before else { return }
        state.withLock { $0.slurm = after }
        if after.isReachable != before.isReachable {
            logger.notice(
                after.isReachable ? "Slurm answers" : "Slurm does not answer",
                metadata: after.isReachable ? [:] : ["error": "\(after.problem)"])
        }
        statusWakes.wake()
    }
}

/// The node object was changed by others each time that this agent wanted to change it.
struct NodeChangesTooOften: Error, CustomStringConvertible {
    let name: String
    var description: String { "node \(name) was changed by others five times within one report" }
}
