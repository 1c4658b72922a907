import Kubernetes
import PodProtocol
import Testing

@testable import HPKKubelet

@Suite("User, groups and capabilities of a container", .tags(.translation))
struct IdentityTests {
    /// Security contexts, an image and the identity that follows.
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var pod: PodSecurityContext?
        var container: SecurityContext?
        var image: ImageRecord = IdentityTests.image
        var expected: ProcessIdentity
    }

    /// Runs as root and has an account 1000.
    static let image = Fixture.image {
        $0.accounts = [
            ImageUser(name: "root", user: 0, group: 0, home: "/root"),
            ImageUser(name: "me", user: 1000, group: 1001, supplementaryGroups: [50, 60], home: "/home/me"),
        ]
    }
    /// The same with `User: me`.
    static let imageOfMe = Fixture.image {
        $0.accounts = image.accounts
        $0.configuration.user = "me"
        $0.user = image.accounts[1]
    }

    static let rows: [Row] = [
        Row(testDescription: "nothing said, image of root", expected: ProcessIdentity()),
        Row(
            testDescription: "the image's user", image: imageOfMe,
            expected: ProcessIdentity(user: 1000, group: 1001, supplementaryGroups: [50, 60])),
        Row(
            testDescription: "the pod's user with its account", pod: PodSecurityContext(runAsUser: 1000),
            expected: ProcessIdentity(user: 1000, group: 1001, supplementaryGroups: [50, 60])),
        Row(
            testDescription: "a user without an account is in group 0", pod: PodSecurityContext(runAsUser: 4711),
            expected: ProcessIdentity(user: 4711, group: 0)),
        Row(
            testDescription: "the container wins over the pod", pod: PodSecurityContext(runAsUser: 1, runAsGroup: 2),
            container: SecurityContext(runAsUser: 3, runAsGroup: 4), expected: ProcessIdentity(user: 3, group: 4)),
        Row(
            testDescription: "user 0 wins over the image's user", container: SecurityContext(runAsUser: 0), image: imageOfMe,
            expected: ProcessIdentity()),
        Row(
            testDescription: "a group alone", pod: PodSecurityContext(runAsGroup: 7), image: imageOfMe,
            expected: ProcessIdentity(user: 1000, group: 7, supplementaryGroups: [50, 60])),
        Row(
            testDescription: "further groups and fsGroup, each once",
            pod: PodSecurityContext(runAsUser: 5, runAsGroup: 6, supplementalGroups: [7, 8, 7], fsGroup: 9),
            expected: ProcessIdentity(user: 5, group: 6, supplementaryGroups: [7, 8, 9])),
        Row(
            testDescription: "strict groups leave the image's out",
            pod: PodSecurityContext(runAsUser: 1000, supplementalGroups: [7], supplementalGroupsPolicy: "Strict"),
            expected: ProcessIdentity(user: 1000, group: 1001, supplementaryGroups: [7])),
        Row(
            testDescription: "not root, by number", pod: PodSecurityContext(runAsUser: 1, runAsNonRoot: true),
            expected: ProcessIdentity(user: 1)),
        Row(
            testDescription: "not root, by the image", pod: PodSecurityContext(runAsNonRoot: true), image: imageOfMe,
            expected: ProcessIdentity(user: 1000, group: 1001, supplementaryGroups: [50, 60])),
        Row(
            testDescription: "the container may allow root", pod: PodSecurityContext(runAsNonRoot: true),
            container: SecurityContext(runAsNonRoot: false), expected: ProcessIdentity()),
    ]

    @Test("Who the process is", arguments: rows)
    func identity(_ row: Row) throws {
        let pod = Fixture.pod {
            $0.spec.securityContext = row.pod
            $0.spec.containers[0].securityContext = row.container
        }
        #expect(try Fixture.build(pod, image: row.image).plan.containers[0].identity == row.expected)
    }

    @Test("An image that runs as root breaks runAsNonRoot")
    func imageIsRoot() {
        let pod = Fixture.pod { $0.spec.securityContext = PodSecurityContext(runAsNonRoot: true) }
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(pod, image: Self.image) }
        #expect(error?.reason == "CreateContainerConfigError")
        #expect(
            error?.description
                == "container has runAsNonRoot and image will run as root (pod: \"web_shop(\(Fixture.uid))\", container: main)")
    }

    @Test("runAsUser 0 breaks runAsNonRoot")
    func userIsRoot() {
        let pod = Fixture.pod { $0.spec.securityContext = PodSecurityContext(runAsUser: 0, runAsNonRoot: true) }
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(pod) }
        #expect(error?.description.hasPrefix("container's runAsUser breaks non-root policy") == true)
    }

    @Test("An image user without an account keeps the container waiting")
    func unknownUser() {
        let image = Fixture.image { $0.configuration.user = "ghost" }
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(Fixture.pod(), image: image) }
        #expect(error?.effect == .containerWaits(container: "main", reason: "CreateContainerError"))
        #expect(error?.message.contains("\"ghost\"") == true)
    }

    @Test("Ids that are none fail the pod", .tags(.hostileInput), arguments: [-1, Int(Int32.max) + 1, Int.max, Int.min])
    func absurdIDs(id: Int) {
        for context in [
            PodSecurityContext(runAsUser: id), PodSecurityContext(runAsGroup: id), PodSecurityContext(supplementalGroups: [id]),
            PodSecurityContext(fsGroup: id),
        ] {
            let pod = Fixture.pod { $0.spec.securityContext = context }
            let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(pod) }
            #expect(error?.reason == "InvalidPod")
        }
    }

    @Test(
        "Capabilities are the default set, with additions before removals",
        arguments: [
            ([], [], CapabilitySet.defaults), (["NET_ADMIN"], [], CapabilitySet.defaults.union(["CAP_NET_ADMIN"])),
            (["cap_net_admin"], [], CapabilitySet.defaults.union(["CAP_NET_ADMIN"])),
            ([], ["CHOWN", "KILL"], CapabilitySet.defaults.subtracting(["CAP_CHOWN", "CAP_KILL"])), ([], ["ALL"], []),
            (["ALL"], [], CapabilitySet.all), (["NET_BIND_SERVICE"], ["all"], ["CAP_NET_BIND_SERVICE"]), (["ALL"], ["ALL"], []),
            (["ALL"], ["CHOWN"], CapabilitySet.all.subtracting(["CAP_CHOWN"])),
            (["CHOWN"], ["CHOWN"], CapabilitySet.defaults.subtracting(["CAP_CHOWN"])),
        ] as [([String], [String], Set<String>)])
    func capabilities(add: [String], drop: [String], expected: Set<String>) throws {
        let pod = Fixture.pod(container: { $0.securityContext = SecurityContext(capabilities: Capabilities(add: add, drop: drop)) })
        #expect(try Fixture.build(pod).plan.containers[0].capabilities == expected.sorted())
    }

    @Test("The default set has no network administration")
    func noNetworkAdministration() {
        #expect(CapabilitySet.defaults.count == 14)
        #expect(CapabilitySet.all.count == 41)
        #expect(!CapabilitySet.defaults.contains("CAP_NET_ADMIN"))
    }

    @Test("A capability that Linux does not have is left out and reported", .tags(.hostileInput))
    func unknownCapability() throws {
        let pod = Fixture.pod(container: { $0.securityContext = SecurityContext(capabilities: Capabilities(add: ["X,CAP_SYS_ADMIN"])) })
        let built = try Fixture.build(pod)
        #expect(built.plan.containers[0].capabilities == CapabilitySet.defaults.sorted())
        #expect(built.notices.map(\.reason) == ["UnknownCapability"])
    }

    @Test(
        "no_new_privs is set only where the pod forbids escalation",
        arguments: [(nil, nil, false), (true, nil, false), (false, nil, true), (false, true, false)] as [(Bool?, Bool?, Bool)])
    func escalation(allow: Bool?, privileged: Bool?, expected: Bool) throws {
        let pod = Fixture.pod(container: {
            $0.securityContext = SecurityContext(privileged: privileged, allowPrivilegeEscalation: allow)
        })
        let plan = try Fixture.build(pod).plan.containers[0]
        #expect(plan.noNewPrivileges == expected)
        #expect((plan.capabilities == CapabilitySet.all.sorted()) == (privileged == true))
    }

    @Test(
        "Stop signals",
        arguments: [
            (nil, 15), ("", 15), ("SIGQUIT", 3), ("quit", 3), ("9", 9), ("SIGRTMIN+3", 37), ("RTMIN", 34), ("SIGRTMAX-1", 63),
            ("RTMAX", 64),
            ("0", 15), ("65", 15), ("SIGNOPE", 15), ("RTMIN+99", 15), ("-3", 15),
        ] as [(String?, Int32)])
    func stopSignal(text: String?, expected: Int32) {
        #expect(StopSignal.number(text) == expected)
    }
}
