import Foundation
import Kubernetes
import PodProtocol
import Testing

@testable import HPKKubelet

@Suite("A container's environment", .tags(.translation))
struct EnvironmentTests {
    /// `env` entries and what one variable is in the end.
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var env: [EnvVar] = []
        var envFrom: [EnvFromSource] = []
        var image: [String] = []
        var name: String
        var expected: String?
    }

    static let sources = PodSources(
        configMaps: ["map": Fixture.configMap(["color": "blue", "PLAIN": "a$(B)", "1bad": "x", "x": ""])],
        secrets: ["safe": Fixture.secret(["password": "p$(A)w", "USER": "root"])])

    static let rows: [Row] = [
        Row(testDescription: "a plain value", env: [EnvVar(name: "A", value: "1")], name: "A", expected: "1"),
        Row(testDescription: "no value is an empty one", env: [EnvVar(name: "A")], name: "A", expected: ""),
        Row(
            testDescription: "a reference to an earlier variable",
            env: [EnvVar(name: "A", value: "1"), EnvVar(name: "B", value: "<$(A)>")],
            name: "B", expected: "<1>"),
        Row(
            testDescription: "a reference to a later variable stays",
            env: [EnvVar(name: "B", value: "<$(A)>"), EnvVar(name: "A", value: "1")], name: "B", expected: "<$(A)>"),
        Row(
            testDescription: "a reference to the image's variable stays", env: [EnvVar(name: "B", value: "$(FROM_IMAGE):x")],
            image: ["FROM_IMAGE=1"], name: "B", expected: "$(FROM_IMAGE):x"),
        Row(
            testDescription: "a reference to PATH stays", env: [EnvVar(name: "PATH", value: "/x:$(PATH)")], name: "PATH",
            expected: "/x:$(PATH)"),
        Row(testDescription: "two dollars are one", env: [EnvVar(name: "B", value: "$$(A) $$$$")], name: "B", expected: "$(A) $$"),
        Row(
            testDescription: "a broken reference stays", env: [EnvVar(name: "A", value: "1"), EnvVar(name: "B", value: "$(A $(")],
            name: "B",
            expected: "$(A $("),
        Row(
            testDescription: "the last entry of a name wins", env: [EnvVar(name: "A", value: "1"), EnvVar(name: "A", value: "2$(A)")],
            name: "A",
            expected: "21"),
        Row(
            testDescription: "a service variable can be referred to", env: [EnvVar(name: "U", value: "https://$(KUBERNETES_SERVICE_HOST)")],
            name: "U", expected: "https://10.0.0.1"),
        Row(testDescription: "the image's variable", image: ["FROM_IMAGE=a=b"], name: "FROM_IMAGE", expected: "a=b"),
        Row(
            testDescription: "the pod wins over the image", env: [EnvVar(name: "A", value: "pod")], image: ["A=image"], name: "A",
            expected: "pod"),
        Row(testDescription: "PATH where the image has none", name: "PATH", expected: PlanSettings.defaultPath),
        Row(testDescription: "the image's PATH", image: ["PATH=/only"], name: "PATH", expected: "/only"),
        Row(testDescription: "HOSTNAME is the pod's name", name: "HOSTNAME", expected: "web"),
        Row(testDescription: "HOME without an account", name: "HOME", expected: "/"),
        Row(testDescription: "the API server's address", name: "KUBERNETES_SERVICE_HOST", expected: "10.0.0.1"),
        Row(testDescription: "the API server's port", name: "KUBERNETES_SERVICE_PORT", expected: "6443"),
        Row(testDescription: "the API server in docker's form", name: "KUBERNETES_PORT", expected: "tcp://10.0.0.1:6443"),
        Row(testDescription: "the port's variables", name: "KUBERNETES_PORT_6443_TCP_ADDR", expected: "10.0.0.1"),
        Row(
            testDescription: "a whole config map", envFrom: [EnvFromSource(configMapRef: OptionalObjectReference(name: "map"))],
            name: "color",
            expected: "blue"),
        Row(
            testDescription: "values of config maps are not expanded", env: [EnvVar(name: "B", value: "1")],
            envFrom: [EnvFromSource(configMapRef: OptionalObjectReference(name: "map"))], name: "PLAIN", expected: "a$(B)"),
        Row(
            testDescription: "a prefix", envFrom: [EnvFromSource(prefix: "P_", configMapRef: OptionalObjectReference(name: "map"))],
            name: "P_color", expected: "blue"),
        Row(
            testDescription: "a prefix mends a bad name",
            envFrom: [EnvFromSource(prefix: "P_", configMapRef: OptionalObjectReference(name: "map"))], name: "P_1bad", expected: "x"),
        Row(
            testDescription: "a key that is no variable name is left out",
            envFrom: [EnvFromSource(configMapRef: OptionalObjectReference(name: "map"))], name: "1bad", expected: nil),
        Row(
            testDescription: "a whole secret", envFrom: [EnvFromSource(secretRef: OptionalObjectReference(name: "safe"))], name: "USER",
            expected: "root"),
        Row(
            testDescription: "env wins over envFrom", env: [EnvVar(name: "USER", value: "me")],
            envFrom: [EnvFromSource(secretRef: OptionalObjectReference(name: "safe"))], name: "USER", expected: "me"),
        Row(
            testDescription: "an optional config map that is not there",
            envFrom: [EnvFromSource(configMapRef: OptionalObjectReference(name: "none", optional: true))], name: "color", expected: nil),
        Row(
            testDescription: "an optional secret that is not there",
            envFrom: [EnvFromSource(secretRef: OptionalObjectReference(name: "none", optional: true))], name: "USER", expected: nil),
        Row(
            testDescription: "a key of a config map",
            env: [EnvVar(name: "C", valueFrom: EnvVarSource(configMapKeyRef: KeySelector(name: "map", key: "color")))], name: "C",
            expected: "blue"),
        Row(
            testDescription: "an optional key that is not there",
            env: [EnvVar(name: "C", valueFrom: EnvVarSource(configMapKeyRef: KeySelector(name: "map", key: "none", optional: true)))],
            name: "C", expected: nil),
        Row(
            testDescription: "an optional config map's key",
            env: [EnvVar(name: "C", valueFrom: EnvVarSource(configMapKeyRef: KeySelector(name: "none", key: "a", optional: true)))],
            name: "C",
            expected: nil),
        Row(
            testDescription: "a key of a secret, not expanded",
            env: [
                EnvVar(name: "A", value: "1"),
                EnvVar(name: "S", valueFrom: EnvVarSource(secretKeyRef: KeySelector(name: "safe", key: "password"))),
            ], name: "S", expected: "p$(A)w"),
        Row(
            testDescription: "a reference to a secret",
            env: [
                EnvVar(name: "S", valueFrom: EnvVarSource(secretKeyRef: KeySelector(name: "safe", key: "USER"))),
                EnvVar(name: "T", value: "user=$(S)"),
            ], name: "T", expected: "user=root"),
        Row(
            testDescription: "an optional secret key that is not there",
            env: [EnvVar(name: "S", valueFrom: EnvVarSource(secretKeyRef: KeySelector(name: "safe", key: "none", optional: true)))],
            name: "S",
            expected: nil),
        Row(
            testDescription: "an optional secret's key",
            env: [EnvVar(name: "S", valueFrom: EnvVarSource(secretKeyRef: KeySelector(name: "none", key: "a", optional: true)))], name: "S",
            expected: nil),
        Row(
            testDescription: "a value wins over valueFrom",
            env: [
                EnvVar(name: "V", value: "here", valueFrom: EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: "metadata.name")))
            ], name: "V", expected: "here"),
        Row(
            testDescription: "newlines and quotes stay", env: [EnvVar(name: "A", value: "a\n'b' \"c\" `d` ;e")], name: "A",
            expected: "a\n'b' \"c\" `d` ;e"),
    ]

    @Test("Each source gives the value that the kubelet gives", arguments: rows)
    func value(_ row: Row) throws {
        let pod = Fixture.pod(container: {
            $0.env = row.env
            $0.envFrom = row.envFrom
        })
        let image = Fixture.image { $0.configuration.environment = row.image }
        let environment = try Fixture.environment(pod, sources: Self.sources, image: image)
        #expect(environment[row.name] == row.expected)
    }

    @Test(
        "Fields of the pod",
        arguments: [
            ("metadata.name", "web"), ("metadata.namespace", "shop"), ("metadata.uid", Fixture.uid), ("metadata.labels['app']", "x"),
            ("metadata.labels['none']", ""), ("metadata.annotations['a/b']", "say \"hi\"\n"), ("metadata.labels", "app=\"x\"\nz=\"1\""),
            ("metadata.annotations", "a/b=\"say \\\"hi\\\"\\n\""), ("spec.nodeName", "hpk"), ("spec.serviceAccountName", "default"),
            ("status.podIP", "10.1.2.3"), ("status.podIPs", "10.1.2.3,fd00::3"), ("status.hostIP", "192.0.2.9"),
            ("status.hostIPs", "192.0.2.9"),
        ])
    func field(path: String, expected: String) throws {
        let pod = Fixture.pod {
            $0.metadata.labels = ["z": "1", "app": "x"]
            $0.metadata.annotations = ["a/b": "say \"hi\"\n"]
            $0.spec.containers[0].env = [EnvVar(name: "F", valueFrom: EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: path)))]
        }
        #expect(try Fixture.environment(pod)["F"] == expected)
    }

    @Test(
        "Requests and limits",
        arguments: [
            ("limits.cpu", nil, "2"), ("limits.cpu", "1m", "1500"), ("requests.cpu", nil, "1"), ("requests.cpu", "100m", "3"),
            ("limits.memory", nil, "134217728"), ("limits.memory", "1Mi", "128"), ("limits.memory", "100Mi", "2"),
            ("requests.memory", "1Gi", "1"), ("requests.ephemeral-storage", nil, "0"), ("limits.ephemeral-storage", "1Gi", "10"),
            ("limits.hugepages-2Mi", nil, "0"), ("limits.cpu", "0", "2"),
        ] as [(String, String?, String)])
    func resource(resource: String, divisor: String?, expected: String) throws {
        let pod = Fixture.pod(container: {
            $0.resources = ResourceRequirements(
                limits: ["cpu": Quantity(milli: 1500), "memory": Quantity(128 << 20)], requests: ["cpu": Quantity(milli: 250)])
            $0.env = [
                EnvVar(
                    name: "R",
                    valueFrom: EnvVarSource(
                        resourceFieldRef: ResourceFieldSelector(resource: resource, divisor: divisor.flatMap { Quantity($0) })))
            ]
        })
        let settings = Fixture.settings { $0.allocatable = ["ephemeral-storage": Quantity(10 << 30), "cpu": Quantity(64)] }
        #expect(try Fixture.environment(pod, settings: settings)["R"] == expected)
    }

    @Test("A missing limit is the node's allocatable amount, also of another container")
    func allocatable() throws {
        let pod = Fixture.pod {
            $0.spec.initContainers = [Container(name: "first", image: "x")]
            $0.spec.containers[0].env = [
                EnvVar(
                    name: "R",
                    valueFrom: EnvVarSource(resourceFieldRef: ResourceFieldSelector(containerName: "first", resource: "limits.cpu")))
            ]
        }
        let settings = Fixture.settings { $0.allocatable = ["cpu": Quantity(64)] }
        #expect(try Fixture.environment(pod, settings: settings)["R"] == "64")
    }

    /// A variable that cannot be made, and the kubelet's words for it.
    struct Problem: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var env: [EnvVar] = []
        var envFrom: [EnvFromSource] = []
        var message: String
        var field: String?
    }

    static let problems: [Problem] = [
        Problem(
            testDescription: "no config map", envFrom: [EnvFromSource(configMapRef: OptionalObjectReference(name: "x"))],
            message: "configmap \"x\" not found", field: "spec.containers[0].envFrom[0]"),
        Problem(
            testDescription: "no secret", envFrom: [EnvFromSource(secretRef: OptionalObjectReference(name: "x"))],
            message: "secret \"x\" not found", field: "spec.containers[0].envFrom[0]"),
        Problem(
            testDescription: "no config map for a key",
            env: [EnvVar(name: "A", valueFrom: EnvVarSource(configMapKeyRef: KeySelector(name: "x", key: "k")))],
            message: "configmap \"x\" not found", field: "spec.containers[0].env[0]"),
        Problem(
            testDescription: "no key in the config map",
            env: [EnvVar(name: "A", valueFrom: EnvVarSource(configMapKeyRef: KeySelector(name: "map", key: "k")))],
            message: "couldn't find key k in ConfigMap shop/map", field: "spec.containers[0].env[0]"),
        Problem(
            testDescription: "no secret for a key",
            env: [EnvVar(name: "A", valueFrom: EnvVarSource(secretKeyRef: KeySelector(name: "x", key: "k")))],
            message: "secret \"x\" not found", field: "spec.containers[0].env[0]"),
        Problem(
            testDescription: "no key in the secret",
            env: [EnvVar(name: "A", valueFrom: EnvVarSource(secretKeyRef: KeySelector(name: "safe", key: "k")))],
            message: "couldn't find key k in Secret shop/safe", field: "spec.containers[0].env[0]"),
        Problem(
            testDescription: "an unknown field",
            env: [EnvVar(name: "A", valueFrom: EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: "spec.nope")))],
            message: "unsupported fieldPath: spec.nope", field: "spec.containers[0].env[0]"),
        Problem(
            testDescription: "an unknown resource",
            env: [EnvVar(name: "A", valueFrom: EnvVarSource(resourceFieldRef: ResourceFieldSelector(resource: "limits.gpu")))],
            message: "unsupported container resource : limits.gpu", field: "spec.containers[0].env[0]"),
        Problem(
            testDescription: "an unknown container",
            env: [
                EnvVar(
                    name: "A",
                    valueFrom: EnvVarSource(resourceFieldRef: ResourceFieldSelector(containerName: "who", resource: "limits.cpu")))
            ], message: "container who not found", field: "spec.containers[0].env[0]"),
        Problem(
            testDescription: "a NUL in a config map",
            env: [EnvVar(name: "A", valueFrom: EnvVarSource(configMapKeyRef: KeySelector(name: "nul", key: "k")))],
            message: "env[0] key k of ConfigMap nul: holds a NUL character, which no process can be given: remove it", field: nil),
        Problem(
            testDescription: "a secret that is no text",
            env: [EnvVar(name: "A", valueFrom: EnvVarSource(secretKeyRef: KeySelector(name: "bytes", key: "k")))],
            message: "key k of Secret shop/bytes is not UTF-8 text: mount it as a volume instead", field: "spec.containers[0].env[0]"),
    ]

    @Test("What is missing keeps the container waiting, in the kubelet's words", arguments: problems)
    func problem(_ row: Problem) {
        var sources = Self.sources
        sources.configMaps["nul"] = Fixture.configMap(["k": "a\0b"])
        sources.secrets["bytes"] = Secret(data: ["k": Data([0xFF, 0xFE])])
        let pod = Fixture.pod(container: {
            $0.env = row.env
            $0.envFrom = row.envFrom
        })
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(pod, sources: sources) }
        #expect(error?.effect == .containerWaits(container: "main", reason: "CreateContainerConfigError"))
        #expect(error?.description == row.message)
        #expect(error?.field == row.field)
    }

    @Test("Keys that are no variable names are reported once, with the map's name")
    func invalidNames() throws {
        let sources = PodSources(configMaps: ["m": Fixture.configMap(["1a": "", "..b": "", "ok": "", ".": ""])])
        let pod = Fixture.pod(container: { $0.envFrom = [EnvFromSource(configMapRef: OptionalObjectReference(name: "m"))] })
        let notices = try Fixture.build(pod, sources: sources).notices
        #expect(
            notices == [
                PlanNotice(
                    reason: "InvalidEnvironmentVariableNames",
                    message: "Keys [., ..b, 1a] from the EnvFrom configMap shop/m were skipped since they are considered invalid "
                        + "environment variable names.")
            ])
    }

    @Test("Secret values are in the delivery and nowhere in the plan")
    func secretsStayOut() throws {
        let secret = "swordfish-\(UInt64.random(in: 0 ... .max))"
        let sources = PodSources(secrets: ["s": Fixture.secret(["k": secret])])
        let pod = Fixture.pod {
            $0.spec.containers[0].env = [
                EnvVar(name: "S", valueFrom: EnvVarSource(secretKeyRef: KeySelector(name: "s", key: "k"))),
                EnvVar(name: "T", value: "$(S)$(S)"),
            ]
            $0.spec.containers[0].envFrom = [EnvFromSource(secretRef: OptionalObjectReference(name: "s"))]
            $0.spec.containers[0].args = ["--password=$(S)"]
            $0.spec.volumes = [Volume(name: "v", source: .secret(SecretVolumeSource(secretName: "s")))]
        }
        let built = try Fixture.build(pod, sources: sources)
        let plan = String(decoding: try MessageCoding.encode(built.plan), as: UTF8.self)
        #expect(!plan.contains(secret))
        #expect(!plan.contains(Data(secret.utf8).base64EncodedString()))
        #expect(built.plan.needsDelivery)
        #expect(built.delivery?.secrets == ["s/k": secret])
        #expect(built.delivery?.volumes["v"]?.files.map(\.data) == [Data(secret.utf8)])
        #expect(
            !"\(sources) \(String(reflecting: sources)) \(String(describing: Mirror(reflecting: sources).children.map(\.value)))".contains(
                secret))
    }

    @Test("Optional secrets that are not there need no delivery")
    func nothingToDeliver() throws {
        let pod = Fixture.pod(container: {
            $0.env = [EnvVar(name: "S", valueFrom: EnvVarSource(secretKeyRef: KeySelector(name: "s", key: "k", optional: true)))]
        })
        let built = try Fixture.build(pod)
        #expect(built.delivery == nil)
        #expect(!built.plan.needsDelivery)
    }

    @Test("HOME is the account's, TERM comes with a terminal, an IPv6 API server has brackets")
    func defaults() throws {
        let pod = Fixture.pod(container: {
            $0.tty = true
            $0.securityContext = SecurityContext(runAsUser: 1000)
        })
        let image = Fixture.image { $0.accounts = [ImageUser(name: "me", user: 1000, group: 1000, home: "/home/me")] }
        let settings = Fixture.settings {
            $0.apiServerHost = "fd00::1"
            $0.apiServerPort = 443
        }
        let environment = try Fixture.environment(pod, image: image, settings: settings)
        #expect(environment["HOME"] == "/home/me")
        #expect(environment["TERM"] == "xterm")
        #expect(environment["KUBERNETES_PORT_443_TCP"] == "tcp://[fd00::1]:443")
    }
}
