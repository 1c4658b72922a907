import Foundation
import Synchronization
import Testing

@testable import Kubernetes

@Suite("HTTP engine", .timeLimit(.minutes(1)))
struct HTTPEngineTests {
    @Test(
        "method, path, headers and body arrive as they are, and so does the answer", arguments: ["GET", "POST", "PUT", "PATCH", "DELETE"])
    func exchange(method: String) async throws {
        let server = try LoopbackServer { request, connection in
            connection.respond(
                "201 Created", "\(request.head)\r\n|\(String(decoding: request.body, as: UTF8.self))", headers: "X-A:  b \r\nx-a: c\r\n")
            return true
        }
        let body = method == "GET" ? nil : Data("{\"a\":\"é\"}".utf8)
        let request = HTTPRequest(
            method: method, url: server.url + "/p%2Fq?x=%26", headers: ["X-Empty": "", "X-Text": "a: b", "Content-Type": "c/d"], body: body)
        let response = try await HTTPEngine().send(request)
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(response.status == 201)
        #expect(response.headers["X-a"] == "b")
        #expect(response.headers.values("X-A") == ["b", "c"])
        #expect(text.hasPrefix("\(method) /p%2Fq?x=%26 HTTP/1.1\r\n"))
        for line in ["X-Empty:", "X-Text: a: b", "Content-Type: c/d"] { #expect(text.contains("\r\n\(line)\r\n")) }
        #expect(!text.contains("Expect:"))
        #expect(text.hasSuffix("|\(body.map { String(decoding: $0, as: UTF8.self) } ?? "")"))
    }

    @Test("HEAD has headers and no body, an empty POST has length 0")
    func bodiless() async throws {
        let server = try LoopbackServer { request, connection in
            if request.line.hasPrefix("HEAD") {
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX: y\r\n\r\n")
            } else {
                connection.respond("200 OK", request.head.contains("Content-Length: 0") ? "empty" : request.head)
            }
            return true
        }
        let engine = try HTTPEngine()
        let head = try await engine.send(HTTPRequest(method: "HEAD", url: server.url))
        #expect(head.headers["X"] == "y" && head.body.isEmpty)
        let post = try await engine.send(HTTPRequest(method: "POST", url: server.url, body: Data()))
        #expect(String(decoding: post.body, as: UTF8.self) == "empty")
    }

    @Test("requests that could smuggle something are refused before they are sent")
    func smuggling() async throws {
        let server = try LoopbackServer { _, connection in
            connection.respond("200 OK")
            return true
        }
        let engine = try HTTPEngine()
        var requests = ["a\r\nb: c", "a\u{0}b", "a\nb", "\u{7f}"].map { HTTPRequest(url: server.url, headers: ["X": $0]) }
        requests += ["", "a b", "a:", "a\r\nb", "é"].map { HTTPRequest(url: server.url, headers: [$0: "x"]) }
        requests += ["", "GET /x", "GET\r\n"].map { HTTPRequest(method: $0, url: server.url) }
        requests += ["/a b", "/a\r\nb", "/\u{0}"].map { HTTPRequest(url: server.url + $0) }
        requests += ["file:///etc/passwd", "gopher://127.0.0.1", "", "nonsense://x"].map { HTTPRequest(url: $0) }
        for request in requests {
            let error = await #expect(throws: HTTPError.self, "\(request.label)") { try await engine.send(request) }
            #expect(error?.kind == .invalidRequest, "\(String(describing: error))")
        }
        #expect(server.connectionCount == 0)
    }

    @Test("errors show neither query nor password")
    func labels() async throws {
        let error = await #expect(throws: HTTPError.self) {
            try await HTTPEngine().send(HTTPRequest(url: "http://user:s3cret@127.0.0.1:1/path?token=s3cret"))
        }
        #expect(error?.kind == .unreachable)
        #expect(error?.request == "GET http://127.0.0.1:1/path")
        #expect(error.map { "\($0)".contains("s3cret") } == false)
    }

