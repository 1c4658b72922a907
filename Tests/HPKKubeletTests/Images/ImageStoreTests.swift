import Foundation
import Synchronization
import Testing

@testable import HPKKubelet

@Suite struct ImageStoreTests {
    let folder: TemporaryFolder
    let registry = FakeRegistry()

    init() throws { folder = try TemporaryFolder() }

    private func store(_ puller: FakePuller, allowed: [String] = [], clock: MonotonicClock = .system) throws -> ImageStore {
        let configuration = ImageStore.Configuration(
            folder: folder.path + "/images", naming: try ImageNaming(registry: "docker://registry.test/"), allowedFolders: allowed)
        return ImageStore(
            configuration: configuration, registry: RegistryClient(transport: registry, platform: ImagePlatform(architecture: "amd64")),
            puller: puller, inspector: FakeInspector(), clock: clock, lockTiming: SharedLock.Timing(interval: .milliseconds(5)),
            logger: quiet)
    }

    private final class Events: Sendable {
        let all = Mutex<[String]>([])
        var collect: ImageStore.Progress { { event in self.all.withLock { $0.append(event.reason) } } }
        var reasons: [String] { all.withLock { $0 } }
    }

    @Test("A pulled image is a private file named by its digest, with the registry's configuration and the image's accounts")
    func pull() async throws {
        let config = #"{"os":"linux","architecture":"amd64","config":{"Cmd":["run"],"User":"web"}}"#
        let digest = registry.serve("team/app", tag: "1", config: config)
        let puller = FakePuller()
        let events = Events()
        let record = try await store(puller).ensure("team/app:1", progress: events.collect)
        #expect(record.path == "\(folder.path)/images/\(digest.replacingOccurrences(of: ":", with: "-")).sif")
        #expect(record.reference == "team/app:1")
        #expect(record.imageID == "docker://registry.test/team/app@\(digest)")
        #expect(record.configuration.command == ["run"])
        #expect(record.user == ImageUser(name: "web", user: 101, group: 102, home: "/srv"))
        #expect(record.accounts.count == 2)
        #expect(puller.requests.withLock { $0 }.map(\.uri) == [record.imageID])
        #expect(events.reasons == ["Pulling", "Pulled"])
        var status = stat()
        #expect(stat(record.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(stat(folder.path + "/images", &status) == 0 && status.st_mode & 0o777 == 0o700)
        #expect(SharedFiles.names(in: folder.path + "/images/partial").isEmpty)
        #expect(SharedFiles.names(in: folder.path + "/images/locks").isEmpty)
    }

    @Test("Many pods at once, of two agents on one folder, pull an image once", arguments: 1...3)
    func once(round: Int) async throws {
        registry.serve("team/app", tag: "1")
        let gate = Gate()
        let puller = FakePuller(gate: gate)
        let stores = [try store(puller), try store(puller)]
        let paths = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<20 { group.addTask { try await stores[number % 2].ensure("team/app:1", policy: .always).path } }
            await gate.open()
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(paths.count == 1)
        #expect(puller.count == 1)
    }

