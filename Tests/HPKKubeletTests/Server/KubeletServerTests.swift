import Foundation
import NIOCore
import PodProtocol
import Synchronization
import Testing

@testable import HPKKubelet

@Suite("The kubelet port", .tags(.network, .security), .timeLimit(.minutes(2)))
struct KubeletServerTests {
    struct Running: Sendable {
        let port: Int
        let authority: CertificateAuthority
        let server: KubeletServer

        func connect(_ user: String = "admin", _ groups: [String] = ["system:masters"]) async throws -> HTTPClient {
            try await connect(identity: try issue(user, groups))
        }

        func connect(identity: TLSIdentity?) async throws -> HTTPClient {
            HTTPClient(client: try await RawClient.connect(port: port, trust: authority.certificate, identity: identity))
        }

        func issue(_ user: String, _ groups: [String], usage: CertificateAuthority.Usage = .client, lifetime: Int64 = 3600) throws
            -> TLSIdentity
        {
            try authority.issue(commonName: user, organizations: groups, usage: usage, now: present, lifetime: lifetime)
        }
    }

    private func withServer(
        _ state: FixedState? = nil, now: @escaping @Sendable () -> LogTime = LogTime.now,
        configure change: (inout KubeletServerConfiguration) -> Void = { _ in }, _ body: (Running) async throws -> Void
    ) async throws {
        let authority = try CertificateAuthority(name: "cluster", now: present)
        let identity = try authority.issue(commonName: "n", names: [.dns("localhost")], usage: .server, now: present, lifetime: 3600)
        var configuration = KubeletServerConfiguration(host: "127.0.0.1", port: 0, clientAuthorities: authority.certificate)
        change(&configuration)
        let server = try await KubeletServer.bind(
            configuration, identity: identity, state: try state ?? FixedState(log: LogFixture()), logger: quietLogger, now: now)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            do {
                try await body(Running(port: server.port, authority: authority, server: server))
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
    }

    // MARK: Who may ask

    /// What a client sees that is not let in: the handshake or the first read fails, whichever TLS 1.3 makes of it.
    private func answer(_ running: Running, _ identity: TLSIdentity?) async -> Response? {
        guard let client = try? await running.connect(identity: identity) else { return nil }
        return try? await client.get("/healthz")
    }

    @Test("Administrators and the API server get answers")
    func allowed() async throws {
        try await withServer { server in
            for (user, groups) in [
                ("admin", ["system:masters"]), ("a", ["x", "system:masters"]),
                ("kube-apiserver-kubelet-client", ["kubeadm:cluster-admins"]),
            ] {
                let response = try await server.connect(user, groups).get("/healthz")
                #expect(response?.status == 200)
                #expect(response?.body == "ok")
            }
        }
    }

    @Test("Without a certificate nothing answers")
    func noCertificate() async throws {
        try await withServer { server in #expect(await answer(server, nil) == nil) }
    }

    @Test("A certificate of another authority, an expired one, and a server's one get no answer")
    func badCertificates() async throws {
        let other = try CertificateAuthority(name: "cluster", now: present)
        try await withServer { server in
            let stranger = try other.issue(
                commonName: "admin", organizations: ["system:masters"], usage: .client, now: present, lifetime: 3600)
            let expired = try server.issue("admin", ["system:masters"], lifetime: -60)
            let serving = try server.issue("admin", ["system:masters"], usage: .server)
            for identity in [stranger, expired, serving] { #expect(await answer(server, identity) == nil) }
            #expect(await answer(server, try server.issue("admin", ["system:masters"]))?.status == 200)
        }
    }

    @Test(
        "A good certificate of anybody else is told that it may not",
        arguments: [("system:node:n", ["system:nodes"]), ("jane", []), ("system:masters", []), ("x", ["system:masters2"])],
        ["/healthz", "/pods", "/containerLogs/default/web/c", "/none"])
    func forbidden(client: (String, [String]), path: String) async throws {
        try await withServer { server in
            let response = try await server.connect(client.0, client.1).get(path)
            #expect(response?.status == 403)
            #expect(response?.body == "Forbidden (user=\(client.0), verb=get, resource=nodes, subresource=proxy)\n")
        }
    }

    @Test("A certificate that ends while its connection lives is good no longer")
    func endsLater() async throws {
        let clock = ShiftedClock()
        try await withServer(now: { clock.now }) { server in
            let client = try await server.connect()
            #expect(try await client.get("/healthz")?.status == 200)
            clock.shift(7200)
            #expect(try await client.get("/healthz")?.status == 401)
        }
    }

    @Test("A renewed certificate is shown to new connections")
    func renewal() async throws {
        try await withServer { server in
            let old = try await server.connect()
            let other = try server.authority.issue(
                commonName: "n", names: [.dns("elsewhere")], usage: .server, now: present, lifetime: 3600)
            try server.server.replaceIdentity(other)
            #expect(try await old.get("/healthz")?.status == 200)
            await #expect(throws: (any Error).self) { try await server.connect() }
        }
    }

    // MARK: Routes

    @Test("Many requests share a connection")
    func keepAlive() async throws {
        try await withServer { server in
            let client = try await server.connect()
            for _ in 0..<5 {
                #expect(try await client.get("/healthz")?.body == "ok")
                #expect(try await client.get("/pods")?.body == #"{"kind":"PodList","items":[]}"#)
            }
            #expect(try await client.get("/healthz", headers: ["Connection: close"])?.headers["connection"] == "close")
            #expect(await client.client.remainder().isEmpty)
        }
    }

    @Test(
        "Everything else gets a clear refusal",
        arguments: [
            ("GET", "/", 404), ("GET", "/healthz/", 404), ("GET", "/exec/default/web/c", 404), ("GET", "/containerLogs/default/web", 404),
            ("GET", "/containerLogs/default/web/", 404), ("POST", "/healthz", 405), ("DELETE", "/pods", 405),
            ("PUT", "/containerLogs/default/web/c", 405),
            ("GET", "/containerLogs/default/../web", 400), ("GET", "/containerLogs/default/%2e%2e/c", 400),
            ("GET", "/containerLogs/a%2fb/web/c", 400),
            ("GET", "/containerLogs/%zz/web/c", 400), ("GET", "/containerLogs/%00/web/c", 400), ("GET", "/containerLogs/%ff/web/c", 400),
            ("GET", "/containerLogs/default/web/c?follow=perhaps", 400), ("GET", "/containerLogs/default/web/c?limitBytes=0", 422),
            ("GET", "/containerLogs/default/web/c?x=%", 400), ("GET", "/" + String(repeating: "a", count: 9000), 414),
        ])
    func refused(method: String, path: String, status: Int) async throws {
        try await withServer { server in
            let client = try await server.connect()
            let response = try await client.get(path, method: method)
            #expect(response?.status == status)
            #expect((response?.headers["allow"] == "GET") == (status == 405))
            #expect(try await client.get("/healthz")?.status == 200)
        }
    }

    @Test("A body is thrown away; a long one ends the connection")
    func bodies() async throws {
        try await withServer { server in
            let client = try await server.connect()
            try await client.client.send("GET /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")
            #expect(try await client.response()?.body == "ok")
            try await client.client.send(
                "GET /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n" + String(repeating: "x", count: 100_000))
            #expect(try await client.response()?.status == 413)
            #expect(await client.client.remainder().isEmpty)
        }
    }

    // MARK: Logs

    @Test("Logs are sent as asked for")
    func logs() async throws {
        let (log, previous) = (try LogFixture(), try LogFixture())
        try log.append(LogFixture.entries(0..<3))
        try previous.append(LogFixture.entries(7..<9))
        try await withServer(FixedState(log: log, previous: previous), now: { LogTime(Array("2026-11-24T10:00:00Z".utf8)) ?? .now() }) {
            server in
            let client = try await server.connect()
            for (query, expected) in [
                ("", LogFixture.texts(0..<3)), ("?tailLines=1", LogFixture.texts(2..<3)), ("?limitBytes=4", "line"),
                ("?previous=true", LogFixture.texts(7..<9)),
                ("?tailLines=1&timestamps=true", "2026-11-24T10:00:00.000000000Z line 2\n"), ("?sinceTime=2026-11-24T10:00:01Z", ""),
                ("?sinceSeconds=1", LogFixture.texts(0..<3)),
            ] {
                let response = try await client.get("/containerLogs/default/web/c" + query)
                #expect(response?.status == 200)
                #expect(response?.headers["transfer-encoding"] == "chunked")
                #expect(response?.body == expected, "\(query)")
                #expect(response?.isComplete == true)
            }
        }
    }

    @Test(
        "What has no log is explained in the kubelet's words",
        arguments: [
            (.podNotFound, 404, "pod \"web\" does not exist"),
            (.containerNotFound, 404, "container \"c\" not found in pod \"web\""),
            (.notAvailable, 400, "container \"c\" in pod \"web\" is not available"),
            (.previousNotFound, 400, "previous terminated container \"c\" in pod \"web\" not found"),
            (.waiting(reason: "ContainerCreating"), 400, "container \"c\" in pod \"web\" is waiting to start: ContainerCreating"),
            (.waiting(reason: "ErrImagePull"), 400, "container \"c\" in pod \"web\" is waiting to start: image can't be pulled"),
            (
                .waiting(reason: "ImagePullBackOff"), 400,
                "container \"c\" in pod \"web\" is waiting to start: trying and failing to pull image"
            ),
            (.terminated, 400, "container \"c\" in pod \"web\" is terminated"),
        ] as [(LogTargetError, Int, String)])
    func noLog(error: LogTargetError, status: Int, message: String) async throws {
        try await withServer(FixedState(log: LogFixture(), failure: error)) { server in
            let response = try await server.connect().get("/containerLogs/default/web/c")
            #expect(response?.status == status)
            #expect(response?.body == message + "\n")
        }
    }

    @Test("A log that is gone is not shown as empty")
    func goneLog() async throws {
        let log = try LogFixture()
        try await withServer(FixedState(log: log)) { server in
            let client = try await server.connect()
            #expect(try await client.get("/containerLogs/default/web/c")?.body == "")
            log.finish()
            #expect(try await client.get("/containerLogs/default/web/c")?.status == 400)
        }
    }

    @Test("A followed log reaches the client line by line and ends with the container; the connection goes on")
    func follow() async throws {
        let log = try LogFixture()
        try log.append(LogFixture.entries(0..<2))
        log.connect()
        try await withServer(FixedState(log: log)) { server in
            let client = try await server.connect()
            try await client.client.send("GET /containerLogs/default/web/c?follow=true HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await client.head()?.status == 200)
            #expect(try await client.chunk() == LogFixture.texts(0..<2))
            let stream = try #require(await log.nextStream())
            let all = Array(LogFixture.entries(0..<10).utf8)
            for number in 2..<10 {
                let start = number == 2 ? Int(stream.offset) : LogFixture.entries(0..<number).utf8.count
                stream.continuation.yield(Array(all[start..<LogFixture.entries(0...number).utf8.count]))
                #expect(try await client.chunk() == LogFixture.texts(number...number))
            }
            log.finish()
            stream.continuation.finish()
            #expect(try await client.chunk() == "")
            #expect(try await client.get("/healthz")?.body == "ok")
        }
    }

    @Test("A client that goes away while it waits for log lines sets everything free")
    func clientGone() async throws {
        let log = try LogFixture()
        try log.append(LogFixture.entries(0..<2))
        log.connect()
        try await withServer(FixedState(log: log)) { server in
            let client = try await server.connect()
            try await client.client.send("GET /containerLogs/default/web/c?follow=true HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await client.head()?.status == 200)
            let stream = try #require(await log.nextStream())
            let (freed, continuation) = AsyncStream<Void>.makeStream()
            stream.continuation.onTermination = { _ in continuation.finish() }
            await client.client.close()
            for await _ in freed {}
        }
    }

    @Test("A client that does not read makes the log wait instead of filling the memory")
    func slowClient() async throws {
        let log = try LogFixture()
        log.connect()
        try await withServer(FixedState(log: log)) { server in
            let client = try await server.connect()
            try await client.client.send("GET /containerLogs/default/web/c?follow=true HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await client.head()?.status == 200)
            let stream = try #require(await log.nextStream())
            try await client.client.setReading(false)
            let taken = Mutex(0)
            // 100 MB: more than all sockets' buffers hold.
            let line = Array(("2026-11-24T10:00:00Z stdout F " + String(repeating: "q", count: 99_000) + "\n").utf8)
            log.play {
                taken.withLock { taken in
                    taken += 1
                    return taken <= 1000 ? line : nil
                }
            }
            stream.continuation.finish(throwing: SupervisorStreamError.connectionLost)
            #expect(try await settled { taken.withLock { $0 } } < 900)
            try await client.client.setReading(true)
            var bytes = 0
            while bytes < 1000 * 99_001, let chunk = try await client.chunk() { bytes += chunk.utf8.count }
            #expect(bytes == 1000 * 99_001)
        }
    }

    // MARK: Strangers and damage

    @Test("Who asks nothing is cut off")
    func silence() async throws {
        try await withServer(configure: { $0.firstRequestTime = .seconds(2) }) { server in
            let client = try await server.connect()
            #expect(await client.client.remainder().isEmpty)
        }
        try await withServer(configure: { $0.idleTime = .seconds(2) }) { server in
            let client = try await server.connect()
            #expect(try await client.get("/healthz")?.body == "ok")
            #expect(await client.client.remainder().isEmpty)
        }
    }

    @Test("Requests damaged at random end their own connection and nothing else", arguments: 0..<4)
    func fuzz(seed: UInt64) async throws {
        try await withServer(configure: { $0.idleTime = .seconds(2) }) { server in
            var random = SeededGenerator(seed)
            let identity = try server.issue("admin", ["system:masters"])
            for _ in 0..<25 {
                var bytes = Array(
                    "GET /containerLogs/default/web/c?tailLines=5&follow=false HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
                        .utf8)
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    let index = Int.random(in: 0..<bytes.count, using: &random)
                    switch Int.random(in: 0..<3, using: &random) {
                    case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                    case 1: bytes.remove(at: index)
                    default: bytes.insert(contentsOf: [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: 40), at: index)
                    }
                }
                let client = try await server.connect(identity: identity)
                try? await client.client.send(bytes + Array("\r\n\r\n".utf8))
                let answer = String(decoding: await client.client.remainder(), as: UTF8.self)
                #expect(answer.isEmpty || answer.hasPrefix("HTTP/1."))
                #expect(!answer.contains(" 500 "))
            }
            #expect(try await server.connect().get("/healthz")?.body == "ok")
        }
    }
}
