import Foundation
import Kubernetes
import Logging
import Slurm
import Synchronization
import Testing

@testable import HPKKubelet

/// An API server that knows one node and one lease. Patches are RFC 7386's, conditions merged by type.
private final class FakeNodeObjects: NodeObjects {
    struct State {
        var node: Node?
        var lease: Lease?
        var version = 1
        var failures = 0
        var refusesRole = false
        var leaseWrites = 0
    }

    struct Away: Error {}

    let state: Mutex<State>
    let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    init(node: Node? = nil, lease: Lease? = nil, failures: Int = 0) {
        state = Mutex(State(node: node, lease: lease, failures: failures))
        (changes, changed) = AsyncStream.makeStream()
    }

    private func answer<Value: Sendable>(_ body: (inout State) throws -> Value) throws -> Value {
        defer { changed.yield() }
        return try state.withLock { state in
            if state.failures > 0 {
                state.failures -= 1
                throw Away()
            }
            return try body(&state)
        }
    }

    private static let forbidden = KubernetesError(.status(Status(reason: "Forbidden", code: 403)), operation: "test", code: 403)

    func node(_ name: String) async throws -> Node? { try answer { $0.node } }

    func create(_ node: Node) async throws -> Bool {
        try answer { state in
            if state.refusesRole, node.metadata.labels["kubernetes.io/role"] != nil { throw Self.forbidden }
            guard state.node == nil else { return false }
            state.version += 1
            state.node = node
            state.node?.metadata.uid = "node-uid"
            state.node?.metadata.resourceVersion = "\(state.version)"
            return true
        }
    }

    func patch(node name: String, _ patch: Patch) async throws -> Bool {
        try answer { state in
            guard var node = state.node else { return false }
            if let version = patch.body["metadata"]?["resourceVersion"]?.string, version != node.metadata.resourceVersion { return false }
            if case .object(let labels)? = patch.body["metadata"]?["labels"] {
                for (name, value) in labels { node.metadata.labels[name] = value.string }
            }
            if let taints = patch.body["spec"]?["taints"] {
                node.spec.taints = taints == .null ? [] : try JSONDecoder().decode([Taint].self, from: JSONEncoder().encode(taints))
            }
            state.node = node
            return true
        }
    }

    func patchStatus(node name: String, _ patch: Patch) async throws -> Bool {
        try answer { state in
            guard var node = state.node, let conditions = patch.body["status"]?["conditions"] else { return false }
            for condition in try JSONDecoder().decode([NodeCondition].self, from: JSONEncoder().encode(conditions)) {
                node.status.conditions.removeAll { $0.type == condition.type }
                node.status.conditions.append(condition)
            }
            state.node = node
            return true
        }
    }

    func lease(_ name: String) async throws -> Lease? { try answer { $0.lease } }

    func create(_ lease: Lease) async throws -> Bool {
        try answer { state in
            guard state.lease == nil else { return false }
            state.version += 1
            state.lease = lease
            state.lease?.metadata.resourceVersion = "\(state.version)"
            return true
        }
    }

    func patch(lease name: String, _ patch: Patch) async throws -> Lease? {
        try answer { state in
            guard var lease = state.lease, patch.body["metadata"]?["resourceVersion"]?.string == lease.metadata.resourceVersion else {
                return nil
            }
            if let holder = patch.body["spec"]?["holderIdentity"]?.string { lease.spec.holderIdentity = holder }
            if let time = patch.body["spec"]?["renewTime"]?.string { lease.spec.renewTime = MicroTime(time) }
            if patch.body["metadata"]?["ownerReferences"] != nil {
                lease.metadata.ownerReferences = [OwnerReference(apiVersion: "v1", kind: "Node", name: name, uid: "node-uid")]
            }
            state.version += 1
            state.leaseWrites += 1
            lease.metadata.resourceVersion = "\(state.version)"
            state.lease = lease
            return lease
        }
    }
}