    @Test("IfNotPresent asks no registry for what is here, Always asks and pulls only what changed")
    func policies() async throws {
        registry.serve("team/app", tag: "1")
        let puller = FakePuller()
        let store = try store(puller)
        let first = try await store.ensure("team/app:1")
        let asked = registry.requests.count
        let events = Events()
        #expect(try await store.ensure("team/app:1", policy: .ifNotPresent, progress: events.collect) == first)
        #expect(try await store.ensure("registry.test/team/app:1", policy: .never).path == first.path)
        let digest = try #require(first.imageID.split(separator: "@").last)
        #expect(try await store.ensure("team/app@\(digest)", policy: .never).path == first.path)
        #expect(registry.requests.count == asked)
        #expect(events.reasons == ["Pulled"])
        #expect(try await store.ensure("team/app:1", policy: .always) == first)
        #expect(registry.requests.count == asked + 1)
        #expect(puller.count == 1)

        registry.serve("team/app", tag: "1", config: #"{"config":{"Cmd":["new"]}}"#)
        let second = try await store.ensure("team/app:1", policy: .always)
        #expect(second.path != first.path)
        #expect(second.configuration.command == ["new"])
        #expect(puller.count == 2)
    }

    @Test("Pods that ask for one tag at the same time share one answer")
    func sharedAsk() async throws {
        registry.serve("team/app", tag: "1")
        let store = try store(FakePuller())
        _ = try await store.ensure("team/app:1")
        let asked = registry.requests.count
        let gate = Gate()
        registry.state.withLock { $0.gate = gate }
        let events = Events()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<30 { group.addTask { _ = try await store.ensure("team/app:1", policy: .always, progress: events.collect) } }
            while events.reasons.count < 30 { try await Task.sleep(for: .milliseconds(1)) }
            await gate.open()
            try await group.waitForAll()
        }
        // Some may have come to the registry's door only after the first answer.
        #expect((1...3).contains(registry.requests.count - asked))
        #expect(events.reasons.count { $0 == "Pulled" } == 30)
    }

    @Test("Pods that come one after the other ask at most five times a second")
    func pacedAsks() async throws {
        registry.serve("team/app", tag: "1")
        let clock = hastyClock()
        let store = try store(FakePuller(), clock: clock)
        _ = try await store.ensure("team/app:1")
        let start = clock.now()
        let asked = registry.requests.count
        for _ in 0..<10 { _ = try await store.ensure("team/app:1", policy: .always) }
        #expect(registry.requests.count == asked + 10)
        // The first of them may find the pause over: the pull took time, too.
        #expect(clock.now() - start >= ImageStore.pauseBetweenAsks * 9)
        // Another image does not wait.
        registry.serve("team/other", tag: "1")
        let before = clock.now()
        _ = try await store.ensure("team/other:1")
        #expect(clock.now() - before < ImageStore.pauseBetweenAsks)
    }