    @Test("a connection that breaks, hangs or says nonsense is told apart")
    func breaks() async throws {
        let server = try LoopbackServer { request, connection in
            switch request.path {
            case "/half": connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            case "/nothing": break
            case "/rubbish": connection.write("SSH-2.0-OpenSSH\r\n")
            case "/hang": connection.waitForEnd()
            case "/halfhang":
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                connection.waitForEnd()
            default: break
            }
            return false
        }
        let engine = try HTTPEngine()
        func kind(_ path: String, _ change: (inout HTTPRequest) -> Void = { _ in }) async -> HTTPError.Kind? {
            var request = HTTPRequest(url: server.url + path)
            change(&request)
            do {
                _ = try await engine.send(request)
                return nil
            } catch { return (error as? HTTPError)?.kind }
        }
        #expect(await kind("/half") == .connectionLost)
        #expect(await kind("/nothing") == .connectionLost)
        #expect(await kind("/rubbish") == .connectionLost)
        #expect(await kind("/hang") { $0.timeout = .milliseconds(100) } == .timeout)
        #expect(await kind("/halfhang") { $0.timeout = .milliseconds(100) } == .timeout)
        #expect(await kind("/halfhang") { $0.idleTimeout = .seconds(1) } == .timeout)
        #expect(await kind("/") { $0.url = "http://127.0.0.1:1/" } == .unreachable)
        let overTLS = await kind("/") { request in
            request.url = request.url.replacingOccurrences(of: "http:", with: "https:")
            request.connectTimeout = .milliseconds(100)
        }
        #expect(overTLS == .unreachable)
    }

    @Test("a response longer than the limit is an error, one just as long is not")
    func limit() async throws {
        let server = try LoopbackServer { _, connection in
            connection.respond("200 OK", String(repeating: "x", count: 100_000))
            return true
        }
        let engine = try HTTPEngine()
        var request = HTTPRequest(url: server.url)
        request.responseLimit = 100_000
        #expect(try await engine.send(request).body.count == 100_000)
        request.responseLimit = 99_999
        let error = await #expect(throws: HTTPError.self) { try await engine.send(request) }
        #expect(error?.kind == .responseTooLarge)
    }

    @Test("redirects are followed only when wished, and a credential does not go to another host")
    func redirects() async throws {
        let target = try LoopbackServer { request, connection in
            connection.respond("200 OK", request.head)
            return true
        }
        let targetURL = target.url.replacingOccurrences(of: "127.0.0.1", with: "localhost")
        let server = try LoopbackServer { _, connection in
            connection.respond("307 Temporary Redirect", headers: "Location: \(targetURL)/there\r\n")
            return true
        }
        let engine = try HTTPEngine()
        var request = HTTPRequest(url: server.url, headers: ["Authorization": "Bearer s3cret", "X-Other": "kept"])
        #expect(try await engine.send(request).status == 307)
        request.redirectLimit = 3
        let response = try await engine.send(request)
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(response.status == 200)
        #expect(text.hasPrefix("GET /there") && text.contains("X-Other: kept"))
        #expect(!text.contains("s3cret"))
    }

    @Test("connections are used again, and a fresh one is made when asked for")
    func reuse() async throws {
        let server = try LoopbackServer { _, connection in
            connection.respond("200 OK")
            return true
        }
        let engine = try HTTPEngine()
        var request = HTTPRequest(url: server.url)
        for _ in 0..<20 { _ = try await engine.send(request) }
        #expect(server.connectionCount == 1)
        request.needsFreshConnection = true
        _ = try await engine.send(request)
        #expect(server.connectionCount == 2)
    }

    @Test("a stream gives its header at once and its chunks as they come")
    func streaming() async throws {
        let gate = DispatchSemaphore(value: 0)
        let server = try LoopbackServer { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for text in ["one", "two"] {
                gate.wait()
                connection.write("3\r\n\(text)\r\n")
            }
            connection.write("0\r\n\r\n")
            return true
        }
        let engine = try HTTPEngine()
        let stream = try await engine.stream(HTTPRequest(url: server.url))
        #expect(stream.status == 200)
        var chunks = stream.chunks.makeAsyncIterator()
        gate.signal()
        #expect(try await chunks.next() == Data("one".utf8))
        gate.signal()
        #expect(try await chunks.next() == Data("two".utf8))
        #expect(try await chunks.next() == nil)
        #expect(try await chunks.next() == nil)
    }

