import PodProtocol
import Testing

@testable import PodSupervisor

@Suite("How a container is called") struct LaunchTests {
    @Test(
        "mount paths are quoted exactly",
        arguments: [
            ("/a", #"type=bind,"src=/s","dst=/a",ro"#), ("/a,b", #"type=bind,"src=/s","dst=/a,b",ro"#),
            (#"/a"b"#, #"type=bind,"src=/s","dst=/a""b",ro"#), ("/a=b:c;d e", #"type=bind,"src=/s","dst=/a=b:c;d e",ro"#),
            ("/ü", #"type=bind,"src=/s","dst=/ü",ro"#),
        ])
    func quoting(path: String, text: String) throws {
        #expect(try MountOption(source: "/s", destination: path, readOnly: true).text() == text)
    }

    @Test("mount paths that the format cannot carry are refused", arguments: ["", "a", "/a\nb", "/a\rb", "/a\0b", "/a\u{7f}"])
    func refused(path: String) {
        #expect(throws: Failure.self) { try MountOption(source: "/s", destination: path, readOnly: false).text() }
        #expect(throws: Failure.self) { try MountOption(source: path, destination: "/d", readOnly: false).text() }
    }

    @Test(
        "the node's address is that of the route to the agent",
        arguments: [("127.0.0.1", "127.0.0.1"), ("127.0.0.7", "127.0.0.1"), ("::1", "::1")])
    func hostAddress(agent: String, address: String) {
        #expect(Sandbox.findHostAddress(toward: agent) == address)
    }

    @Test("an agent that is given by name, or not at all, leaves the node the address towards the world", arguments: ["login", "", nil])
    func hostAddressWithoutRoute(agent: String?) {
        let address = Sandbox.findHostAddress(toward: agent)
        #expect(!address.isEmpty)
        #expect(address == Sandbox.findHostAddress(toward: nil))
    }

    @Test("mounts below /dev are staged for hpk-init")
    func staging() {
        let mounts = ["/data", "/dev/shm", "/dev/termination-log", "//dev/./x/y", "/devices", "/dev"].map {
            MountOption(source: "/s", destination: $0, readOnly: false)
        }
        let (options, later) = MountOption.stage(mounts)
        #expect(options.map(\.destination) == ["/data", "/dev/shm", "/.hpk/mounts/0", "/.hpk/mounts/1", "/devices", "/dev"])
        #expect(later.map(\.source) == ["/.hpk/mounts/0", "/.hpk/mounts/1"])
        #expect(later.map(\.destination) == ["/dev/termination-log", "//dev/./x/y"])
    }

    @Test("nothing of the pod but paths is in Apptainer's arguments")
    func arguments() throws {
        let command = ApptainerCommand(
            program: "/usr/bin/apptainer", configuration: "/c", imagePath: "/image.sif", isReadOnly: false, overlay: "/o",
            ownProcessNamespace: true,
            mounts: [MountOption(source: "/s", destination: "/d", readOnly: true)])
        #expect(
            try command.arguments() == [
                "apptainer", "--silent", "--config", "/c", "exec", "--ignore-userns", "--allow-setuid", "--no-mount", "bind-paths",
                "--contain",
                "--cleanenv", "--no-eval", "--pid", "--no-init", "--overlay", "/o", "--mount", #"type=bind,"src=/s","dst=/d",ro"#,
                "/image.sif", "/.hpk/init", "200", "201", "202", "203", "204",
            ])
        var shared = command
        shared.ownProcessNamespace = false
        shared.isReadOnly = true
        #expect(try !shared.arguments().contains("--pid"))
        #expect(try !shared.arguments().contains("--overlay"))
        var plain = command
        plain.configuration = nil
        plain.overlay = nil
        #expect(
            try plain.arguments().prefix(10) == [
                "apptainer", "--silent", "exec", "--no-mount", "bind-paths,home,tmp", "--contain", "--cleanenv", "--no-eval", "--pid",
                "--no-init",
            ])
        #expect(try plain.arguments().contains("--writable-tmpfs"))
        shared.imagePath = "--help"
        #expect(throws: Failure.self) { try shared.arguments() }
    }

    @Test(
        "Apptainer's last words lose colours and levels",
        arguments: [
            ("\u{1b}[31mFATAL:  \u{1b}[0m no image\n", "no image"), ("INFO: a\nERROR:   b\n", "INFO: a\nb"), ("", ""),
            ("1\n2\n3\n4\n5\n6\n", "2\n3\n4\n5\n6"),
        ])
    func lastWords(output: String, words: String) {
        #expect(ApptainerCommand.lastWords(output) == words)
    }

    @Test(
        "capability names are bits",
        arguments: [
            (["CAP_CHOWN"], 1), (["CHOWN", "CAP_KILL"], 0x21), ([], 0), (["ALL"], 0x1ff_ffff_ffff), (["CHECKPOINT_RESTORE"], 1 << 40),
            (["NET_BIND_SERVICE"], 1 << 10), (["SYS_ADMIN"], 1 << 21), (["SETFCAP"], 1 << 31),
        ] as [([String], UInt64)])
    func capabilities(names: [String], mask: UInt64) throws {
        #expect(try Capability.mask(names) == mask)
        #expect(throws: Failure.self) { try Capability.mask(names + ["CAP_NONSENSE"]) }
    }

    @Test("a zero byte in what is to run is refused", arguments: ["a\0b"])
    func zeroByte(text: String) throws {
        var specification = InitSpecification(
            arguments: ["x"], environment: [], workingDirectory: "/", user: 0, group: 0, groups: nil, capabilities: 0, noNewPrivileges: true
        )
        #expect(try specification.encoded().prefix(4) == [0x48, 0x50, 0x4b, 0x31])
        specification.arguments = [text]
        #expect(throws: Failure.self) { try specification.encoded() }
        specification.arguments = ["x"]
        specification.environment = [text]
        #expect(throws: Failure.self) { try specification.encoded() }
    }

    @Test("subordinate ids are read by name or number, broken lines passed over")
    func identities() {
        let file = "other:1:1\nme:100000:65536\nbroken\nme:x:1\n1000:300000:10\nme:4294967295:2\nme:5:0\n"
        let map = IdentityMap(user: 1000, group: 1001, userName: "me", subordinateUsers: file, subordinateGroups: "me:200000:65536\n")
        #expect(
            map.users == [
                .init(inside: 0, outside: 1000, count: 1), .init(inside: 1, outside: 100000, count: 65536),
                .init(inside: 65537, outside: 300000, count: 10),
            ])
        #expect(
            IdentityMap.arguments(process: 7, map.groups) == ["7", "0", "1001", "1", "1", "200000", "65536"])
        #expect(IdentityMap(user: 1000, group: 1001, userName: nil, subordinateUsers: file, subordinateGroups: "").isSingle)
    }

    @Test("the hosts file has the pod's names and aliases, each on its line")
    func hosts() {
        var plan = plan()
        plan.hostname = "web-0"
        plan.fullyQualifiedName = "web-0.web.ns.svc.cluster.local"
        plan.hostAliases = [HostAlias(address: "10.1.2.3", hostnames: ["a.example", "b\n6.6.6.6 evil"])]
        let text = PodFiles.hosts(plan: plan, podAddresses: ["10.0.0.9"])
        #expect(text.contains("127.0.0.1\tlocalhost\n"))
        #expect(text.contains("\n10.0.0.9\tweb-0.web.ns.svc.cluster.local\tweb-0\n"))
        #expect(text.hasSuffix("\n# Entries added by HostAliases.\n10.1.2.3\ta.example\tb_6.6.6.6 evil\n"))
    }

    @Test(
        "plans that cannot be carried out are refused",
        arguments: [
            { $0.version = 2 }, { $0.containers = [] }, { $0.hostname = String(repeating: "x", count: 65) },
            { $0.containers[0].name = "../x" }, { $0.containers[0].name = ".." }, { $0.containers[0].name = "a\nb" },
            { $0.containers[0].command = [] }, { $0.initContainers = $0.containers },
            { $0.volumes = [VolumePlan(name: "v", source: .delivered), VolumePlan(name: "v", source: .delivered)] },
        ] as [@Sendable (inout LaunchPlan) -> Void])
    func planCheck(spoil: @Sendable (inout LaunchPlan) -> Void) throws {
        var plan = plan()
        try PlanCheck.check(plan)
        spoil(&plan)
        #expect(throws: Failure.self) { try PlanCheck.check(plan) }
    }

    @Test(
        "endpoints are host and port",
        arguments: [
            ("login:7000", "login", "7000"), ("[fd00::1]:80", "fd00::1", "80"), ("10.0.0.1:65535", "10.0.0.1", "65535"),
        ])
    func endpoint(text: String, host: String, port: String) throws {
        let endpoint = try Endpoint(text)
        #expect(endpoint.host == host)
        #expect(endpoint.port == port)
    }

    @Test("other texts are no endpoints", arguments: ["", "host", "host:", ":80", "host:0", "host:65536", "fd00::1:80", "a b:80", "[]:1"])
    func badEndpoint(text: String) {
        #expect(throws: Failure.self) { try Endpoint(text) }
    }

    @Test("attempts to reach the node agent grow apart up to half a minute")
    func reconnect() {
        var pause = ReconnectPause()
        let longest = (0..<12).map { _ in pause.pause(jitter: 1) }
        #expect(longest == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30, 30])
        #expect(pause.pause(jitter: 0) == 15)
        pause.reset()
        #expect(pause.pause(jitter: 1) == 0.1)
    }
}