    @Test("Never pulls nothing")
    func never() async throws {
        registry.serve("team/app", tag: "1")
        let puller = FakePuller()
        let events = Events()
        let store = try store(puller)
        await #expect(throws: ImageError.neverPull(image: "team/app:1")) {
            try await store.ensure("team/app:1", policy: .never, progress: events.collect)
        }
        #expect(puller.count == 0 && registry.requests.isEmpty)
        #expect(events.reasons == ["ErrImageNeverPull"])
    }

    @Test("Under Always a pod without the password gets no private image that another has pulled")
    func privateImage() async throws {
        registry.serve("team/app", tag: "1")
        registry.state.withLock { state in
            state.guardian = { request in
                let isKnown = request.headers.contains { $0.name == "Authorization" }
                return isKnown ? nil : RegistryResponse(status: 401, headers: [("WWW-Authenticate", "Basic")])
            }
        }
        let secret = try DockerConfig(dockerCfg: Array(#"{"registry.test":{"username":"u","password":"p"}}"#.utf8))
        let store = try store(FakePuller())
        _ = try await store.ensure("team/app:1", policy: .always, pullSecrets: [secret])
        let error = await #expect(throws: ImageError.self) { try await store.ensure("team/app:1", policy: .always) }
        #expect(error?.reason == "ErrImagePull")
        #expect(error?.description.contains("unauthorized: authentication required") == true)
    }

    @Test("A failed pull says why, leaves nothing behind and can be tried again")
    func failure() async throws {
        registry.serve("team/app", tag: "1")
        let events = Events()
        let failing = try store(FakePuller(failure: ImageFault("no space left on device")))
        let error = await #expect(throws: ImageError.self) { try await failing.ensure("team/app:1", progress: events.collect) }
        #expect(error?.description == #"Failed to pull image "team/app:1": no space left on device"#)
        #expect(events.reasons == ["Pulling", "Failed"])
        #expect(SharedFiles.names(in: folder.path + "/images/partial").isEmpty)
        #expect(SharedFiles.names(in: folder.path + "/images/locks").isEmpty)
        let puller = FakePuller()
        _ = try await store(puller).ensure("team/app:1")
        #expect(puller.count == 1)
    }

    @Test("A missing tag and a silent registry are told apart")
    func words() async throws {
        let store = try store(FakePuller())
        let missing = await #expect(throws: ImageError.self) { try await store.ensure("team/app:nope") }
        #expect(missing?.reason == "ErrImagePull")
        #expect(missing?.description == #"Failed to pull image "team/app:nope": docker://registry.test/team/app:nope: manifest unknown"#)
        registry.state.withLock { $0.speaksTLS = false }
        let silent = await #expect(throws: ImageError.self) { try await store.ensure("team/app:nope") }
        #expect(silent?.reason == "RegistryUnavailable")
    }

    @Test("An image that was cut short or lost its description is pulled anew", arguments: ["sif", "json"])
    func damage(kind: String) async throws {
        registry.serve("team/app", tag: "1")
        let puller = FakePuller()
        let store = try store(puller)
        let record = try await store.ensure("team/app:1")
        let victim = kind == "sif" ? record.path : record.path.dropLast(3) + "json"
        try Data("x".utf8).write(to: URL(fileURLWithPath: String(victim)))
        #expect(try await store.ensure("team/app:1", policy: .ifNotPresent) == record)
        #expect(puller.count == 2)
    }

    @Test("One pod's deletion does not end a pull that another waits for, the last one's does")
    func cancellation() async throws {
        registry.serve("team/app", tag: "1")
        let gate = Gate()
        let puller = FakePuller(gate: gate)
        let store = try store(puller)
        let leaving = Task { try await store.ensure("team/app:1") }
        let staying = Task { try await store.ensure("team/app:1") }
        while puller.count == 0 { await Task.yield() }
        leaving.cancel()
        let left = await leaving.result
        #expect(throws: ImageError.self) { try left.get() }
        await gate.open()
        #expect(try await staying.value.reference == "team/app:1")
        #expect(puller.count == 1)
    }

    @Test("Files and folders are taken only from the allowed folders, links resolved")
    func local() async throws {
        try folder.write("ok/a.sif", "x")
        try folder.write("ok/tree/etc/passwd", "root:x:0:0::/root:/bin/sh")
        try folder.write("secret/b.sif", "x")
        symlink(folder.path + "/secret/b.sif", folder.path + "/ok/escape.sif")
        symlink(folder.path + "/ok/a.sif", folder.path + "/ok/inside.sif")
        let store = try store(FakePuller(), allowed: [folder.path + "/ok/"])
        let root = folder.path
        #expect(try await store.ensure(root + "/ok/inside.sif").path == root + "/ok/a.sif")
        #expect(try await store.ensure(root + "/ok/tree").imageID == root + "/ok/tree")
        for (path, reason) in [
            ("/ok/escape.sif", "InvalidImageName"), ("/secret/b.sif", "InvalidImageName"), ("/secret/none.sif", "InvalidImageName"),
            ("/okay", "InvalidImageName"), ("/ok", "InvalidImageName"), ("/ok/none.sif", "ErrImagePull"),
        ] {
            let error = await #expect(throws: ImageError.self) { try await store.ensure(root + path) }
            #expect(error?.reason == reason, "\(path)")
        }
        let closed = try self.store(FakePuller())
        await #expect(throws: ImageError.self) { try await closed.ensure(root + "/ok/a.sif") }
    }

    @Test("An image folder's accounts are read without following links out of it")
    func folderAccounts() async throws {
        try folder.write("image/etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:7:8::/:/bin/sh")
        symlink("/etc/group", folder.path + "/image/etc/group")
        let contents = try await ImageInspector(commands: CommandRunner()).inspect(folder.path + "/image")
        #expect(contents.configuration == nil)
        #expect(contents.accounts.accounts.map(\.name) == ["root", "app"])
        #expect(contents.accounts.groups.isEmpty)
        try FileManager.default.removeItem(atPath: folder.path + "/image/etc")
        symlink("/etc", folder.path + "/image/etc")
        #expect(try await ImageInspector(commands: CommandRunner()).inspect(folder.path + "/image").accounts.accounts.isEmpty)
    }
}
