import Foundation
import Kubernetes
import PodProtocol
import Testing

@testable import HPKKubelet

@Suite("Input that no plan can hold", .tags(.translation, .hostileInput))
struct PodValidationTests {
    /// A change that spoils a good pod.
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reason = "InvalidPod"
        var field: String
        var change: @Sendable (inout Pod) -> Void
    }

    static let rows: [Row] = [
        Row(testDescription: "a UID that leaves its folder", field: "metadata.uid") { $0.metadata.uid = "../../etc" },
        Row(testDescription: "a UID of two dots", field: "metadata.uid") { $0.metadata.uid = ".." },
        Row(testDescription: "no UID", field: "metadata.uid") { $0.metadata.uid = "" },
        Row(testDescription: "a namespace with a quote", field: "metadata.namespace") { $0.metadata.namespace = "a'b" },
        Row(testDescription: "a name with a newline", field: "metadata.name") { $0.metadata.name = "a\nb" },
        Row(testDescription: "a name with empty parts", field: "metadata.name") { $0.metadata.name = "a..b" },
        Row(testDescription: "no container", field: "spec.containers") { $0.spec.containers = [] },
        Row(testDescription: "a container's name with a slash", field: "spec.containers[0].name") { $0.spec.containers[0].name = "../x" },
        Row(testDescription: "two containers of one name", field: "spec.initContainers[0].name") {
            $0.spec.initContainers = [Container(name: "main", image: "x")]
        },
        Row(testDescription: "more containers than any pod has", field: "spec.containers") {
            $0.spec.containers = (0...500).map { Container(name: "c\($0)", image: "x") }
        },
        Row(testDescription: "more volumes than any pod has", field: "spec.volumes") {
            $0.spec.volumes = (0...500).map { Volume(name: "v\($0)", source: .emptyDir(EmptyDirVolumeSource())) }
        },
        Row(testDescription: "two volumes of one name", field: "spec.volumes[1].name") {
            $0.spec.volumes = [0, 1].map { _ in Volume(name: "v", source: .emptyDir(EmptyDirVolumeSource())) }
        },
        Row(testDescription: "a volume's name with a slash", field: "spec.volumes[0].name") {
            $0.spec.volumes = [Volume(name: "a/b", source: .emptyDir(EmptyDirVolumeSource()))]
        },
        Row(testDescription: "a NUL in a command", field: "spec.containers[0].command[1]") {
            $0.spec.containers[0].command = ["a", "b\0c"]
        },
        Row(testDescription: "a NUL in an argument", field: "spec.containers[0].args[0]") { $0.spec.containers[0].args = ["\0"] },
        Row(testDescription: "a NUL in a variable", field: "spec.containers[0].env[0]") {
            $0.spec.containers[0].env = [EnvVar(name: "A", value: "\0")]
        },
        Row(testDescription: "an argument of 1 MB", field: "spec.containers[0].args[0]") {
            $0.spec.containers[0].args = [String(repeating: "x", count: 1 << 20)]
        },
        Row(testDescription: "a variable of 1 MB", field: "spec.containers[0].env[0]") {
            $0.spec.containers[0].env = [EnvVar(name: "A", value: String(repeating: "x", count: 1 << 20))]
        },
        Row(testDescription: "10 MB of variables", field: "spec") {
            $0.spec.containers[0].env = (0..<100).map { EnvVar(name: "A\($0)", value: String(repeating: "x", count: 100_000)) }
        },
        Row(testDescription: "an equals sign in a variable's name", field: "spec.containers[0].env[0].name") {
            $0.spec.containers[0].env = [EnvVar(name: "A=B", value: "1")]
        },
        Row(testDescription: "a newline in a variable's name", field: "spec.containers[0].env[0].name") {
            $0.spec.containers[0].env = [EnvVar(name: "A\nB", value: "1")]
        },
        Row(testDescription: "a variable without a name", field: "spec.containers[0].env[0].name") {
            $0.spec.containers[0].env = [EnvVar(name: "", value: "1")]
        },
        Row(testDescription: "an unknown source of a variable", reason: "Unsupported", field: "spec.containers[0].env[0].valueFrom") {
            $0.spec.containers[0].env = [EnvVar(name: "A", valueFrom: EnvVarSource())]
        },
        Row(testDescription: "control characters in the working directory", field: "spec.containers[0].workingDir") {
            $0.spec.containers[0].workingDir = "/a\u{1B}[2J"
        },
        Row(testDescription: "a termination message at a relative path", field: "spec.containers[0].terminationMessagePath") {
            $0.spec.containers[0].terminationMessagePath = "x"
        },
        Row(testDescription: "a block device", reason: "Unsupported", field: "spec.containers[0].volumeDevices[0]") {
            $0.spec.containers[0].volumeDevices = [VolumeDevice(name: "d", devicePath: "/dev/x")]
        },
        Row(testDescription: "a sidecar", reason: "Unsupported", field: "spec.initContainers[0].restartPolicy") {
            $0.spec.initContainers = [Container(name: "side", image: "x", restartPolicy: .always)]
        },
        Row(testDescription: "a deadline of 0", field: "spec.activeDeadlineSeconds") { $0.spec.activeDeadlineSeconds = 0 },
        Row(testDescription: "a deadline beyond time", field: "spec.activeDeadlineSeconds") { $0.spec.activeDeadlineSeconds = Int.max },
        Row(testDescription: "an unknown restart policy", field: "spec.restartPolicy") { $0.spec.restartPolicy = "Sometimes" },
        Row(testDescription: "Windows", reason: "PodOSNotSupported", field: "spec.os.name") { $0.spec.os = PodOS(name: "windows") },
        Row(testDescription: "an alias that is no address", field: "spec.hostAliases[0].ip") {
            $0.spec.hostAliases = [Kubernetes.HostAlias(ip: "1.2.3.4\n5.6.7.8 evil", hostnames: ["a"])]
        },
        Row(testDescription: "an alias' name with a newline", field: "spec.hostAliases[0].hostnames") {
            $0.spec.hostAliases = [Kubernetes.HostAlias(ip: "192.0.2.1", hostnames: ["a", "b\n192.0.2.2 c"])]
        },
    ]

    @Test("Each fails the pod and names the field", arguments: rows)
    func refused(_ row: Row) {
        let pod = Fixture.pod { row.change(&$0) }
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(pod) }
        #expect(error?.effect == .podFails(reason: row.reason), "\(String(describing: error))")
        #expect(error?.field == row.field)
        #expect(error?.description.hasPrefix(row.field + ": ") == true)
        #expect(error.map { !TextRules.hasControl($0.description) } == true)
    }

    @Test("Quotes, newlines, dollars and other scripts in arguments are data and pass")
    func oddButGood() throws {
        let words = ["a\nb", "'; rm -rf / #", "\"$HOME\"", "`id`", "漢字", "\u{1B}[31m", ""]
        let pod = Fixture.pod(container: { $0.args = words })
        #expect(try Fixture.build(pod).plan.containers[0].command.dropFirst().map { $0.resolved(with: [:]) } == words)
    }

    @Test("Unknown fields of newer servers are ignored")
    func unknownFields() throws {
        let json = """
            {"metadata": {"name": "web", "namespace": "shop", "uid": "u-1", "brandNew": {"a": [1]}},
             "spec": {"future": true, "containers": [{"name": "main", "image": "x", "magic": {"deep": null}, "args": ["a"]}]}}
            """
        let pod = try JSONDecoder().decode(Pod.self, from: Data(json.utf8))
        #expect(try Fixture.build(pod).plan.uid == "u-1")
    }

    @Test("Secrets that do not fit into a frame fail the pod")
    func hugeDelivery() {
        let sources = PodSources(secrets: ["s": Secret(data: ["k": Data(count: 13 << 20)])])
        let pod = Fixture.pod { $0.spec.volumes = [Volume(name: "v", source: .secret(SecretVolumeSource(secretName: "s")))] }
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(pod, sources: sources) }
        #expect(error?.field == "spec.volumes")
        #expect(error?.reason == "InvalidPod")
    }

    @Test("Messages fit into an event and hold nothing that a terminal obeys")
    func tidyMessages() {
        let error = TranslationError(.podFails(reason: "x"), message: "a\u{1B}[2J\n" + String(repeating: "b", count: 5000))
        #expect(error.message.hasPrefix("a\u{FFFD}[2J\u{FFFD}bbb"))
        #expect(error.message.count == 900)
        #expect(TranslationError(.podFails(reason: "x"), message: "fine é").message == "fine é")
    }
}
