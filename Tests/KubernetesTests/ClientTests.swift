import Foundation
import Testing

@testable import Kubernetes

@Suite("Client")
struct ClientTests {
    private static let map = #"{"metadata":{"name":"a"}}"#

    @Test("names cannot leave their place in the path")
    func paths() {
        #expect(Pod.descriptor.path(namespace: "n", name: "p", subresource: "status") == "/api/v1/namespaces/n/pods/p/status")
        #expect(Lease.descriptor.path(namespace: "n") == "/apis/coordination.k8s.io/v1/namespaces/n/leases")
        #expect(Node.descriptor.path(namespace: "ignored", name: "x") == "/api/v1/nodes/x")
        #expect(Pod.descriptor.path() == "/api/v1/pods")
        #expect(Pod.descriptor.path(namespace: "..", name: "a/../b?c#é%") == "/api/v1/namespaces/%2E%2E/pods/a%2F..%2Fb%3Fc%23%C3%A9%25")
    }

    @Test(
        "what is tried again, and when",
        arguments: [
            ("GET", [.failure(.unreachable), .failure(.connectionLost), .failure(.timeout)], 4),
            ("POST", [.failure(.unreachable)], 2), ("POST", [.failure(.connectionLost)], 1), ("POST", [.failure(.timeout)], 1),
            ("POST", [.response(429, "{}")], 2), ("POST", [.response(503, "{}")], 1),
            ("GET", [.response(503, "{}"), .response(500, "{}")], 3),
            ("GET", [.failure(.tls)], 1), ("GET", [.failure(.responseTooLarge)], 1), ("GET", [.failure(.invalidRequest)], 1),
            ("GET", [.failure(.stopped)], 1), ("GET", [.response(404, "{}")], 1), ("GET", [.response(409, "{}")], 1),
            ("GET", [.response(422, "{}")], 1),
            ("PATCH", [.response(500, "{}")], 2), ("GET", [ScriptedTransport.Answer](repeating: .response(500, "{}"), count: 9), 5),
        ] as [(String, [ScriptedTransport.Answer], Int)])
    func retries(method: String, failures: [ScriptedTransport.Answer], attempts: Int) async throws {
        let transport = ScriptedTransport(failures + [.response(200, "{}")])
        let time = TestTime()
        let succeeds = attempts == failures.count + 1
        do {
            _ = try await transport.client(time: time).send(APIRequest(method, "/x"))
            #expect(succeeds)
        } catch is KubernetesError {
            #expect(!succeeds)
        }
        #expect(transport.requests.count == attempts)
        #expect(time.slept == [250, 500, 1000, 2000].prefix(attempts - 1).map { .microseconds($0 * 750) })
    }

    @Test("after a time-out another connection is used")
    func freshConnection() async throws {
        let transport = ScriptedTransport([.failure(.timeout), .failure(.connectionLost), .response(200, "{}")])
        _ = try await transport.client().send(APIRequest("GET", "/x"))
        #expect(transport.requests.map(\.needsFreshConnection) == [false, true, false])
    }

    @Test(
        "Retry-After is obeyed, up to the policy's cap", arguments: [("3", 3000), ("9999", 10000), ("0", 188), ("soon", 188), ("-5", 188)])
    func retryAfter(value: String, milliseconds: Int) async throws {
        let transport = ScriptedTransport([.response(429, "{}", ["Retry-After": value]), .response(200, "{}")])
        let time = TestTime()
        _ = try await transport.client(time: time).send(APIRequest("POST", "/x"))
        #expect(time.slept.map(\.milliseconds) == [milliseconds])
    }

