import Foundation
import Kubernetes
import Testing

@testable import HPKKubelet

/// The development cluster's registries, by the environment file that `HPK_CLUSTER_ENV` names.
struct LiveRegistries: Sendable {
    var user: String
    var registry: String
    var privateRegistry: String
    var privateUser: String
    var privatePassword: String

    static let current: LiveRegistries? = {
        guard let file = ProcessInfo.processInfo.environment["HPK_CLUSTER_ENV"],
            let text = try? String(contentsOfFile: file, encoding: .utf8)
        else { return nil }
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        guard let user = values["HPK_USER"], let registry = values["HPK_CLUSTER_REGISTRY"] else { return nil }
        let password =
            values["HPK_CLUSTER_PRIVATE_REGISTRY_PASSWORD_FILE"].flatMap { try? String(contentsOfFile: $0, encoding: .utf8) } ?? ""
        return LiveRegistries(
            user: user, registry: registry, privateRegistry: values["HPK_CLUSTER_PRIVATE_REGISTRY"] ?? "",
            privateUser: values["HPK_CLUSTER_PRIVATE_REGISTRY_USER"] ?? "",
            privatePassword: password.trimmingCharacters(in: .whitespacesAndNewlines))
    }()
}

/// A folder of the cluster's ordinary user, and Apptainer behind a script that counts its pulls.
private struct Workplace {
    let folder: TemporaryFolder
    var apptainer: String { folder.path + "/apptainer" }
    var pulls: Int { SharedFiles.contents(folder.path + "/pulls")?.count ?? 0 }

    init(user: String) throws {
        folder = try TemporaryFolder()
        try folder.write("apptainer", "#!/bin/sh\nprintf x >> \"${0%/*}/pulls\"\nexec apptainer \"$@\"\n")
        chmod(folder.path + "/apptainer", 0o755)
        if getuid() == 0, let account = getpwnam(user) {
            chown(folder.path, account.pointee.pw_uid, account.pointee.pw_gid)
        }
    }
}

/// What a child process of a test does: as the ordinary user, makes a store and asks it for an image.
private enum LiveAgent {
    static func become(_ user: String) throws {
        guard getuid() == 0 else { return }
        let account = try #require(getpwnam(user)).pointee
        setenv("HOME", String(cString: account.pw_dir), 1)
        try #require(setgroups(0, nil) == 0 && setgid(account.pw_gid) == 0 && setuid(account.pw_uid) == 0)
        // The test's own folder need not be readable to that user.
        chdir("/")
    }

    static func store(_ folder: String, registry: String, allowed: [String] = []) throws -> ImageStore {
        try ImageStore(
            configuration: ImageStore.Configuration(
                folder: folder + "/images", naming: ImageNaming(registry: "docker://\(registry)/"), allowedFolders: allowed,
                apptainer: folder + "/apptainer", temporaryFolder: folder),
            transport: EngineRegistryTransport(engine: HTTPEngine()), logger: quiet)
    }
}

@Suite(
    .tags(.cluster), .serialized, .timeLimit(.minutes(3)),
    .enabled(if: LiveRegistries.current != nil, "needs the development cluster: set HPK_CLUSTER_ENV to its environment file"))
