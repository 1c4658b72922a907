import Foundation
import Logging
import Synchronization
import Testing

@testable import HPKKubelet

extension Tag {
    /// Runs on the development cluster.
    @Tag static var cluster: Self
}

/// Opened once; everybody who waits before passes then.
actor Gate {
    private var isOpen = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func open() {
        isOpen = true
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    func pass() async {
        guard !isOpen else { return }
        await withCheckedContinuation { waiters.append($0) }
    }
}

/// Time that passes only when somebody waits, and then at once.
func hastyClock() -> MonotonicClock {
    let now = Mutex(Duration.zero)
    return MonotonicClock(
        now: { now.withLock { $0 } },
        sleep: { length in
            try Task.checkCancellation()
            now.withLock { $0 += length }
            await Task.yield()
        })
}

/// Time that stands still: every wait lasts until it is cancelled.
func frozenClock() -> MonotonicClock {
    MonotonicClock(now: { .zero }, sleep: { _ in try await Task.sleep(for: .seconds(3600)) })
}

/// A registry in memory that speaks the distribution API as far as the client uses it.
final class FakeRegistry: RegistryTransport {
    struct State {
        var answers: [String: RegistryResponse] = [:]
        var requests: [RegistryRequest] = []
        var guardian: (@Sendable (RegistryRequest) -> RegistryResponse?)?
        var speaksTLS = true
        /// Held requests wait for it.
        var gate: Gate?
    }

    let state = Mutex(State())
    struct NoAnswer: Error {}

    func send(_ request: RegistryRequest) async throws -> RegistryResponse {
        await state.withLock { $0.gate }?.pass()
        return try state.withLock { state in
            state.requests.append(request)
            if request.url.hasPrefix("https://"), !state.speaksTLS { throw NoAnswer() }
            if let refusal = state.guardian?(request) { return refusal }
            let path = request.url.replacingOccurrences(of: "http://", with: "https://")
            if path.hasSuffix("/v2/") { return RegistryResponse(status: 200) }
            guard var answer = state.answers[path] else {
                let body = #"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#
                return RegistryResponse(status: 404, body: request.method == .head ? [] : Array(body.utf8))
            }
            if request.method == .head { answer.body = [] }
            return answer
        }
    }

    var requests: [RegistryRequest] { state.withLock { $0.requests } }

    /// Serves an image under a tag and its digests; gives the manifest's digest.
    @discardableResult
    func serve(
        _ repository: String, tag: String, host: String = "registry.test",
        config: String = #"{"architecture":"amd64","os":"linux","config":{}}"#,
        indexed: Bool = false
    ) -> String {
        let configDigest = put("\(host)/v2/\(repository)/blobs/", config)
        let manifest = #"{"schemaVersion":2,"config":{"digest":"\#(configDigest)"},"layers":[]}"#
        let digest = put("\(host)/v2/\(repository)/manifests/", manifest)
        guard indexed else {
            put("\(host)/v2/\(repository)/manifests/", manifest, name: tag)
            return digest
        }
        let index = """
            {"schemaVersion":2,"manifests":[
            {"digest":"sha256:\(String(repeating: "0", count: 64))","platform":{"os":"linux","architecture":"s390x"}},
            {"digest":"\(digest)","platform":{"os":"linux","architecture":"amd64"}}]}
            """
        put("\(host)/v2/\(repository)/manifests/", index)
        put("\(host)/v2/\(repository)/manifests/", index, name: tag)
        return digest
    }

    @discardableResult
    private func put(_ place: String, _ text: String, name: String? = nil) -> String {
        let digest = SHA256.digest(of: text.utf8) ?? ""
        let answer = RegistryResponse(status: 200, headers: [("docker-content-digest", digest)], body: Array(text.utf8))
        state.withLock { $0.answers["https://\(place)\(name ?? digest)"] = answer }
        return digest
    }
}

/// Writes what it is told instead of pulling, and counts.
final class FakePuller: ImagePulling {
    let requests = Mutex<[PullRequest]>([])
    let gate: Gate?
    let failure: ImageFault?

    init(gate: Gate? = nil, failure: ImageFault? = nil) {
        self.gate = gate
        self.failure = failure
    }

    func pull(_ request: PullRequest, to path: String) async throws(ImageFault) {
        requests.withLock { $0.append(request) }
        await gate?.pass()
        if let failure { throw failure }
        guard try SharedFiles.create(path, Array(request.uri.utf8)) else { throw ImageFault("the file was there") }
    }

    var count: Int { requests.withLock { $0.count } }
}

/// Takes any file for an image with two accounts.
struct FakeInspector: ImageInspecting {
    func inspect(_ path: String) async throws(ImageFault) -> ImageContents {
        let accounts = AccountDatabase(passwd: Array("root:x:0:0::/root:/bin/sh\nweb:x:101:102::/srv:/bin/sh".utf8))
        return ImageContents(configuration: nil, accounts: accounts, size: SharedFiles.status(path)?.size ?? -1)
    }
}

let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
