import Kubernetes
import Logging
import Testing

@testable import HPKKubelet

/// An API server whose answers the test releases one by one.
private actor GatedAPI: PodAPI {
    private(set) var written: [PodStatusUpdate] = []
    private var gates: [CheckedContinuation<Void, any Error>] = []
    private var arrivals: [CheckedContinuation<Void, Never>] = []
    var isOpen = false

    func open() {
        isOpen = true
        for gate in gates { gate.resume() }
        gates = []
    }

    func write(_ update: PodStatusUpdate) async throws {
        written.append(update)
        for arrival in arrivals { arrival.resume() }
        arrivals = []
        if !isOpen { try await withCheckedThrowingContinuation { gates.append($0) } }
    }

    func release(_ result: Result<Void, any Error> = .success(())) {
        guard !gates.isEmpty else { return }
        gates.removeFirst().resume(with: result)
    }

    /// Returns when so many writes have been asked for.
    func waitForWrites(_ count: Int) async {
        while written.count < count { await withCheckedContinuation { arrivals.append($0) } }
    }

    func confirmDeletion(namespace: String, name: String, uid: String) async throws {}
}

@Suite("Writing statuses", .timeLimit(.minutes(1)))
struct PodStatusWriterTests {
    private struct Refused: Error {}

    private static func update(_ uid: String, _ message: String) -> PodStatusUpdate {
        PodStatusUpdate(namespace: "n", name: uid, uid: uid, status: PodStatus(message: message), annotations: [:])
    }

    private static func writer(_ api: GatedAPI, parallelism: Int = 8, deferral: Duration = .zero) -> PodStatusWriter {
        PodStatusWriter(
            api: api, logger: Logger(label: "test"), parallelism: parallelism, delay: { $0 == .now ? .zero : deferral },
            pause: { _ in .zero })
    }

    @Test("While one write is under way, only the newest of what came meanwhile follows")
    func coalesces() async {
        let api = GatedAPI()
        let writer = Self.writer(api)
        for message in ["one", "two", "three"] { await writer.set(Self.update("a", message)) }
        await api.waitForWrites(1)
        await api.open()
        await writer.flush("a")
        #expect(await api.written.map(\.status.message) == ["one", "three"])
    }

    @Test("The same status is written once")
    func sameStatus() async {
        let api = GatedAPI()
        await api.open()
        let writer = Self.writer(api)
        for _ in 0..<3 {
            await writer.set(Self.update("a", "same"))
            await writer.flush("a")
        }
        #expect(await api.written.count == 1)
    }

    @Test("A write that fails is made again")
    func retries() async {
        let api = GatedAPI()
        let writer = Self.writer(api)
        await writer.set(Self.update("a", "x"))
        await api.waitForWrites(1)
        await api.release(.failure(Refused()))
        await api.waitForWrites(2)
        await api.open()
        await writer.flush("a")
        #expect(await api.written.map(\.status.message) == ["x", "x"])
    }

    @Test("No more writes than allowed are under way, and every pod gets its turn")
    func parallelism() async {
        let api = GatedAPI()
        let writer = Self.writer(api, parallelism: 2)
        for uid in ["a", "b", "c", "d"] { await writer.set(Self.update(uid, "x")) }
        await api.waitForWrites(2)
        #expect(await api.written.count == 2)
        await api.open()
        for uid in ["a", "b", "c", "d"] { await writer.flush(uid) }
        #expect(await Set(api.written.map(\.uid)) == ["a", "b", "c", "d"])
    }

    @Test("After an outage of the node every status is written again")
    func rewrites() async {
        let api = GatedAPI()
        await api.open()
        let writer = Self.writer(api)
        await writer.set(Self.update("a", "x"))
        await writer.flush("a")
        await writer.rewriteAll()
        await writer.flush("a")
        #expect(await api.written.count == 2)
    }

    @Test("A forgotten pod lets those go who wait for it")
    func forgets() async {
        let api = GatedAPI()
        let writer = Self.writer(api)
        await writer.set(Self.update("a", "x"))
        await api.waitForWrites(1)
        async let flushed: Void = writer.flush("a")
        await writer.forget("a")
        await api.open()
        await flushed
        #expect(await api.written.count == 1)
    }

    private static func waiting(_ annotations: [String: String] = [:]) -> PodStatusUpdate {
        PodStatusUpdate(
            namespace: "n", name: "a", uid: "a",
            status: PodStatus(phase: .pending, containerStatuses: [ContainerStatus(name: "c")]), annotations: annotations)
    }