@Suite("Node service")
struct NodeServiceTests {
    private func service(
        _ objects: FakeNodeObjects, clock: JumpingClock = JumpingClock(),
        observe: @escaping @Sendable () async throws -> SlurmObservation = { NodeSamples.slurm() }
    ) -> NodeService {
        NodeService(
            name: "hpk-kubelet", identity: "me",
            surroundings: .init(objects: objects, describe: { NodeSamples.description() }, observe: observe, time: clock.source),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func lease(_ holder: String) -> Lease {
        Lease(
            metadata: ObjectMeta(name: "hpk-kubelet", resourceVersion: "1"),
            spec: LeaseSpec(
                holderIdentity: holder, leaseDurationSeconds: 40, renewTime: MicroTime(microsecondsSince1970: 1_700_000_000_000_000)))
    }

    @Test("A new node and lease are made")
    func fresh() async throws {
        let objects = FakeNodeObjects()
        try await service(objects).start()
        objects.state.withLock { state in
            #expect(state.node?.metadata.labels["type"] == "virtual-kubelet")
            #expect(state.lease?.spec.holderIdentity == "me")
        }
    }

    @Test("A node that is there is adopted: foreign labels and taints stay")
    func adopts() async throws {
        let foreign = Taint(key: "dedicated", value: "x", effect: .noSchedule)
        let objects = FakeNodeObjects(
            node: Node(metadata: ObjectMeta(name: "hpk-kubelet", uid: "old", labels: ["site": "a"]), spec: NodeSpec(taints: [foreign])))
        try await service(objects).start()
        objects.state.withLock { state in
            #expect(state.node?.metadata.uid == "old")
            #expect(state.node?.metadata.labels["site"] == "a")
            #expect(state.node?.spec.taints.map(\.key) == ["dedicated", "virtual-kubelet.io/provider"])
            #expect(state.node?.status.conditions.contains { $0.type == "Ready" && $0.status == .true } == true)
        }
    }

    @Test("An outage of the API server at the start is waited for, unless the time is limited")
    func outage() async throws {
        let objects = FakeNodeObjects(failures: 20)
        try await service(objects).start()
        #expect(objects.state.withLock { $0.node } != nil)
        let failure = await #expect(throws: StartupFailure.self) {
            try await service(FakeNodeObjects(failures: 1000)).start(timeout: .seconds(60))
        }
        #expect(failure?.status == .unavailable)
    }

    @Test("The lease of an agent that does not renew is taken over after its duration")
    func takesDeadLease() async throws {
        let objects = FakeNodeObjects(lease: lease("other"))
        let clock = JumpingClock()
        try await service(objects, clock: clock).start()
        #expect(objects.state.withLock { $0.lease?.spec.holderIdentity } == "me")
        #expect(clock.source.uptime() >= .seconds(40))
    }

    @Test("An agent that renews is left alone, and nothing is written")
    func refuses() async throws {
        let objects = FakeNodeObjects(lease: lease("other"))
        let renewing = Task {
            for await _ in objects.changes {
                objects.state.withLock { state in
                    guard let time = state.lease?.spec.renewTime else { return }
                    state.lease?.spec.renewTime = MicroTime(microsecondsSince1970: time.microsecondsSince1970 + 10_000_000)
                }
            }
        }
        let failure = await #expect(throws: StartupFailure.self) { try await service(objects).start() }
        renewing.cancel()
        #expect(failure?.status == .temporary)
        #expect(failure?.problem.contains("other") == true)
        objects.state.withLock { state in
            #expect(state.node == nil)
            #expect(state.leaseWrites == 0)
        }
    }

    @Test("A node that had been given up is brought back, and pods' conditions are asked for once")
    func recovery() async throws {
        var node = NodeSamples.description().node(NodeSamples.slurm(), now: NodeSamples.now)
        for index in node.status.conditions.indices where node.status.conditions[index].type == "Ready" {
            node.status.conditions[index].status = .unknown
        }
        let objects = FakeNodeObjects(node: node)
        let service = service(objects)
        try await service.start()
        var recoveries = service.recoveries.makeAsyncIterator()
        #expect(await recoveries.next() != nil)
        #expect(objects.state.withLock { $0.node?.status.conditions.first { $0.type == "Ready" }?.status } == .true)
    }

    @Test("Where the server lets no node name its own role, the node goes without")
    func restrictedRole() async throws {
        let objects = FakeNodeObjects()
        objects.state.withLock { $0.refusesRole = true }
        try await service(objects).start()
        let labels = try #require(objects.state.withLock { $0.node?.metadata.labels })
        #expect(labels["kubernetes.io/role"] == nil)
        #expect(labels["kubernetes.io/hostname"] == "hpk-kubelet")
    }

    @Test("Slurm's outage at the start does not keep the node away")
    func slurmAway() async throws {
        struct Away: Error, CustomStringConvertible { let description = "slurmctld is away" }
        let objects = FakeNodeObjects()
        try await service(objects, observe: { throw Away() }).start()
        let conditions = try #require(objects.state.withLock { $0.node?.status.conditions })
        #expect(conditions.first { $0.type == NodeDescription.slurmReachable }?.message == "slurmctld is away")
        #expect(conditions.first { $0.type == "Ready" }?.status == .true)
    }

    @Test(
        "While it runs: the lease is renewed with the node as its owner, a removed node is made again, and a takeover ends the service",
        .timeLimit(.minutes(1)))
    func running() async throws {
        let objects = FakeNodeObjects()
        let service = service(objects)
        try await service.start()
        let run = Task { try await service.run() }
        for await _ in objects.changes where objects.state.withLock({ $0.leaseWrites >= 3 }) { break }
        objects.state.withLock { #expect($0.lease?.metadata.ownerReferences.first?.uid == "node-uid") }
        objects.state.withLock { $0.node = nil }
        for await _ in objects.changes where objects.state.withLock({ $0.node != nil }) { break }
        objects.state.withLock { state in
            state.lease?.spec.holderIdentity = "usurper"
            state.lease?.metadata.resourceVersion = "999"
        }
        let failure = await #expect(throws: StartupFailure.self) { try await run.value }
        #expect(failure?.status == .temporary)
        #expect(failure?.problem.contains("usurper") == true)
    }
}
