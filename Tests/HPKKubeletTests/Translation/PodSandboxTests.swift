import Kubernetes
import PodProtocol
import Testing

@testable import HPKKubelet

@Suite("Names, resolver and network of a pod", .tags(.translation))
struct PodSandboxTests {
    static let long = String(repeating: "a", count: 62) + "-b"

    /// What the pod says, and the host name and full name that follow.
    struct HostnameRow: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var name = "web"
        var hostname: String?
        var subdomain: String?
        var asFQDN: Bool?
        var expected: String
        var fullName: String?
    }

    @Test(
        "Host names",
        arguments: [
            HostnameRow(testDescription: "the pod's name", expected: "web"),
            HostnameRow(testDescription: "a wanted name", hostname: "h", expected: "h"),
            HostnameRow(testDescription: "an empty name is none", hostname: "", subdomain: "", expected: "web"),
            HostnameRow(
                testDescription: "a long name is cut, and does not end in a dash", name: long, expected: String(repeating: "a", count: 62)),
            HostnameRow(testDescription: "with a subdomain", subdomain: "s", expected: "web", fullName: "web.s.shop.svc.cluster.local"),
            HostnameRow(
                testDescription: "the full name as the kernel's", subdomain: "s", asFQDN: true, expected: "web.s.shop.svc.cluster.local",
                fullName: "web.s.shop.svc.cluster.local"),
            HostnameRow(testDescription: "no subdomain, no full name", asFQDN: true, expected: "web"),
        ])
    func hostname(_ row: HostnameRow) throws {
        let pod = Fixture.pod {
            $0.metadata.name = row.name
            $0.spec.hostname = row.hostname
            $0.spec.subdomain = row.subdomain
            $0.spec.setHostnameAsFQDN = row.asFQDN
        }
        let plan = try Fixture.build(pod).plan
        #expect(plan.hostname == row.expected)
        #expect(plan.fullyQualifiedName == row.fullName)
    }

    @Test("With hostNetwork the host name is the compute node's, which only the supervisor knows")
    func hostNetworkName() throws {
        let pod = Fixture.pod { $0.spec.hostNetwork = true }
        #expect(try Fixture.build(pod).plan.hostname == "")
        #expect(try Fixture.environment(pod)["HOSTNAME"] == nil)
        #expect(try Fixture.environment(Fixture.pod())["HOSTNAME"] == "web")
    }

    @Test("A terminal that the pod cannot have is told as an event")
    func terminal() throws {
        let built = try Fixture.build(Fixture.pod { $0.spec.containers[0].tty = true })
        #expect(built.notices.contains { $0.reason == "NotSupported" && $0.message.contains(".tty: ") })
        #expect(try Fixture.build(Fixture.pod()).notices.isEmpty)
    }

    @Test("Host names that are none fail the pod", .tags(.hostileInput), arguments: ["A", "-a", "a b", "a\nb", "a.b", "$(x)"])
    func badHostname(name: String) {
        for change in [{ (spec: inout PodSpec) in spec.hostname = name }, { (spec: inout PodSpec) in spec.subdomain = name }] {
            let pod = Fixture.pod { change(&$0.spec) }
            let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(pod) }
            #expect(error?.reason == "InvalidPod")
        }
    }

    @Test("A full name that the kernel cannot hold fails the pod")
    func longFullName() {
        let pod = Fixture.pod {
            $0.spec.subdomain = String(repeating: "s", count: 60)
            $0.spec.setHostnameAsFQDN = true
        }
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(pod) }
        #expect(error?.message.contains("is too long (64 characters is the max") == true)
    }

    static let cluster = "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.32.0.10\noptions ndots:5\n"

    /// Policy, configuration and the file that follows.
    struct ResolverRow: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var policy: DNSPolicy?
        var config: PodDNSConfig?
        var hostNetwork = false
        var clusterDNS = ["10.32.0.10"]
        var node: ResolverConfiguration?
        var expected: String?
        var notices: [String] = []
    }

    @Test(
        "resolv.conf",
        arguments: [
            ResolverRow(testDescription: "the cluster's by default", expected: cluster),
            ResolverRow(testDescription: "the cluster's", policy: .clusterFirst, expected: cluster),
            ResolverRow(testDescription: "the node's on the node's network", policy: .clusterFirst, hostNetwork: true),
            ResolverRow(
                testDescription: "the cluster's also on the node's network", policy: .clusterFirstWithHostNet, hostNetwork: true,
                expected: cluster),
            ResolverRow(testDescription: "the node's", policy: .default),
            ResolverRow(
                testDescription: "no cluster DNS", policy: .clusterFirst, clusterDNS: [], notices: ["MissingClusterDNS"]),
            ResolverRow(
                testDescription: "only what the pod says", policy: DNSPolicy.none,
                config: PodDNSConfig(
                    nameservers: ["192.0.2.1"], searches: ["a.b"],
                    options: [PodDNSConfigOption(name: "ndots", value: "2"), PodDNSConfigOption(name: "edns0")]),
                expected: "search a.b\nnameserver 192.0.2.1\noptions ndots:2 edns0\n"),
            ResolverRow(
                testDescription: "additions to the cluster's", policy: .clusterFirst,
                config: PodDNSConfig(
                    nameservers: ["10.32.0.10", "fd00::1"], searches: ["cluster.local", "x"],
                    options: [PodDNSConfigOption(name: "ndots", value: "1")]),
                expected: "search shop.svc.cluster.local svc.cluster.local cluster.local x\nnameserver 10.32.0.10\nnameserver fd00::1\n"
                    + "options ndots:1\n"),
            ResolverRow(
                testDescription: "the node's search domains come last", policy: .clusterFirst,
                node: ResolverConfiguration(nameservers: ["192.0.2.9"], searches: ["site.example"]),
                expected:
                    "search shop.svc.cluster.local svc.cluster.local cluster.local site.example\nnameserver 10.32.0.10\noptions ndots:5\n"
            ),
            ResolverRow(
                testDescription: "additions to the node's", policy: .default, config: PodDNSConfig(searches: ["x"]),
                node: ResolverConfiguration(nameservers: ["192.0.2.9"], searches: ["site.example"], options: ["rotate"]),
                expected: "search site.example x\nnameserver 192.0.2.9\noptions rotate\n"),
            ResolverRow(
                testDescription: "additions to a node's that is not known", policy: .default, config: PodDNSConfig(searches: ["x"]),
                notices: ["DNSConfigForming"]),
            ResolverRow(
                testDescription: "too many name servers", policy: DNSPolicy.none,
                config: PodDNSConfig(nameservers: ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]),
                expected: "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n", notices: ["DNSConfigForming"]),
            ResolverRow(
                testDescription: "too many search domains", policy: DNSPolicy.none,
                config: PodDNSConfig(nameservers: ["192.0.2.1"], searches: (1...40).map { "d\($0)" }),
                expected: "search " + (1...32).map { "d\($0)" }.joined(separator: " ") + "\nnameserver 192.0.2.1\n",
                notices: ["DNSConfigForming"]),
            ResolverRow(
                testDescription: "too long search domains", policy: DNSPolicy.none,
                config: PodDNSConfig(nameservers: ["192.0.2.1"], searches: ["a", String(repeating: "b", count: 2047)]),
                expected: "search a\nnameserver 192.0.2.1\n", notices: ["DNSConfigForming"]),
        ])
    func resolver(_ row: ResolverRow) throws {
        let pod = Fixture.pod {
            $0.spec.dnsPolicy = row.policy
            $0.spec.dnsConfig = row.config
            $0.spec.hostNetwork = row.hostNetwork
        }
        let settings = Fixture.settings {
            $0.clusterDNS = row.clusterDNS
            $0.nodeResolver = row.node
        }
        let built = try Fixture.build(pod, settings: settings)
        #expect(built.plan.resolvConf == row.expected)
        #expect(built.notices.map(\.reason) == row.notices)
    }

    @Test(
        "Resolver settings that would break the file fail the pod", .tags(.hostileInput),
        arguments: [
            (PodDNSConfig(nameservers: ["example.org"]), "spec.dnsConfig.nameservers[0]"),
            (PodDNSConfig(nameservers: ["192.0.2.1\nnameserver 192.0.2.2"]), "spec.dnsConfig.nameservers[0]"),
            (PodDNSConfig(nameservers: ["192.0.2.1\0"]), "spec.dnsConfig.nameservers[0]"),
            (PodDNSConfig(nameservers: ["192.0.2.1"], searches: ["ok", "a\noptions x"]), "spec.dnsConfig.searches[1]"),
            (PodDNSConfig(nameservers: ["192.0.2.1"], options: [PodDNSConfigOption(name: "a b")]), "spec.dnsConfig.options[0]"),
            (PodDNSConfig(nameservers: ["192.0.2.1"], options: [PodDNSConfigOption(value: "1")]), "spec.dnsConfig.options[0]"),
            (PodDNSConfig(), "spec.dnsConfig.nameservers"),
        ])
    func badResolver(config: PodDNSConfig, field: String) {
        let pod = Fixture.pod {
            $0.spec.dnsPolicy = DNSPolicy.none
            $0.spec.dnsConfig = config
        }
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(pod) }
        #expect(error?.reason == "InvalidPod")
        #expect(error?.field == field)
    }

    @Test(
        "Network mode",
        arguments: [
            (nil, false, .host, .host), (nil, false, .private, .private), ("private", false, .host, .private),
            ("host", false, .private, .host),
            ("private", true, .private, .host),
        ] as [(String?, Bool, NetworkMode, NetworkMode)])
    func network(annotation: String?, hostNetwork: Bool, standard: NetworkMode, expected: NetworkMode) throws {
        let pod = Fixture.pod {
            $0.metadata.annotations[PlanBuilder.networkAnnotation] = annotation
            $0.spec.hostNetwork = hostNetwork
        }
        #expect(try Fixture.build(pod, settings: Fixture.settings { $0.defaultNetwork = standard }).plan.network == expected)
    }

    @Test("An unknown network mode fails the pod with the modes there are")
    func badNetwork() {
        let pod = Fixture.pod { $0.metadata.annotations[PlanBuilder.networkAnnotation] = "mesh" }
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(pod) }
        #expect(error?.description == "metadata.annotations['hpk.io/network']: \"mesh\" is no network mode: use one of host, private")
    }

    @Test("/etc/hosts is ours but on the node's network, where it is ours only for aliases", arguments: [true, false], [true, false])
    func hostsFile(hostNetwork: Bool, hasAliases: Bool) throws {
        let pod = Fixture.pod {
            $0.spec.hostNetwork = hostNetwork
            $0.spec.hostAliases = hasAliases ? [Kubernetes.HostAlias(ip: "192.0.2.1", hostnames: ["a", "b.c"])] : []
        }
        let plan = try Fixture.build(pod).plan
        #expect(plan.managesHostsFile == (!hostNetwork || hasAliases))
        #expect(plan.hostAliases == (hasAliases ? [PodProtocol.HostAlias(address: "192.0.2.1", hostnames: ["a", "b.c"])] : []))
    }

    @Test(
        "Grace period", arguments: [(nil, 30), (0, 0), (5, 5), (-1, 1), (Int.min, 1), (Int.max, Int64.max)] as [(Int?, Int64)])
    func grace(seconds: Int?, expected: Int64) throws {
        let pod = Fixture.pod { $0.spec.terminationGracePeriodSeconds = seconds }
        #expect(try Fixture.build(pod).plan.terminationGracePeriodSeconds == expected)
    }

    @Test(
        "Restart policies",
        arguments: [(nil, .always), (.always, .always), (.onFailure, .onFailure), (.never, .never)]
            as [(Kubernetes.RestartPolicy?, PodProtocol.RestartPolicy)])
    func restart(policy: Kubernetes.RestartPolicy?, expected: PodProtocol.RestartPolicy) throws {
        #expect(try Fixture.build(Fixture.pod { $0.spec.restartPolicy = policy }).plan.restartPolicy == expected)
    }

    @Test("Wishes that the sandbox does not grant are reported")
    func notices() throws {
        let pod = Fixture.pod {
            $0.spec.hostPID = true
            $0.spec.hostIPC = true
            $0.spec.securityContext = PodSecurityContext(sysctls: [Sysctl(name: "a", value: "b")])
            $0.spec.volumes = [Volume(name: "d", source: .emptyDir(EmptyDirVolumeSource()))]
            $0.spec.containers[0].volumeMounts = [VolumeMount(name: "d", mountPath: "/d", mountPropagation: "Bidirectional")]
        }
        let notices = try Fixture.build(pod).notices
        #expect(notices.count == 4)
        #expect(notices.allSatisfy { $0.reason == "NotSupported" })
    }
}
