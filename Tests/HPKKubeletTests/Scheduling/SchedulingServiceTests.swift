import Foundation
import Kubernetes
import Logging
import Synchronization
import Testing

@testable import HPKKubelet

/// An API server that remembers what it was told.
private final class FakeSchedulingObjects: SchedulingObjects {
    struct Away: Error {}

    struct State {
        var bound: [String] = []
        var conditions: [PodCondition] = []
        var events: [SchedulingEvent] = []
        var outcomes: [String: [BindOutcome?]] = [:]
        var running = 0
        var most = 0
    }

    let state = Mutex(State())
    let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    init() {
        (changes, changed) = AsyncStream.makeStream()
    }

    func bind(_ pod: Pod, to node: String) async throws -> BindOutcome {
        state.withLock {
            $0.running += 1
            $0.most = max($0.most, $0.running)
        }
        await Task.yield()
        defer { changed.yield() }
        return try state.withLock { state in
            state.running -= 1
            let next: BindOutcome? =
                state.outcomes[pod.metadata.uid]?.isEmpty == false ? state.outcomes[pod.metadata.uid]?.removeFirst() : .bound
            guard let outcome = next else { throw Away() }
            if outcome == .bound { state.bound.append(pod.metadata.uid) }
            return outcome
        }
    }

    func patch(_ condition: PodCondition, of pod: Pod) async throws {
        state.withLock { $0.conditions.append(condition) }
        changed.yield()
    }

    func record(_ event: SchedulingEvent, of pod: Pod) async {
        state.withLock { $0.events.append(event) }
        changed.yield()
    }
}

@Suite("Scheduling service", .timeLimit(.minutes(1)))
struct SchedulingServiceTests {
    private func pod(_ name: String, _ change: (inout Pod) -> Void = { _ in }) -> Pod {
        var pod = Pod(
            metadata: ObjectMeta(name: name, namespace: "default", uid: name, resourceVersion: "1"),
            spec: PodSpec(containers: [Container(name: "c")]))
        change(&pod)
        return pod
    }

    private func node(_ labels: [String: String] = [:]) -> Node { Node(metadata: ObjectMeta(name: "hpk-kubelet", labels: labels)) }

    private struct Bench {
        let objects = FakeSchedulingObjects()
        let pods = AsyncStream<UnboundPodChange>.makeStream()
        let nodes = AsyncStream<Node>.makeStream()

        /// Runs the service while `body` feeds and looks at it.
        func run(parallelism: Int = 32, _ body: (Bench) async throws -> Void) async rethrows {
            var settings = SchedulingService.Settings(KubeletConfiguration())
            settings.parallelism = parallelism
            let service = SchedulingService(
                settings: settings, sources: .init(pods: pods.stream, nodes: nodes.stream, totals: { nil }), objects: objects,
                time: JumpingClock().source,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let run = Task { await service.run() }
            defer { run.cancel() }
            try await body(self)
        }

        func wait(until condition: (FakeSchedulingObjects.State) -> Bool) async {
            for await _ in objects.changes where objects.state.withLock({ condition($0) }) { return }
        }
    }

    @Test("Pods are bound once the node is known, with the scheduler's event, a bounded number at a time")
    func binds() async {
        await Bench().run(parallelism: 4) { bench in
            for number in 0..<200 { bench.pods.continuation.yield(.upserted(pod("p\(number)"))) }
            bench.nodes.continuation.yield(node())
            await bench.wait { $0.events.count == 200 }
            bench.objects.state.withLock { state in
                #expect(Set(state.bound).count == 200)
                #expect(state.bound.count == 200)
                #expect(state.most <= 4)
                #expect(
                    state.events.contains(
                        SchedulingEvent(reason: "Scheduled", message: "Successfully assigned default/p7 to hpk-kubelet", isWarning: false)))
            }
        }
    }

    @Test("A failed or refused binding is tried again; a pod that is gone is not")
    func retries() async {
        await Bench().run { bench in
            bench.objects.state.withLock { $0.outcomes = ["a": [nil, .conflict, nil], "b": [.gone]] }
            bench.nodes.continuation.yield(node())
            bench.pods.continuation.yield(.upserted(pod("b")))
            bench.pods.continuation.yield(.upserted(pod("a")))
            await bench.wait { $0.bound == ["a"] }
            #expect(bench.objects.state.withLock { $0.outcomes["b"] } == [])
        }
    }

    @Test("A pod that cannot run here is told why, and bound when the node changes")
    func waits() async {
        await Bench().run { bench in
            bench.nodes.continuation.yield(node())
            bench.pods.continuation.yield(.upserted(pod("a") { $0.spec.nodeSelector = ["zone": "a"] }))
            await bench.wait { !$0.events.isEmpty }
            bench.objects.state.withLock { state in
                #expect(state.conditions.map(\.reason) == ["Unschedulable"])
                #expect(state.conditions.first?.status == .false)
                #expect(state.events.map(\.reason) == ["FailedScheduling"])
                #expect(state.bound.isEmpty)
            }
            bench.nodes.continuation.yield(node(["zone": "a"]))
            await bench.wait { $0.bound == ["a"] }
        }
    }

    @Test("What was said is not said again")
    func saysOnce() async {
        await Bench().run { bench in
            bench.nodes.continuation.yield(node())
            let gated = pod("a") { pod in
                pod.spec.schedulingGates = [PodSchedulingGate(name: "g")]
                pod.status.conditions = [
                    PodCondition(
                        type: "PodScheduled", status: .false, reason: "SchedulingGated",
                        message: "Scheduling is blocked due to non-empty scheduling gates")
                ]
            }
            bench.pods.continuation.yield(.upserted(gated))
            bench.pods.continuation.yield(.upserted(pod("b")))
            await bench.wait { $0.bound == ["b"] }
            #expect(bench.objects.state.withLock { $0.conditions.isEmpty })
        }
    }

    @Test("Pauses double up to a minute")
    func pauses() {
        #expect(
            [1, 2, 3, 8, 100].map { SchedulingService.pause(afterFailures: $0, random: 0.5) } == [
                .milliseconds(500), .seconds(1), .seconds(2), .seconds(60), .seconds(60),
            ])
    }
}