    @Test("a refused token is read again once, a fixed one is not")
    func unauthorized() async throws {
        let folder = try TemporaryFolder()
        let file = Authentication.tokenFile(try folder.write("token", "t"))
        let renewed = ScriptedTransport([.response(401, "{}"), .response(200, "{}")])
        _ = try await renewed.client(authentication: file).send(APIRequest("GET", "/x"))
        #expect(renewed.requests.map { $0.headers["Authorization"] } == ["Bearer t", "Bearer t"])
        for authentication in [file, .token("t")] {
            let refused = ScriptedTransport([.response(401, "{}"), .response(401, "{}")])
            let error = await #expect(throws: KubernetesError.self) {
                try await refused.client(authentication: authentication).send(APIRequest("GET", "/x"))
            }
            #expect(error?.isUnauthorized == true)
            #expect(refused.requests.count == (authentication == .token("t") ? 1 : 2))
        }
        let missing = await #expect(throws: KubernetesError.self) {
            try await ScriptedTransport([]).client(authentication: .tokenFile("/nowhere")).send(APIRequest("GET", "/x"))
        }
        #expect(missing.map { "\($0)".contains("/nowhere") } == true)
    }

    @Test(
        "an error says what failed, in the server's words",
        arguments: [
            (
                404, #"{"kind":"Status","reason":"NotFound","message":"pods \"a\" not found","code":404}"#,
                "GET /x: HTTP 404 NotFound: pods \"a\" not found"
            ),
            (403, #"{"reason":"Forbidden","message":"no"}"#, "GET /x: HTTP 403 Forbidden: no (grant the user this right)"),
            (400, "<html>bad</html>", "GET /x: HTTP 400 <html>bad</html>"),
            (410, #"{"reason":"Expired"}"#, "GET /x: HTTP 410 Expired (list anew)"), (302, "", "GET /x: HTTP 302 "),
        ])
    func errors(code: Int, body: String, text: String) async throws {
        let error = await #expect(throws: KubernetesError.self) {
            try await ScriptedTransport([.response(code, body)]).client().send(APIRequest("GET", "/x"))
        }
        #expect(error?.description == text)
        #expect(error?.isNotFound == (code == 404))
        #expect(error?.isGone == (code == 410))
        #expect(error?.isForbidden == (code == 403))
        #expect(error?.isInvalid == (code == 400))
    }

    @Test("apiVersion and kind are added, patches have their types")
    func bodies() async throws {
        let transport = ScriptedTransport([ScriptedTransport.Answer](repeating: .response(200, Self.map), count: 6))
        let client = transport.client()
        try await client.create(ConfigMap(metadata: ObjectMeta(name: "a", namespace: "n"), data: ["x": "y"]))
        try await client.patch(ConfigMap.self, "a", namespace: "n", .merge(["a": nil]))
        try await client.patch(ConfigMap.self, "a", namespace: "n", subresource: "status", .status(["x": "y"], uid: "u"))
        try await client.patchOnly(
            ConfigMap.descriptor, "a", namespace: "n", .json([.add(path: Patch.Operation.pointer("a/b~c"), value: [1])]))
        try await client.patch(ConfigMap.self, "a", namespace: "n", .apply([:], fieldManager: "m", force: true))
        try await client.delete(
            ConfigMap.self, "a", namespace: "n", options: DeleteOptions(gracePeriodSeconds: 0, preconditions: Preconditions(uid: "u")))
        let bodies = try transport.requests.map { try JSONDecoder().decode(JSONValue.self, from: $0.body ?? Data()) }
        #expect(
            bodies == [
                ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a", "namespace": "n"], "data": ["x": "y"]], ["a": nil],
                ["metadata": ["uid": "u"], "status": ["x": "y"]], [["op": "add", "path": "/a~1b~0c", "value": [1]]], [:],
                ["apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0, "preconditions": ["uid": "u"]],
            ])
        #expect(
            transport.requests.map { $0.headers["Content-Type"] } == [
                "application/json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/json-patch+json",
                "application/apply-patch+yaml", "application/json",
            ])
        #expect(transport.targets[4].hasSuffix("/configmaps/a?fieldManager=m&force=true"))
    }

    @Test("a response that is not what was asked for is a clear error that shows no contents")
    func unexpected() async throws {
        let error = await #expect(throws: KubernetesError.self) {
            try await ScriptedTransport([.response(200, #"{"data":"s3cret"}"#)]).client().get(Secret.self, "a", namespace: "n")
        }
        #expect(error?.description.contains(".data") == true)
        #expect(error?.description.contains("s3cret") == false)
        let list = await #expect(throws: KubernetesError.self) {
            try await ScriptedTransport([.response(200, "<html>")]).client().list(Secret.self)
        }
        #expect(list?.isRetryable == false)
        await #expect(throws: KubernetesError.self) {
            try await ScriptedTransport([.response(200, "{}")]).client().token(serviceAccount: "a", namespace: "n", TokenRequestSpec())
        }
    }

    @Test("a list that is gone again and again is an error in the end")
    func listGone() async throws {
        let transport = ScriptedTransport([ScriptedTransport.Answer](repeating: .response(410, "{}"), count: 9))
        await #expect(throws: KubernetesError.self) { try await transport.client().list(ConfigMap.self) }
        #expect(transport.requests.count == 4)
    }
}

