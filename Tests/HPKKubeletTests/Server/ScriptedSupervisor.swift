import NIOCore
import PodProtocol
import Synchronization

@testable import HPKKubelet

/// A supervisor whose every step the test gives.
struct ScriptedSupervisor: Sendable {
    let client: RawClient

    static func connect(port: Int, trust: String, name: String = "localhost", reading: Bool = true) async throws -> ScriptedSupervisor {
        ScriptedSupervisor(client: try await RawClient.connect(port: port, trust: trust, name: name, reading: reading))
    }

    /// Connects, says hello and waits for the welcome.
    static func admitted(port: Int, trust: String, uid: String = "pod-1", token: String = "good") async throws -> ScriptedSupervisor {
        let supervisor = try await connect(port: port, trust: trust)
        try await supervisor.hello(uid: uid, token: token)
        guard try await supervisor.next()?.type == .welcome else { throw ChannelError.eof }
        return supervisor
    }

    static func greeting(uid: String = "pod-1", token: String = "good", version: Int = Hello.currentVersion) -> Hello {
        var hello = Hello(
            uid: uid, token: token, start: SupervisorStart(jobID: 1, attempt: 0, host: "c1", processID: 2), lastSequence: 0)
        hello.version = version
        return hello
    }

    func hello(uid: String = "pod-1", token: String = "good", version: Int = Hello.currentVersion) async throws {
        try await send(MessageCoding.frame(.hello, Self.greeting(uid: uid, token: token, version: version)))
    }

    func send(_ frame: Frame) async throws {
        try await client.send(frame.encoded)
    }

    func send(event sequence: UInt64) async throws {
        try await send(MessageCoding.frame(.event, PodEvent(sequence: sequence, time: 0, kind: .stopping(reason: "\(sequence)"))))
    }

    /// The next frame that is no ping; nil at the connection's end.
    func next() async throws -> Frame? {
        while let frame = try await nextOfAny() {
            if frame.type != .ping { return frame }
        }
        return nil
    }

    func nextOfAny() async throws -> Frame? {
        try await client.receive { buffer in
            var decoder = FrameDecoder()
            decoder.append(buffer)
            guard let frame = try decoder.next() else { return nil }
            buffer.removeFirst(Frame.headerLength + frame.payload.count)
            return frame
        }
    }
}

/// What the listener told the node agent, in order.
enum Happening: Equatable, Sendable {
    case connected(String)
    case event(String, UInt64)
    case disconnected(String)
}

/// A node agent that writes down what it hears, admits the token `good`, and can be held up.
final class RecordingHandler: SupervisorHandler {
    private struct State {
        var connections: [any SupervisorConnection] = []
        var isHeld = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let continuation: AsyncStream<Happening>.Continuation
    private let happenings: AsyncStream<Happening>
    let delivery: Delivery?

    init(delivery: Delivery? = nil) {
        (happenings, continuation) = AsyncStream.makeStream()
        self.delivery = delivery
    }

    /// The next happening; waits for it.
    func next() async -> Happening? {
        var iterator = happenings.makeAsyncIterator()
        return await iterator.next()
    }

    /// The newest connection.
    var connection: (any SupervisorConnection)? { state.withLock { $0.connections.last } }

    /// From now on events wait.
    func hold() { state.withLock { $0.isHeld = true } }

    func release() {
        let waiters = state.withLock { state in
            state.isHeld = false
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func admit(_ hello: Hello) async -> SupervisorAdmission {
        hello.token == "good" ? .accept(knownSequence: 7, delivery: delivery) : .refuse(message: "not admitted")
    }

    func connected(_ uid: String, _ connection: any SupervisorConnection) async {
        state.withLock { $0.connections.append(connection) }
        continuation.yield(.connected(uid))
    }

    func received(_ event: PodEvent, from uid: String) async {
        continuation.yield(.event(uid, event.sequence))
        await withCheckedContinuation { continuation in
            let goOn = state.withLock { state in
                if state.isHeld { state.waiters.append(continuation) }
                return !state.isHeld
            }
            if goOn { continuation.resume() }
        }
    }

    func disconnected(_ uid: String, _ connection: any SupervisorConnection) async {
        continuation.yield(.disconnected(uid))
    }
}

/// A growing count's value once it has grown and then stood still for a second.
func settled(_ count: @Sendable () -> Int) async throws -> Int {
    var last = count()
    while true {
        try await Task.sleep(for: .seconds(1))
        let now = count()
        if now == last, now > 0 { return now }
        last = now
    }
}
