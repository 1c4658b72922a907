import Foundation
import Synchronization
import Testing

@testable import Kubernetes

@Suite("Credentials")
struct CredentialTests {
    private static let good =
        #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t","expirationTimestamp":"2030-01-01T00:00:00Z"}}"#

    private func plugin(_ folder: TemporaryFolder, _ script: String) throws -> ExecPlugin {
        ExecPlugin(command: try folder.write("plugin", "#!/bin/sh\n\(script)\n", mode: 0o700), installHint: "install it")
    }

    @Test("a plugin's token is used until shortly before it ends")
    func token() async throws {
        let folder = try TemporaryFolder()
        let credential = try await plugin(folder, "cat <<'E'\n\(Self.good)\nE").run()
        #expect(credential == Credential(authorization: "Bearer t", expiration: Date(timeIntervalSince1970: 1_893_456_000)))
    }

    @Test("a plugin gets its arguments, variables and what it is to do, and no descriptors of ours")
    func surroundings() async throws {
        let folder = try TemporaryFolder()
        let script = try folder.write(
            "plugin",
            """
            #!/bin/sh
            { printf '%s|' "$@" "$EXTRA"; printf '%s\\n' "$KUBERNETES_EXEC_INFO"; ls /proc/$$/fd; } > \(folder.path)/seen
            cat <<'E'
            \(Self.good)
            E
            """, mode: 0o700)
        var plugin = ExecPlugin(command: script, arguments: ["a b", "$(id)"], environment: ["EXTRA": "é'"], providesClusterInfo: true)
        plugin.cluster = ExecPlugin.ClusterInfo(
            server: "https://h", tls: TLSSettings(certificateAuthority: Data("ca".utf8), serverName: "s", skipsVerification: false))
        // An inheritable descriptor, as some library may have one.
        let leaked = dup2(2, 200)
        defer { close(leaked) }
        _ = try await plugin.run()
        let seen = try String(contentsOfFile: "\(folder.path)/seen", encoding: .utf8).split(separator: "\n").map(String.init)
        let parts = seen[0].components(separatedBy: "|")
        #expect(parts[0...2] == ["a b", "$(id)", "é'"])
        let info = try JSONDecoder().decode(JSONValue.self, from: Data(parts[3].utf8))
        #expect(
            info == [
                "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                "spec": [
                    "interactive": false,
                    "cluster": [
                        "server": "https://h", "certificate-authority-data": .string(Data("ca".utf8).base64EncodedString()),
                        "tls-server-name": "s",
                    ],
                ],
            ])
        #expect(seen.dropFirst().contains("1"))
        #expect(!seen.dropFirst().contains("200"))
    }

    @Test(
        "a plugin that does not do its part is an error that names it and shows no secret",
        arguments: [
            ("echo went wrong >&2; echo s3cret; exit 3", ["ended with 3", "went wrong", "install it"]),
            ("kill -9 $$", ["ended with 137"]),
            ("echo s3cret", ["not an ExecCredential"]),
            ("true", ["not an ExecCredential"]),
            (#"echo '{"kind":"Pod","apiVersion":"v1"}'"#, ["not an ExecCredential"]),
            (#"echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"}'"#, ["v1beta1", "was asked for"]),
            (#"echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"}'"#, ["without a status"]),
            (#"echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{}}'"#, ["neither a token"]),
            (
                #"echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"clientKeyData":"s3cret"}}'"#,
                ["without its certificate"]
            ),
            (#"head -c 3000000 /dev/zero"#, ["not an ExecCredential"]),
        ])
    func failures(script: String, words: [String]) async throws {
        let folder = try TemporaryFolder()
        let plugin = try plugin(folder, script)
        let error = await #expect(throws: ExecPlugin.Failure.self) { try await plugin.run() }
        for word in words + [plugin.command] { #expect(error?.description.contains(word) == true, "\(String(describing: error))") }
        #expect(error?.description.contains("s3cret") == false)
    }

    @Test("a plugin that is not there, or has a NUL in its arguments, is an error that says how to get it")
    func missing() async throws {
        let error = await #expect(throws: ExecPlugin.Failure.self) {
            try await ExecPlugin(command: "/nowhere/plugin", installHint: "install it").run()
        }
        #expect(error?.description.contains("install it") == true)
        await #expect(throws: ExecPlugin.Failure.self) { try await ExecPlugin(command: "true", arguments: ["\0"]).run() }
    }

    @Test("a plugin that hangs, or leaves a child behind that holds its output, is killed with all its children", .timeLimit(.minutes(1)))
    func hanging() async throws {
        let folder = try TemporaryFolder()
        for script in ["sleep 600", "sleep 600 & exit 0", "exec >&- 2>&-; sleep 600"] {
            var plugin = try plugin(folder, script)
            plugin.timeout = .milliseconds(200)
            let error = await #expect(throws: ExecPlugin.Failure.self) { try await plugin.run() }
            #expect(error?.description.contains("no answer") == true)
        }
    }

    @Test("a plugin runs once for all requests, again near the end of its credential, and again after a refusal")
    func caching() async throws {
        let time = TestTime()
        let runs = Mutex(0)
        let source = CredentialSource(.plugin(ExecPlugin(command: "x")), time: time.source) { _ in
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            return Credential(authorization: "Bearer \(run)", expiration: time.source.now().addingTimeInterval(100))
        }
        try await withThrowingTaskGroup(of: Credential.self) { group in
            for _ in 0..<10 { group.addTask { try await source.current() } }
            for try await credential in group { #expect(credential.authorization == "Bearer 1") }
        }
        time.advance(by: .seconds(89))
        #expect(try await source.current().authorization == "Bearer 1")
        time.advance(by: .seconds(2))
        let second = try await source.current()
        #expect(second.authorization == "Bearer 2")
        await source.refuse(second)
        #expect(try await source.current().authorization == "Bearer 3")
        // A late refusal of an old one must not throw the new one away.
        await source.refuse(second)
        #expect(try await source.current().authorization == "Bearer 3")
    }

    @Test("a token file is read again after a while, and at once after a refusal")
    func tokenFile() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("token", "one\n")
        let time = TestTime()
        let source = CredentialSource(.tokenFile(path), time: time.source)
        let first = try await source.current()
        #expect(first.authorization == "Bearer one")
        try folder.write("token", "two")
        #expect(try await source.current().authorization == "Bearer one")
        time.advance(by: .seconds(10))
        #expect(try await source.current().authorization == "Bearer two")
        try folder.write("token", "three")
        await source.refuse(try await source.current())
        #expect(try await source.current().authorization == "Bearer three")
        try folder.write("token", " \n")
        time.advance(by: .seconds(10))
        await #expect(throws: SmallFile.Failure.self) { try await source.current() }
    }

    @Test("basic authentication is base64 of name and password")
    func basic() async throws {
        let source = CredentialSource(.basic(username: "u", password: "p:q"), time: TestTime().source)
        #expect(try await source.current().authorization == "Basic dTpwOnE=")
        #expect(!source.canRenew)
    }
}