@Suite("Events")
struct EventAggregatorTests {
    private func note(_ message: String, object: String = "o") -> EventNote {
        EventNote(
            object: EventObject(kind: "Pod", apiVersion: "v1", namespace: "n", name: object, uid: "u", fieldPath: ""), type: .normal,
            reason: "R", message: message)
    }

    @Test("equal notes are counted, others and old ones are new, too many are dropped")
    func decisions() {
        var aggregator = EventAggregator()
        #expect(aggregator.decide(note("a"), now: .zero, unique: 0xabc) == .create(name: "o.abc"))
        #expect(aggregator.decide(note("a"), now: .zero, unique: 2) == .count(name: "o.abc", count: 2))
        #expect(aggregator.decide(note("b"), now: .zero, unique: 3) == .create(name: "o.3"))
        #expect(aggregator.decide(note("a"), now: .seconds(599), unique: 4) == .count(name: "o.abc", count: 3))
        #expect(aggregator.decide(note("a"), now: .seconds(1199), unique: 5) == .create(name: "o.5"))
        aggregator.forget(note("a"))
        #expect(aggregator.decide(note("a"), now: .seconds(1199), unique: 6) == .create(name: "o.6"))
        for number in 0..<23 { #expect(aggregator.decide(note("\(number)"), now: .seconds(1199), unique: 7) != .drop) }
        #expect(aggregator.decide(note("c"), now: .seconds(1199), unique: 8) == .drop)
        #expect(aggregator.decide(note("c", object: "p"), now: .seconds(1199), unique: 8) == .create(name: "p.8"))
        #expect(aggregator.decide(note("c"), now: .seconds(1209), unique: 9) == .create(name: "o.9"))
        #expect(aggregator.decide(note("c"), now: .seconds(1209), unique: 9) == .drop)
    }

    @Test("memory is bounded and names stay below 253 bytes")
    func bounds() {
        var aggregator = EventAggregator()
        for number in 0..<20_000 {
            guard
                case .create(let name) = aggregator.decide(
                    note("x", object: "\(number)" + String(repeating: "o", count: 253)), now: .seconds(number), unique: .max)
            else {
                Issue.record("dropped")
                return
            }
            #expect(name.utf8.count <= 253)
        }
    }

    @Test(
        "texts are cut at a character's end",
        arguments: [("abc", 5, "abc"), ("abcde", 5, "abcde"), ("abcdef", 5, "ab..."), ("éééé", 7, "éé..."), ("👩‍👩‍👧‍👧aaaa", 10, "...")])
    func cutting(text: String, limit: Int, expected: String) {
        #expect(EventRecorder.cut(text, limit) == expected)
    }

    @Test("an event that the server forgot is written anew, and a dead server is no reason to stop", .timeLimit(.minutes(1)))
    func recorder() async throws {
        let transport = ScriptedTransport([
            .response(201, "{}"), .response(200, "{}"), .response(404, "{}"), .response(201, "{}"), .response(403, "{}"),
            .response(201, "{}"),
        ])
        let recorder = EventRecorder(client: transport.client(), component: "kubelet", host: "h", parallelism: 1)
        let pod = Pod(metadata: ObjectMeta(name: "p", namespace: "n", uid: "u"))
        for message in ["a", "a", "a", "b", "b"] { recorder.record(pod, .warning, reason: "R", message, fieldPath: "spec.containers{c}") }
        let task = Task { await recorder.run() }
        while transport.requests.count < 6 { await Task.yield() }
        task.cancel()
        #expect(transport.requests.map(\.method) == ["POST", "PATCH", "PATCH", "POST", "POST", "POST"])
        let first = try JSONDecoder().decode(Event.self, from: transport.requests[0].body ?? Data())
        #expect(
            first.involvedObject
                == ObjectReference(apiVersion: "v1", kind: "Pod", namespace: "n", name: "p", uid: "u", fieldPath: "spec.containers{c}"))
        #expect(first.count == 1 && first.type == "Warning" && first.source == EventSource(component: "kubelet", host: "h"))
    }
}
