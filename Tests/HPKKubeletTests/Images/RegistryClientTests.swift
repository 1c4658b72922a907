import Foundation
import Testing

@testable import HPKKubelet

@Suite struct RegistryClientTests {
    let registry = FakeRegistry()
    let reference = RegistryReference(host: "registry.test", repository: "team/app", tag: "1")

    private func resolve(
        _ reference: RegistryReference? = nil, credentials: [RegistryCredential] = [], known: String? = nil, insecure: Set<String> = []
    ) async throws(RegistryFailure) -> RegistryAnswer {
        try await RegistryClient(transport: registry, insecureRegistries: insecure, platform: ImagePlatform(architecture: "amd64"))
            .resolve(reference ?? self.reference, credentials: credentials, known: known)
    }

    private struct NoImage: Error {}

    private func image(
        _ reference: RegistryReference? = nil, credentials: [RegistryCredential] = [], insecure: Set<String> = []
    ) async throws -> ResolvedImage {
        guard case .image(let image) = try await resolve(reference, credentials: credentials, insecure: insecure) else { throw NoImage() }
        return image
    }

    @Test("A tag is resolved to its digest and the image's configuration")
    func plainManifest() async throws {
        let config = #"""
            {"os":"linux","architecture":"amd64","config":{"Entrypoint":["/bin/echo","a \"b\" $c"],"Cmd":null,"Env":["A=b c"],"User":"web",
            "WorkingDir":"","StopSignal":"SIGQUIT"}}
            """#
        let digest = registry.serve("team/app", tag: "1", config: config)
        let image = try await self.image()
        #expect(image.digest == digest && image.manifestDigest == digest && !image.plainHTTP)
        let expected = ImageConfiguration(
            entrypoint: ["/bin/echo", "a \"b\" $c"], environment: ["A=b c"], user: "web", stopSignal: "SIGQUIT")
        #expect(image.configuration == expected)
    }

    @Test("Of an index, the image for our platform is taken, and the index's digest is what the tag names")
    func index() async throws {
        let digest = registry.serve("team/app", tag: "1", indexed: true)
        let image = try await self.image()
        #expect(image.manifestDigest == digest)
        #expect(image.digest != digest)
        #expect(try await resolve(known: image.digest) == .unchanged)
        #expect(registry.requests.last?.method == .head)
    }

    @Test("An index without our platform says what it offers")
    func otherPlatforms() async throws {
        registry.serve("team/app", tag: "1", indexed: true)
        let client = RegistryClient(transport: registry, platform: ImagePlatform(architecture: "riscv64"))
        let error = await #expect(throws: RegistryFailure.self) { try await client.resolve(reference, credentials: []) }
        #expect(error == .unusable("no image for linux/riscv64 among linux/s390x, linux/amd64"))
    }

    @Test("A missing tag gives the registry's words, also after a HEAD")
    func missing() async throws {
        await #expect(throws: RegistryFailure.missing("manifest unknown")) { try await resolve() }
        await #expect(throws: RegistryFailure.missing("manifest unknown")) { try await resolve(known: "sha256:old") }
    }

    @Test("A manifest that does not match its digest is refused")
    func forged() async throws {
        let digest = registry.serve("team/app", tag: "1")
        registry.state.withLock { state in
            state.answers["https://registry.test/v2/team/app/manifests/\(digest)"]?.body = Array(#"{"config":{"digest":"x"}}"#.utf8)
        }
        var pinned = reference
        pinned.digest = digest
        let error = await #expect(throws: RegistryFailure.self) { try await resolve(pinned) }
        #expect(error?.words.contains(digest) == true)
    }

    @Test("A Bearer challenge is answered at the token server with the pod's password, which the registry never sees")
    func bearer() async throws {
        registry.serve("team/app", tag: "1")
        registry.state.withLock { state in
            state.answers["https://auth.test/token?service=the%20service&scope=repository%3Ateam%2Fapp%3Apull"] =
                RegistryResponse(status: 200, body: Array(#"{"token":"TOKEN"}"#.utf8))
            state.guardian = { request in
                let sent = request.headers.first { $0.name == "Authorization" }?.value
                if request.url.hasPrefix("https://auth.test") {
                    return sent == "Basic YWxpY2U6cGFzcw==" ? nil : RegistryResponse(status: 401)
                }
                let challenge = #"Bearer realm="https://auth.test/token",service="the service",scope="repository:team/app:pull""#
                return sent == "Bearer TOKEN" ? nil : RegistryResponse(status: 401, headers: [("www-authenticate", challenge)])
            }
        }
        let alice = RegistryCredential.password(user: "alice", password: "pass")
        let image = try await self.image(credentials: [alice])
        #expect(image.credential == alice)
        for request in registry.requests where !request.url.hasPrefix("https://auth.test") {
            #expect(!request.headers.contains { $0.value.hasPrefix("Basic") })
        }
        let refused = await #expect(throws: RegistryFailure.self) { try await resolve() }
        #expect(refused == .refused("unauthorized: authentication required"))
    }

    @Test("A Basic challenge is answered with each of the pod's credentials in turn")
    func basic() async throws {
        registry.serve("team/app", tag: "1")
        registry.state.withLock { state in
            state.guardian = { request in
                if request.headers.contains(where: { $0.name == "Authorization" && $0.value == "Basic YWxpY2U6cGFzcw==" }) { return nil }
                let body = #"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#
                return RegistryResponse(status: 401, headers: [("WWW-Authenticate", #"Basic realm="x""#)], body: Array(body.utf8))
            }
        }
        let wrong = RegistryCredential.password(user: "eve", password: "pass")
        let right = RegistryCredential.password(user: "alice", password: "pass")
        let image = try await self.image(credentials: [wrong, right])
        #expect(image.credential == right)
        let error = await #expect(throws: RegistryFailure.self) { try await resolve(credentials: [wrong]) }
        #expect(error == .refused("unauthorized: authentication required"))
    }

    @Test("An identity token is exchanged by POST")
    func identityToken() async throws {
        registry.serve("team/app", tag: "1")
        registry.state.withLock { state in
            state.answers["https://auth.test/token"] = RegistryResponse(status: 200, body: Array(#"{"access_token":"TOKEN"}"#.utf8))
            state.guardian = { request in
                if request.url.hasPrefix("https://auth.test") { return nil }
                let isKnown = request.headers.contains { $0.value == "Bearer TOKEN" }
                return isKnown
                    ? nil : RegistryResponse(status: 401, headers: [("WWW-Authenticate", #"Bearer realm="https://auth.test/token""#)])
            }
        }
        _ = try await resolve(credentials: [.identityToken(user: "u", token: "a&b")])
        let exchange = registry.requests.first { $0.url.hasPrefix("https://auth.test") }
        #expect(exchange?.method == .post)
        #expect(exchange.map { String(decoding: $0.body, as: UTF8.self).hasSuffix("refresh_token=a%26b") } == true)
    }

    @Test("A token server in the clear is not trusted with a password")
    func clearTokenServer() async throws {
        registry.state.withLock { state in
            state.guardian = { _ in
                RegistryResponse(status: 401, headers: [("WWW-Authenticate", #"Bearer realm="http://auth.test/token""#)])
            }
        }
        let error = await #expect(throws: RegistryFailure.self) { try await resolve(credentials: [.password(user: "a", password: "b")]) }
        #expect(error == .unusable("the registry names no token server to be trusted"))
        #expect(!registry.requests.contains { $0.url.hasPrefix("http://") })
    }

    @Test("A redirected blob is fetched without the credentials")
    func redirect() async throws {
        registry.serve("team/app", tag: "1")
        registry.state.withLock { state in
            for (url, answer) in state.answers where url.contains("/blobs/") {
                state.answers["https://cdn.test/blob"] = answer
                state.answers[url] = RegistryResponse(status: 307, headers: [("Location", "https://cdn.test/blob")])
            }
            state.guardian = { request in
                if request.url.hasPrefix("https://cdn.test") { return nil }
                let isKnown = request.headers.contains { $0.name == "Authorization" }
                return isKnown ? nil : RegistryResponse(status: 401, headers: [("WWW-Authenticate", "Basic")])
            }
        }
        _ = try await resolve(credentials: [.password(user: "a", password: "b")])
        let fetch = registry.requests.first { $0.url.hasPrefix("https://cdn.test") }
        #expect(fetch?.headers.contains { $0.name == "Authorization" } == false)
    }

    @Test("Plain HTTP is spoken only where it is allowed, and only after TLS has failed", arguments: [true, false])
    func plainHTTP(speaksTLS: Bool) async throws {
        registry.serve("team/app", tag: "1", host: "127.0.0.1:5000")
        registry.state.withLock { $0.speaksTLS = speaksTLS }
        let local = RegistryReference(host: "127.0.0.1:5000", repository: "team/app", tag: "1")
        let image = try await self.image(local)
        #expect(image.plainHTTP == !speaksTLS)

        registry.serve("team/app", tag: "1")
        guard !speaksTLS else { return }
        let error = await #expect(throws: RegistryFailure.self) { try await resolve() }
        if case .unavailable = error {} else { Issue.record("\(String(describing: error))") }
        let allowed = try await self.image(insecure: ["registry.test"])
        #expect(allowed.plainHTTP)
    }

    @Test("A registry that cannot at the moment is unavailable", arguments: [429, 500, 503])
    func unavailable(status: Int) async throws {
        registry.state.withLock { $0.guardian = { _ in RegistryResponse(status: status) } }
        let error = await #expect(throws: RegistryFailure.self) { try await resolve() }
        if case .unavailable = error {} else { Issue.record("\(String(describing: error))") }
    }

    @Test(
        "Loopback addresses are told from names that look like them",
        arguments: [
            ("localhost", true), ("localhost:5000", true), ("127.0.0.1:5000", true), ("127.9.9.9", true), ("[::1]:5000", true),
            ("127.0.0.1.evil.org", false), ("127.evil.org", false), ("localhost.evil.org", false), ("[::12]:1", false), ("10.0.0.1", false),
        ])
    func loopback(host: String, expected: Bool) {
        #expect(RegistryClient.isLoopback(host) == expected)
    }

    @Test(
        "Challenges are read as RFC 9110 writes them",
        arguments: [
            (["Basic realm=\"x\""], [("basic", ["realm": "x"])]),
            (
                ["Bearer realm=\"https://a/b\",service=\"s\",scope=\"r:x:pull,push\""],
                [("bearer", ["realm": "https://a/b", "service": "s", "scope": "r:x:pull,push"])]
            ),
            (["Basic realm=\"a\\\"b\", Bearer realm=c"], [("basic", ["realm": "a\"b"]), ("bearer", ["realm": "c"])]),
            (["Negotiate", "basic"], [("negotiate", [:]), ("basic", [:])]),
            (["Bearer realm=\"cut"], [("bearer", [:])]), (["=,\"", ""], []),
        ] as [([String], [(String, [String: String])])])
    func challenges(headers: [String], expected: [(String, [String: String])]) {
        #expect(AuthenticationChallenge.parse(headers) == expected.map { AuthenticationChallenge(scheme: $0.0, parameters: $0.1) })
    }
}
