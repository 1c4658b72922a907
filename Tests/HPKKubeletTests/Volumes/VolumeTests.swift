import Foundation
import Kubernetes
import PodProtocol
import Testing

@testable import HPKKubelet

@Suite("Volumes of a pod", .tags(.translation))
struct VolumeTests {
    static let sources = PodSources(
        configMaps: ["map": Fixture.configMap(["a": "1", "b": "2"], binary: ["c": Data([0, 255])])],
        secrets: ["safe": Fixture.secret(["key": "k", "cert": "c"])],
        tokens: [TokenKey(): IssuedToken(token: "tok", expires: Timestamp(secondsSince1970: 3600), expirationSeconds: 3600)])

    static func pod(_ source: VolumeSource, _ change: (inout Pod) -> Void = { _ in }) -> Pod {
        Fixture.pod {
            $0.metadata.labels = ["app": "x"]
            $0.spec.volumes = [Volume(name: "v", source: source)]
            change(&$0)
        }
    }

    static func file(_ path: String, _ text: String, mode: UInt32 = 0o644, owner: UInt32? = nil) -> VolumeContent.File {
        VolumeContent.File(path: path, mode: mode, data: Data(text.utf8), owner: owner)
    }

    /// A volume's source and its files.
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var source: VolumeSource
        var isSecret = false
        var change: @Sendable (inout Pod) -> Void = { _ in }
        var files: [VolumeContent.File]
    }

    static let rows: [Row] = [
        Row(
            testDescription: "a whole config map", source: .configMap(ConfigMapVolumeSource(name: "map")),
            files: [file("a", "1"), file("b", "2"), VolumeContent.File(path: "c", mode: 0o644, data: Data([0, 255]))]),
        Row(
            testDescription: "keys at paths with modes",
            source: .configMap(
                ConfigMapVolumeSource(
                    name: "map", items: [KeyToPath(key: "a", path: "x/./y", mode: 0o400), KeyToPath(key: "b", path: "z")],
                    defaultMode: 0o600)),
            files: [file("x/y", "1", mode: 0o400), file("z", "2", mode: 0o600)]),
        Row(
            testDescription: "a mode of 0",
            source: .configMap(ConfigMapVolumeSource(name: "map", items: [KeyToPath(key: "a", path: "a", mode: 0)])),
            files: [file("a", "1", mode: 0)]),
        Row(
            testDescription: "an optional config map that is not there",
            source: .configMap(ConfigMapVolumeSource(name: "no", optional: true)), files: []),
        Row(
            testDescription: "an optional key that is not there",
            source: .configMap(
                ConfigMapVolumeSource(
                    name: "map", items: [KeyToPath(key: "no", path: "n"), KeyToPath(key: "a", path: "a")], optional: true)),
            files: [file("a", "1")]),
        Row(
            testDescription: "a whole secret", source: .secret(SecretVolumeSource(secretName: "safe", defaultMode: 0o400)), isSecret: true,
            files: [file("cert", "c", mode: 0o400), file("key", "k", mode: 0o400)]),
        Row(
            testDescription: "an optional secret that is not there", source: .secret(SecretVolumeSource(secretName: "no", optional: true)),
            isSecret: true, files: []),
        Row(
            testDescription: "fsGroup can read every file", source: .secret(SecretVolumeSource(secretName: "safe", defaultMode: 0o400)),
            isSecret: true, change: { $0.spec.securityContext = PodSecurityContext(fsGroup: 9) },
            files: [file("cert", "c", mode: 0o440), file("key", "k", mode: 0o440)]),
        Row(
            testDescription: "fields of the pod",
            source: .downwardAPI(
                DownwardAPIVolumeSource(items: [
                    DownwardAPIVolumeFile(path: "labels", fieldRef: ObjectFieldSelector(fieldPath: "metadata.labels")),
                    DownwardAPIVolumeFile(path: "name", fieldRef: ObjectFieldSelector(fieldPath: "metadata.name"), mode: 0o600),
                    DownwardAPIVolumeFile(
                        path: "cpu",
                        resourceFieldRef: ResourceFieldSelector(containerName: "main", resource: "requests.cpu", divisor: Quantity("1m"))),
                ])), change: { $0.spec.containers[0].resources.requests = ["cpu": Quantity(milli: 250)] },
            files: [file("cpu", "250"), file("labels", "app=\"x\""), file("name", "web", mode: 0o600)]),
        Row(
            testDescription: "a projection of what is not secret",
            source: .projected(
                ProjectedVolumeSource(
                    sources: [
                        .configMap(ConfigMapProjection(name: "map", items: [KeyToPath(key: "a", path: "f")])),
                        .downwardAPI(
                            DownwardAPIProjection(items: [
                                DownwardAPIVolumeFile(path: "ns", fieldRef: ObjectFieldSelector(fieldPath: "metadata.namespace"))
                            ])), .configMap(ConfigMapProjection(name: "map", items: [KeyToPath(key: "b", path: "f")])),
                    ], defaultMode: 0o640)), files: [file("f", "2", mode: 0o640), file("ns", "shop", mode: 0o640)]),
        Row(
            testDescription: "a projection with a secret",
            source: .projected(ProjectedVolumeSource(sources: [.secret(SecretProjection(name: "safe"))])),
            isSecret: true, files: [file("cert", "c"), file("key", "k")]),
        Row(testDescription: "a token for anybody", source: token, isSecret: true, files: [file("t/token", "tok")]),
        Row(
            testDescription: "a token for the one user of all containers", source: token, isSecret: true,
            change: {
                $0.spec.securityContext = PodSecurityContext(runAsUser: 1000)
                $0.spec.initContainers = [Container(name: "i", image: "x", securityContext: SecurityContext(runAsUser: 1000))]
            }, files: [file("t/token", "tok", mode: 0o600, owner: 1000)]),
        Row(
            testDescription: "a token for users that differ", source: token, isSecret: true,
            change: {
                $0.spec.securityContext = PodSecurityContext(runAsUser: 1000)
                $0.spec.initContainers = [Container(name: "i", image: "x", securityContext: SecurityContext(runAsUser: 1001))]
            }, files: [file("t/token", "tok")]),
        Row(
            testDescription: "a token for a group", source: token, isSecret: true,
            change: { $0.spec.securityContext = PodSecurityContext(fsGroup: 9) }, files: [file("t/token", "tok", mode: 0o640)]),
    ]

    static let token = VolumeSource.projected(
        ProjectedVolumeSource(sources: [.serviceAccountToken(ServiceAccountTokenProjection(path: "t/token"))], defaultMode: 0o644))

    @Test("The files are those of the kubelet; secret ones are delivered", arguments: rows)
    func files(_ row: Row) throws {
        let built = try Fixture.build(Self.pod(row.source, row.change), sources: Self.sources)
        let content = VolumeContent(files: row.files)
        #expect(built.plan.volumes == [VolumePlan(name: "v", source: row.isSecret ? .delivered : .content(content))])
        #expect(built.delivery == (row.isSecret ? Delivery(volumes: ["v": content]) : nil))
        #expect(built.plan.needsDelivery == row.isSecret)
        #expect(built.contents == ["v": content])
    }

    @Test(
        "Folders and paths",
        arguments: [
            (.emptyDir(EmptyDirVolumeSource()), .emptyDirectory(inMemory: false, sizeLimit: nil)),
            (
                .emptyDir(EmptyDirVolumeSource(medium: "Memory", sizeLimit: Quantity("64Mi"))),
                .emptyDirectory(inMemory: true, sizeLimit: 64 << 20)
            ), (.emptyDir(EmptyDirVolumeSource(medium: "", sizeLimit: Quantity(0))), .emptyDirectory(inMemory: false, sizeLimit: nil)),
            (.hostPath(HostPathVolumeSource(path: "/data//x/")), .hostPath(path: "/data/x", type: .unset)),
            (.hostPath(HostPathVolumeSource(path: "/data", type: "DirectoryOrCreate")), .hostPath(path: "/data", type: .directoryOrCreate)),
            (.hostPath(HostPathVolumeSource(path: "/", type: "Directory")), .hostPath(path: "/", type: .directory)),
            (.hostPath(HostPathVolumeSource(path: "/s", type: "Socket")), .hostPath(path: "/s", type: .socket)),
        ] as [(VolumeSource, VolumePlan.Source)])
    func places(source: VolumeSource, expected: VolumePlan.Source) throws {
        #expect(try Fixture.build(Self.pod(source)).plan.volumes == [VolumePlan(name: "v", source: expected)])
    }

    @Test(
        "What is missing keeps the pod waiting, in the kubelet's words",
        arguments: [
            (.configMap(ConfigMapVolumeSource(name: "x")), "configmap \"x\" not found"),
            (.secret(SecretVolumeSource(secretName: "x")), "secret \"x\" not found"),
            (
                .configMap(ConfigMapVolumeSource(name: "map", items: [KeyToPath(key: "no", path: "a")])),
                "configmap references non-existent config key: no"
            ),
            (
                .secret(SecretVolumeSource(secretName: "safe", items: [KeyToPath(key: "no", path: "a")])),
                "references non-existent secret key: no"
            ),
            (
                .projected(
                    ProjectedVolumeSource(sources: [.serviceAccountToken(ServiceAccountTokenProjection(audience: "other", path: "t"))])),
                "failed to fetch token: serviceaccount \"default\" not found"
            ),
            (
                .downwardAPI(
                    DownwardAPIVolumeSource(items: [
                        DownwardAPIVolumeFile(path: "a", fieldRef: ObjectFieldSelector(fieldPath: "status.podIP"))
                    ])
                ), "unsupported fieldPath: status.podIP"
            ),
            (
                .downwardAPI(
                    DownwardAPIVolumeSource(items: [
                        DownwardAPIVolumeFile(path: "a", resourceFieldRef: ResourceFieldSelector(resource: "limits.cpu"))
                    ])), "container  not found"
            ),
            (
                .downwardAPI(
                    DownwardAPIVolumeSource(items: [
                        DownwardAPIVolumeFile(path: "a", resourceFieldRef: ResourceFieldSelector(containerName: "main", resource: "x"))
                    ])), "unsupported container resource : x"
            ),
            (
                .downwardAPI(DownwardAPIVolumeSource(items: [DownwardAPIVolumeFile(path: "a")])),
                "\"a\": one of fieldRef and resourceFieldRef is needed"
            ),
            (
                .configMap(ConfigMapVolumeSource(name: "map", items: [KeyToPath(key: "a", path: "f"), KeyToPath(key: "b", path: "f/g")])),
                "f is wanted as a file and as the folder of f/g"
            ),
            (
                .configMap(ConfigMapVolumeSource(name: "map", items: [KeyToPath(key: "a", path: "../x")])),
                "invalid path: must not contain '..': ../x"
            ),
        ] as [(VolumeSource, String)])
    func waits(source: VolumeSource, message: String) {
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(Self.pod(source), sources: Self.sources) }
        #expect(error?.effect == .volumeWaits(volume: "v"))
        #expect(error?.reason == "FailedMount")
        #expect(error?.description == "MountVolume.SetUp failed for volume \"v\" : \(message)")
    }

    @Test(
        "What can never be fails the pod, with volume and kind", .tags(.hostileInput),
        arguments: [
            (.persistentVolumeClaim(PersistentVolumeClaimVolumeSource(claimName: "c")), "Unsupported", "persistentVolumeClaim"),
            (.unsupported("nfs"), "Unsupported", "nfs"), (.emptyDir(EmptyDirVolumeSource(medium: "HugePages")), "Unsupported", "HugePages"),
            (.emptyDir(EmptyDirVolumeSource(sizeLimit: Quantity(-1))), "InvalidPod", "-1"),
            (.hostPath(HostPathVolumeSource(path: "relative")), "InvalidPod", "absolute"),
            (.hostPath(HostPathVolumeSource(path: "/a/../../etc")), "InvalidPod", "'..'"),
            (.hostPath(HostPathVolumeSource(path: "/a\nb")), "InvalidPod", "control"),
            (.hostPath(HostPathVolumeSource(path: "/a", type: "Wish")), "InvalidPod", "Wish"),
            (.configMap(ConfigMapVolumeSource(name: "map", defaultMode: 0o1000)), "InvalidPod", "512"),
            (.configMap(ConfigMapVolumeSource(name: "map", items: [KeyToPath(key: "a", path: "a", mode: -1)])), "InvalidPod", "-1"),
            (.projected(ProjectedVolumeSource(sources: [.unsupported("clusterTrustBundle")])), "Unsupported", "clusterTrustBundle"),
        ] as [(VolumeSource, String, String)])
    func fails(source: VolumeSource, reason: String, words: String) {
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(Self.pod(source), sources: Self.sources) }
        #expect(error?.effect == .podFails(reason: reason))
        #expect(error?.message.contains("\"v\"") == true)
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test(
        "Paths of files in volumes", .tags(.hostileInput),
        arguments: [
            ("a", true), ("a/b", true), ("a/./b//c", true), ("a..b", true), (".a", true), ("", false), ("/a", false), ("..", false),
            ("../a", false),
            ("a/../b", false), ("a/..", false), ("..data", false), (".", false), ("a\nb", false),
            (String(repeating: "a", count: 256), false),
            (String(repeating: "a", count: 255), true), (String(repeating: "a/", count: 2049), false),
        ])
    func paths(path: String, isGood: Bool) {
        #expect((VolumePath.problem(path) == nil) == isGood)
    }

    @Test(
        "Absolute paths are cleaned and stay inside the root",
        arguments: [("/", "/"), ("/a/", "/a"), ("a", "/a"), ("/../a", "/a"), ("/a/./b/../c", "/a/c"), ("", "/")])
    func absolute(path: String, expected: String) {
        #expect(VolumePath.absolute(path) == expected)
    }
}