    private static var running: PodStatusUpdate {
        var update = waiting(["job": "1"])
        update.status.phase = .running
        update.status.containerStatuses[0].state.running = ContainerStateRunning(startedAt: Timestamp(secondsSince1970: 1))
        return update
    }

    @Test("What nobody waits for goes with what follows, and that goes at once")
    func defers() async {
        let api = GatedAPI()
        await api.open()
        // No test lasts an hour: what is written did not wait for it.
        let writer = Self.writer(api, deferral: .seconds(3600))
        await writer.set(Self.waiting())
        await writer.set(Self.waiting(["job": "1"]))
        await writer.set(Self.running)
        await api.waitForWrites(1)
        await writer.flush("a")
        #expect(await api.written == [Self.running])
    }

    @Test("What nobody waits for goes alone after its moment, and at once when it is flushed")
    func releases() async {
        let api = GatedAPI()
        await api.open()
        let patient = Self.writer(api, deferral: .milliseconds(1))
        await patient.set(Self.waiting())
        await api.waitForWrites(1)
        let writer = Self.writer(api, deferral: .seconds(3600))
        await writer.set(Self.waiting())
        await writer.flush("a")
        #expect(await api.written == [Self.waiting(), Self.waiting()])
    }

    @Test("An update that becomes more urgent while it waits goes when that is due")
    func hastens() async {
        let api = GatedAPI()
        await api.open()
        let writer = PodStatusWriter(
            api: api, logger: Logger(label: "test"),
            delay: { $0 == .now ? .zero : $0 == .soon ? .milliseconds(1) : .seconds(3600) })
        await writer.set(Self.running)
        await api.waitForWrites(1)
        var annotated = Self.running
        annotated.annotations = ["job": "1"]
        await writer.set(annotated)
        var ended = annotated
        ended.status.containerStatuses[0].state = ContainerState(terminated: ContainerStateTerminated(exitCode: 0))
        await writer.set(ended)
        await api.waitForWrites(2)
        #expect(await api.written == [Self.running, ended])
    }

    @Test("The last word on a job waits after its pod's end, and is let go when the pod is deleted")
    func afterwards() async {
        let api = GatedAPI()
        await api.open()
        let writer = Self.writer(api, deferral: .seconds(3600))
        var ended = Self.running
        ended.status.phase = .succeeded
        await writer.set(ended)
        await writer.flush("a")
        var completed = ended
        completed.annotations = ["state": "COMPLETED"]
        await writer.set(completed)
        await writer.flush("a")
        #expect(await api.written == [ended])
    }

    @Test("Phases, starts and ends of containers, restarts and readiness are urgent; annotations, addresses and waiting reasons are not")
    func urgency() {
        let before = Self.waiting()
        #expect(before.urgency(after: nil) == .later)
        #expect(Self.waiting(["job": "1"]).urgency(after: before) == .later)
        func changed(_ change: (inout PodStatus) -> Void) -> StatusUrgency {
            var update = before
            change(&update.status)
            return update.urgency(after: before)
        }
        #expect(changed { $0.containerStatuses[0].state.waiting = ContainerStateWaiting(reason: "SlurmPending") } == .later)
        #expect(changed { $0.startTime = Timestamp(secondsSince1970: 1) } == .later)
        #expect(changed { $0.podIP = "10.0.0.1" } == .later)
        #expect(changed { $0.phase = .failed } == .now)
        #expect(changed { $0.reason = "NodeLost" } == .now)
        #expect(changed { $0.containerStatuses[0].restartCount = 1 } == .now)
        #expect(changed { $0.containerStatuses[0].ready = true } == .now)
        #expect(changed { $0.containerStatuses[0].state.terminated = ContainerStateTerminated(exitCode: 0) } == .soon)
        #expect(
            changed {
                $0.containerStatuses[0].state.terminated = ContainerStateTerminated(exitCode: 0)
                $0.containerStatuses.append(ContainerStatus(name: "second"))
            } == .now)
        #expect(changed { $0.conditions = [PodCondition(type: "Ready", status: .true)] } == .now)
        #expect(Self.running.urgency(after: nil) == .now)
        var ended = Self.running
        ended.status.phase = .succeeded
        #expect(ended.urgency(after: Self.running) == .now)
        var annotated = ended
        annotated.annotations = ["state": "COMPLETED"]
        #expect(annotated.urgency(after: ended) == .afterwards)
    }
}
