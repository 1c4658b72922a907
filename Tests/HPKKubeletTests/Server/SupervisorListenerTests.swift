import Foundation
import NIOCore
import PodProtocol
import Synchronization
import Testing

@testable import HPKKubelet

@Suite("The listener for supervisors", .tags(.network), .timeLimit(.minutes(2)))
struct SupervisorListenerTests {
    /// A running listener.
    struct Running: Sendable {
        let port: Int
        let endpoints: [String]
        let trust: String
        let handler: RecordingHandler
    }

    private func withListener(
        handler: RecordingHandler = RecordingHandler(), folder: TemporaryFolder? = nil,
        _ change: (inout SupervisorListenerConfiguration) -> Void = { _ in }, _ body: (Running) async throws -> Void
    ) async throws {
        let folder = try folder ?? TemporaryFolder()
        let store = try IdentityStore(directory: folder.path, now: present)
        let identity = try store.serverIdentity("supervisors", commonName: "localhost", names: [.dns("localhost")], now: present)
        var configuration = SupervisorListenerConfiguration(
            host: "127.0.0.1", portFile: folder.path + "/port", advertisedHosts: ["head", "fd00::1"])
        change(&configuration)
        let listener = try await SupervisorListener.bind(configuration, identity: identity, handler: handler, logger: quietLogger)
        let running = Running(port: listener.port, endpoints: listener.endpoints, trust: store.authority.certificate, handler: handler)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            do {
                try await body(running)
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
    }

    @Test("A supervisor with the right token is welcomed, and its delivery follows")
    func welcome() async throws {
        let delivery = Delivery(secrets: ["KEY": "value"])
        try await withListener(handler: RecordingHandler(delivery: delivery)) { listener in
            #expect(listener.endpoints == ["head:\(listener.port)", "[fd00::1]:\(listener.port)"])
            let supervisor = try await ScriptedSupervisor.connect(port: listener.port, trust: listener.trust)
            try await supervisor.hello()
            #expect(try await supervisor.next() == MessageCoding.frame(.welcome, Welcome(knownSequence: 7)))
            #expect(try await supervisor.next() == MessageCoding.frame(.delivery, delivery))
            #expect(await listener.handler.next() == .connected("pod-1"))
        }
    }

    @Test("A wrong token gets the handler's words and no connection")
    func wrongToken() async throws {
        try await withListener { listener in
            let supervisor = try await ScriptedSupervisor.connect(port: listener.port, trust: listener.trust)
            try await supervisor.hello(token: "bad")
            #expect(try await supervisor.next() == MessageCoding.frame(.refusal, Refusal(message: "not admitted")))
            #expect(try await supervisor.next() == nil)
            #expect(listener.handler.connection == nil)
        }
    }

    @Test(
        "Another version of the protocol is named only to who has the token", arguments: [("good", "version 1"), ("bad", "not admitted")])
    func version(token: String, words: String) async throws {
        try await withListener { listener in
            let supervisor = try await ScriptedSupervisor.connect(port: listener.port, trust: listener.trust)
            try await supervisor.hello(token: token, version: 99)
            let frame = try #require(try await supervisor.next())
            let refusal = try MessageCoding.decode(Refusal.self, from: frame.payload, subject: "refusal")
            #expect(refusal.message.contains(words))
            #expect(try await supervisor.next() == nil)
        }
    }

    @Test("A client that trusts another authority does not connect")
    func wrongAuthority() async throws {
        let other = try CertificateAuthority(name: "other", now: present)
        try await withListener { listener in
            await #expect(throws: (any Error).self) {
                try await ScriptedSupervisor.connect(port: listener.port, trust: other.certificate)
            }
            await #expect(throws: (any Error).self) {
                try await ScriptedSupervisor.connect(port: listener.port, trust: listener.trust, name: "elsewhere")
            }
        }
    }

    @Test("A first frame that is no hello ends the connection without a word", arguments: [FrameType.event, .ping, .streamData, .welcome])
    func noHello(type: FrameType) async throws {
        try await withListener({ $0.helloTime = .seconds(120) }) { listener in
            let supervisor = try await ScriptedSupervisor.connect(port: listener.port, trust: listener.trust)
            try await supervisor.send(Frame(type, payload: [1, 2, 3]))
            let answer = await supervisor.client.remainder()
            #expect(answer.isEmpty)
        }
    }

    @Test("Who says nothing is cut off after the time for the hello")
    func silence() async throws {
        try await withListener({ $0.helloTime = .seconds(2) }) { listener in
            let supervisor = try await ScriptedSupervisor.connect(port: listener.port, trust: listener.trust)
            #expect(await supervisor.client.remainder().isEmpty)
        }
    }

    @Test("A hello that announces more bytes than a hello may have is cut off at once")
    func longHello() async throws {
        try await withListener { listener in
            let supervisor = try await ScriptedSupervisor.connect(port: listener.port, trust: listener.trust)
            var bytes = Frame(.hello, payload: [UInt8](repeating: 32, count: 1 << 20)).encoded
            bytes.removeLast(1000)
            try? await supervisor.client.send(bytes)
            #expect(await supervisor.client.remainder().isEmpty)
        }
    }

    @Test("Events come in order, each after the one before was dealt with, also to a slow node agent")
    func order() async throws {
        try await withListener { listener in
            let supervisor = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust)
            #expect(await listener.handler.next() == .connected("pod-1"))
            listener.handler.hold()
            for sequence in 1...500 { try await supervisor.send(event: UInt64(sequence)) }
            #expect(await listener.handler.next() == .event("pod-1", 1))
            listener.handler.release()
            for sequence in 2...500 { #expect(await listener.handler.next() == .event("pod-1", UInt64(sequence))) }
        }
    }

    @Test("A slow node agent makes the supervisor wait instead of filling the memory")
    func backPressure() async throws {
        try await withListener { listener in
            let supervisor = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust)
            #expect(await listener.handler.next() == .connected("pod-1"))
            listener.handler.hold()
            let event = try MessageCoding.frame(
                .event, PodEvent(sequence: 1, time: 0, kind: .stopping(reason: String(repeating: "x", count: 500_000))))
            // 200 MB do not fit into the sockets' buffers: the sender must be stopped before they are gone.
            let sent = Mutex(0)
            let sender = Task {
                for _ in 0..<400 {
                    try await supervisor.send(event)
                    sent.withLock { $0 += 1 }
                }
            }
            #expect(await listener.handler.next() == .event("pod-1", 1))
            #expect(try await settled { sent.withLock { $0 } } < 400)
            await supervisor.client.close()
            listener.handler.release()
            _ = await sender.result
        }
    }

    @Test("Pings are answered, pongs are taken")
    func ping() async throws {
        try await withListener { listener in
            let supervisor = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust)
            try await supervisor.send(Frame(.pong))
            try await supervisor.send(Frame(.ping))
            #expect(try await supervisor.next() == Frame(.pong))
        }
    }

    @Test("A peer that has gone silent is found out and reported")
    func deadPeer() async throws {
        // Long enough for the hello of a busy machine, which counts too.
        try await withListener({ ($0.pingInterval, $0.deadAfter) = (.milliseconds(100), .seconds(3)) }) { listener in
            let supervisor = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust)
            #expect(try await supervisor.nextOfAny() == Frame(.ping))
            #expect(await listener.handler.next() == .connected("pod-1"))
            #expect(await listener.handler.next() == .disconnected("pod-1"))
        }
    }

    @Test("A node agent that is busy does not take the peer's waiting for death")
    func busyIsNotDead() async throws {
        try await withListener({ ($0.pingInterval, $0.deadAfter) = (.milliseconds(200), .seconds(5)) }) { listener in
            let supervisor = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust)
            listener.handler.hold()
            for sequence in 1...50 { try await supervisor.send(event: UInt64(sequence)) }
            for _ in 0..<30 { _ = try await supervisor.nextOfAny() }
            try await supervisor.send(event: 51)
            listener.handler.release()
            #expect(await listener.handler.next() == .connected("pod-1"))
            for sequence in 1...51 { #expect(await listener.handler.next() == .event("pod-1", UInt64(sequence))) }
        }
    }

    @Test("A newer connection of the same pod replaces the older, whose end is reported first")
    func replacement() async throws {
        try await withListener { listener in
            let first = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust)
            #expect(await listener.handler.next() == .connected("pod-1"))
            let other = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust, uid: "pod-2")
            #expect(await listener.handler.next() == .connected("pod-2"))
            let second = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust)
            #expect(await listener.handler.next() == .disconnected("pod-1"))
            #expect(await listener.handler.next() == .connected("pod-1"))
            #expect(try await first.next() == nil)
            try await second.send(event: 8)
            #expect(await listener.handler.next() == .event("pod-1", 8))
            try await other.send(event: 9)
            #expect(await listener.handler.next() == .event("pod-2", 9))
        }
    }

    @Test("Stop and delivery reach the supervisor")
    func messages() async throws {
        try await withListener { listener in
            let supervisor = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust)
            _ = await listener.handler.next()
            let connection = try #require(listener.handler.connection)
            try await connection.send(StopRequest(graceSeconds: 30, reason: "Deleted"))
            try await connection.send(Delivery(secrets: ["KEY": "value"]))
            #expect(try await supervisor.next() == MessageCoding.frame(.stop, StopRequest(graceSeconds: 30, reason: "Deleted")))
            #expect(try await supervisor.next() == MessageCoding.frame(.delivery, Delivery(secrets: ["KEY": "value"])))
        }
    }

    @Test("Streams share the connection and keep apart")
    func streams() async throws {
        try await withListener { listener in
            let supervisor = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust)
            _ = await listener.handler.next()
            let connection = try #require(listener.handler.connection)
            let requests = (0..<3).map { StreamRequest.followLog(container: "c\($0)", restartCount: 0, offset: 5) }
            var streams: [AsyncThrowingStream<[UInt8], any Error>] = []
            for (index, request) in requests.enumerated() {
                streams.append(try await connection.open(request))
                #expect(try await supervisor.next() == MessageCoding.frame(.streamOpen, stream: UInt32(index + 1), request))
            }
            for byte in [1, 2] as [UInt8] {
                for stream in 1...3 as ClosedRange<UInt32> {
                    try await supervisor.send(Frame(.streamData, stream: stream, payload: [UInt8(stream), byte]))
                }
            }
            try await supervisor.send(MessageCoding.frame(.streamEnd, stream: 1, StreamEnd()))
            try await supervisor.send(MessageCoding.frame(.streamEnd, stream: 2, StreamEnd(message: "no such file")))
            for (index, error) in [nil, SupervisorStreamError.refused("no such file"), .connectionLost].enumerated() {
                if index == 2 { await supervisor.client.close() }
                var seen: [[UInt8]] = []
                var thrown: SupervisorStreamError?
                do {
                    for try await bytes in streams[index] { seen.append(bytes) }
                } catch let caught as SupervisorStreamError {
                    thrown = caught
                }
                #expect(seen == [[UInt8(index + 1), 1], [UInt8(index + 1), 2]])
                #expect(thrown == error)
            }
            await #expect(throws: SupervisorStreamError.connectionLost) { _ = try await connection.open(requests[0]) }
        }
    }

    @Test("Who lets go of a stream stops the supervisor from sending it")
    func abandoned() async throws {
        try await withListener { listener in
            let supervisor = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust)
            _ = await listener.handler.next()
            let connection = try #require(listener.handler.connection)
            let reader = Task {
                for try await bytes in try await connection.open(.followLog(container: "c", restartCount: 0, offset: 0)) { return bytes }
                return []
            }
            #expect(try await supervisor.next()?.type == .streamOpen)
            try await supervisor.send(Frame(.streamData, stream: 1, payload: [9]))
            #expect(try await reader.value == [9])
            #expect(try await supervisor.next() == MessageCoding.frame(.streamEnd, stream: 1, StreamEnd()))
            try await supervisor.send(Frame(.streamData, stream: 1, payload: [10]))
            try await supervisor.send(event: 1)
            #expect(await listener.handler.next() == .event("pod-1", 1))
        }
    }

    @Test("A cancelled reader of a quiet stream ends at once")
    func cancelledReader() async throws {
        try await withListener { listener in
            let supervisor = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust)
            _ = await listener.handler.next()
            let connection = try #require(listener.handler.connection)
            let reader = Task {
                for try await _ in try await connection.open(.followLog(container: "c", restartCount: 0, offset: 0)) {}
            }
            #expect(try await supervisor.next()?.type == .streamOpen)
            reader.cancel()
            _ = await reader.result
            #expect(try await supervisor.next()?.type == .streamEnd)
        }
    }

    @Test("A slow reader of a stream gets what was kept, then an error, and holds up no event")
    func slowReader() async throws {
        try await withListener({ $0.streamCapacity = 10_000 }) { listener in
            let supervisor = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust)
            _ = await listener.handler.next()
            let stream = try await #require(listener.handler.connection).open(.followLog(container: "c", restartCount: 0, offset: 0))
            #expect(try await supervisor.next()?.type == .streamOpen)
            for _ in 0..<100 { try await supervisor.send(Frame(.streamData, stream: 1, payload: [UInt8](repeating: 1, count: 1000))) }
            try await supervisor.send(event: 1)
            #expect(await listener.handler.next() == .event("pod-1", 1))
            #expect(try await supervisor.next() == MessageCoding.frame(.streamEnd, stream: 1, StreamEnd()))
            var bytes = 0
            await #expect(throws: SupervisorStreamError.consumerTooSlow) { for try await piece in stream { bytes += piece.count } }
            #expect(bytes == 10_000)
        }
    }

    @Test("The port is remembered for the next start, and another one is taken where it is not free")
    func rememberedPort() async throws {
        let folder = try TemporaryFolder()
        var first = 0
        try await withListener(folder: folder) { first = $0.port }
        try await withListener(folder: folder) { second in
            #expect(second.port == first)
            try await withListener(folder: folder) { third in #expect(third.port != first) }
        }
        try write("99999999\n", to: folder.path + "/port")
        try await withListener(folder: folder) { #expect($0.port > 0) }
    }

    @Test("A running supervisor that knows the authority finds the restarted daemon")
    func restart() async throws {
        let folder = try TemporaryFolder()
        var old: Running?
        try await withListener(folder: folder) { old = $0 }
        let known = try #require(old)
        try await withListener(folder: folder) { listener in
            _ = try await ScriptedSupervisor.admitted(port: known.port, trust: known.trust)
            #expect(await listener.handler.next() == .connected("pod-1"))
        }
    }

    @Test("Strangers use up only their own places")
    func strangers() async throws {
        try await withListener({ $0.mostStrangers = 3 }) { listener in
            let known = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust)
            #expect(await listener.handler.next() == .connected("pod-1"))
            var idle: [RawClient] = []
            for _ in 0..<3 { idle.append(try await RawClient.connect(port: listener.port, trust: listener.trust)) }
            await #expect(throws: (any Error).self) { try await RawClient.connect(port: listener.port, trust: listener.trust) }
            try await known.send(event: 1)
            #expect(await listener.handler.next() == .event("pod-1", 1))
            for client in idle { await client.close() }
        }
    }

    @Test("Two hundred supervisors at once are all served")
    func many() async throws {
        try await withListener { listener in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let supervisor = try await ScriptedSupervisor.admitted(
                            port: listener.port, trust: listener.trust, uid: "pod-\(number)")
                        try await supervisor.send(event: UInt64(number))
                        try await supervisor.send(Frame(.ping))
                        #expect(try await supervisor.next() == Frame(.pong))
                        await supervisor.client.close()
                    }
                }
                try await group.waitForAll()
            }
            var seen: [String: [Happening]] = [:]
            for _ in 0..<600 {
                switch await listener.handler.next() {
                case .connected(let uid): seen[uid, default: []].append(.connected(uid))
                case .event(let uid, let sequence): seen[uid, default: []].append(.event(uid, sequence))
                case .disconnected(let uid): seen[uid, default: []].append(.disconnected(uid))
                case nil: break
                }
            }
            for number in 0..<200 {
                let uid = "pod-\(number)"
                #expect(seen[uid] == [.connected(uid), .event(uid, UInt64(number)), .disconnected(uid)])
            }
        }
    }

    @Test("Random bytes and damaged frames end their own connection and nothing else", arguments: 0..<4)
    func fuzz(seed: UInt64) async throws {
        try await withListener { listener in
            let healthy = try await ScriptedSupervisor.admitted(port: listener.port, trust: listener.trust, uid: "healthy")
            #expect(await listener.handler.next() == .connected("healthy"))
            var random = SeededGenerator(seed)
            for round in 0..<25 {
                var bytes: [UInt8] = []
                let admitted = round % 2 == 0
                if !admitted { bytes = try MessageCoding.frame(.hello, ScriptedSupervisor.greeting(uid: "f")).encoded }
                for _ in 0..<Int.random(in: 1...5, using: &random) {
                    let type = FrameType.allCases[Int.random(in: 0..<FrameType.allCases.count, using: &random)]
                    let payload = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                    bytes += Frame(type, stream: UInt32.random(in: 0...3, using: &random), payload: payload).encoded
                }
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                let client = try await RawClient.connect(port: listener.port, trust: listener.trust)
                if admitted {
                    try await client.send(Frame(.hello, payload: MessageCoding.encode(ScriptedSupervisor.greeting(uid: "f"))).encoded)
                }
                try? await client.send(bytes)
                // A frame of an unknown type or a second hello: the listener cannot take these for valid ones.
                try? await client.send([0, 0, 0, 1, 255, 0, 0, 0, 0] + Frame(.hello).encoded)
                await client.close()
            }
            try await healthy.send(event: 77)
            while let happening = await listener.handler.next(), happening != .event("healthy", 77) {}
        }
    }
}