struct LiveImageTests {
    @Test("An ordinary user pulls real images; two agents on one folder pull each once")
    func pullOnce() async throws {
        let live = try #require(LiveRegistries.current)
        let place = try Workplace(user: live.user)
        let folder = place.folder.path
        let (user, registry) = (live.user, live.registry)
        func agent() async {
            await #expect(processExitsWith: .success) { [user = user as String, registry = registry as String, folder = folder as String] in
                try LiveAgent.become(user)
                let store = try LiveAgent.store(folder, registry: registry)
                async let one = store.ensure("busybox:1.35", policy: .always)
                async let other = store.ensure("nginx:1.22", policy: .ifNotPresent)
                async let same = store.ensure("busybox:1.35", policy: .ifNotPresent)
                let records = try await [one, other, same]
                #expect(records[0].path == records[2].path)
                for record in records {
                    #expect(!record.configuration.command.isEmpty || !record.configuration.entrypoint.isEmpty)
                    #expect(record.imageID.hasPrefix("docker://\(registry)/"))
                    #expect(record.accounts.contains { $0.user == 0 })
                }
                // What the file says of itself is what the registry said.
                let contents = try await ImageInspector(commands: CommandRunner()).inspect(records[1].path)
                #expect(contents.configuration == records[1].configuration)
                let byPath = try LiveAgent.store(folder, registry: registry, allowed: [folder])
                #expect(try await byPath.ensure(records[1].path).configuration == records[1].configuration)
            }
        }
        async let first: Void = agent()
        async let second: Void = agent()
        _ = await (first, second)
        #expect(place.pulls == 2)
        #expect(SharedFiles.names(in: folder).sorted() == ["apptainer", "images", "pulls"])
        #expect(SharedFiles.names(in: folder + "/images/partial").isEmpty)
    }

    @Test("An image's user is looked up in its own accounts", arguments: ["www-data", "1000"])
    func user(tag: String) async throws {
        let live = try #require(LiveRegistries.current)
        let place = try Workplace(user: live.user)
        let store = try LiveAgent.store(place.folder.path, registry: live.registry)
        let record = try await store.ensure("busybox:\(tag)")
        let user = try record.startUser()
        #expect(record.configuration.user?.hasPrefix(tag) == true)
        #expect(UInt32(tag) == nil ? user.name == tag : user.user == UInt32(tag))
    }

    @Test("A missing tag gives the registry's words")
    func missingTag() async throws {
        let live = try #require(LiveRegistries.current)
        let place = try Workplace(user: live.user)
        let store = try LiveAgent.store(place.folder.path, registry: live.registry)
        let error = await #expect(throws: ImageError.self) { try await store.ensure("busybox:no-such-tag") }
        #expect(error?.reason == "ErrImagePull")
        #expect(error?.description.contains("manifest unknown") == true)
        #expect(place.pulls == 0)
    }

    @Test("A registry that is not there is unavailable")
    func noRegistry() async throws {
        let live = try #require(LiveRegistries.current)
        let place = try Workplace(user: live.user)
        let store = try LiveAgent.store(place.folder.path, registry: live.registry)
        let error = await #expect(throws: ImageError.self) { try await store.ensure("127.0.0.1:1/x:1") }
        #expect(error?.reason == "RegistryUnavailable")
    }

    @Test("A private image needs the pod's secret, which no argument and no file that stays shows")
    func privateImage() async throws {
        let live = try #require(LiveRegistries.current)
        try #require(!live.privatePassword.isEmpty)
        let place = try Workplace(user: live.user)
        try place.folder.write(
            "apptainer",
            "#!/bin/sh\nprintf x >> \"${0%/*}/pulls\"\ntr '\\0' '\\n' < /proc/$$/cmdline > \"${0%/*}/seen\"\nenv >> \"${0%/*}/seen\"\nexec apptainer \"$@\"\n"
        )
        let store = try LiveAgent.store(place.folder.path, registry: live.registry)
        let image = "\(live.privateRegistry)/private/busybox:1.35"
        let refused = await #expect(throws: ImageError.self) { try await store.ensure(image) }
        #expect(refused?.description.contains("unauthorized") == true)

        let entry = ["username": live.privateUser, "password": live.privatePassword]
        let wrong = try DockerConfig(dockerCfg: JSONEncoder().encode([live.privateRegistry: ["username": "x", "password": "y"]]))
        let right = try DockerConfig(dockerConfigJSON: JSONEncoder().encode(["auths": [live.privateRegistry: entry]]))
        let record = try await store.ensure(image, policy: .always, pullSecrets: [wrong, right])
        #expect(SharedFiles.status(record.path) != nil)
        await #expect(throws: ImageError.self) { try await store.ensure(image, policy: .always, pullSecrets: [wrong]) }
        #expect(place.pulls == 1)

        let basic = Data("\(live.privateUser):\(live.privatePassword)".utf8).base64EncodedString()
        let seen = String(decoding: SharedFiles.contents(place.folder.path + "/seen") ?? [], as: UTF8.self)
        #expect(seen.contains("--authfile"))
        var texts = [seen]
        for case let name as String in FileManager.default.enumerator(atPath: place.folder.path) ?? FileManager.DirectoryEnumerator() {
            texts.append(String(decoding: SharedFiles.contents(place.folder.path + "/" + name) ?? [], as: UTF8.self))
        }
        for text in texts { #expect(!text.contains(live.privatePassword) && !text.contains(basic)) }
    }
}