    @Test("a slow reader slows the sender down, loses nothing, and does not hold up others")
    func backPressure() async throws {
        let total = 64 << 20
        let sent = Atomic<Int>(0)
        let server = try LoopbackServer { request, connection in
            guard request.path == "/big" else {
                connection.respond("200 OK", "quick")
                return true
            }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            let block = Data((0..<65536).map { UInt8($0 & 0xff) })
            for _ in 0..<total / block.count {
                guard connection.write(block) else { return false }
                sent.wrappingAdd(block.count, ordering: .relaxed)
            }
            return true
        }
        let engine = try HTTPEngine()
        let stream = try await engine.stream(HTTPRequest(url: server.url + "/big", timeout: nil))
        for _ in 0..<20 { #expect(try await engine.send(HTTPRequest(url: server.url)).body == Data("quick".utf8)) }
        // What fits into the kernel's buffers and ours, far less than all.
        #expect(sent.load(ordering: .relaxed) < total / 2)
        var received = 0
        for try await chunk in stream.chunks {
            #expect(chunk.first == UInt8(received & 0xff))
            received += chunk.count
        }
        #expect(received == total)
    }

    @Test("a cancelled task gets its cancellation and the connection is closed")
    func cancellation() async throws {
        let ended = AsyncStream<Void>.makeStream()
        let began = AsyncStream<Void>.makeStream()
        let server = try LoopbackServer { request, connection in
            if request.path == "/stream" { connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx") }
            began.continuation.yield()
            connection.waitForEnd()
            ended.continuation.yield()
            return false
        }
        let engine = try HTTPEngine()
        var endings = ended.stream.makeAsyncIterator()
        var beginnings = began.stream.makeAsyncIterator()
        let url = server.url
        let request = Task { try await engine.send(HTTPRequest(url: url)) }
        await beginnings.next()
        request.cancel()
        await #expect(throws: CancellationError.self) { try await request.value }
        await endings.next()

        let reading = Task {
            var chunks = try await engine.stream(HTTPRequest(url: url + "/stream")).chunks.makeAsyncIterator()
            #expect(try await chunks.next() == Data("x".utf8))
            return try await chunks.next()
        }
        await beginnings.next()
        reading.cancel()
        await #expect(throws: CancellationError.self) { try await reading.value }
        await endings.next()
    }

    @Test("a stream that nobody reads any more is closed")
    func abandonment() async throws {
        let ended = AsyncStream<Void>.makeStream()
        let server = try LoopbackServer { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
            connection.waitForEnd()
            ended.continuation.yield()
            return false
        }
        let engine = try HTTPEngine()
        var endings = ended.stream.makeAsyncIterator()
        #expect(try await engine.stream(HTTPRequest(url: server.url)).status == 200)
        await endings.next()
    }

    @Test("when the engine goes, what is under way ends")
    func stopping() async throws {
        let server = try LoopbackServer { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
            connection.waitForEnd()
            return false
        }
        var engine: HTTPEngine? = try HTTPEngine()
        let stream = try #require(try await engine?.stream(HTTPRequest(url: server.url)))
        var chunks = stream.chunks.makeAsyncIterator()
        #expect(try await chunks.next() == Data("x".utf8))
        engine = nil
        let error = await #expect(throws: HTTPError.self) { try await chunks.next() }
        #expect(error?.kind == .stopped)
    }

    @Test("hundreds of requests at once are all answered, each with its own answer")
    func crowd() async throws {
        let server = try LoopbackServer { request, connection in
            connection.respond("200 OK", request.path)
            return true
        }
        let engine = try HTTPEngine()
        let url = server.url
        try await withThrowingTaskGroup(of: (Int, Data).self) { group in
            for number in 0..<300 { group.addTask { (number, try await engine.send(HTTPRequest(url: "\(url)/\(number)")).body) } }
            for try await (number, body) in group { #expect(body == Data("/\(number)".utf8)) }
        }
    }
}
