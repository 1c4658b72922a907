import Foundation
import Kubernetes
import PodProtocol
import Testing

@testable import HPKKubelet

@Suite("Volumes of a running pod follow the API", .tags(.translation))
struct VolumeRefreshTests {
    static let pod = Fixture.pod {
        $0.metadata.labels = ["app": "x"]
        $0.spec.volumes = [
            Volume(name: "map", source: .configMap(ConfigMapVolumeSource(name: "m"))),
            Volume(name: "safe", source: .secret(SecretVolumeSource(secretName: "s"))),
            Volume(
                name: "fields",
                source: .downwardAPI(
                    DownwardAPIVolumeSource(items: [
                        DownwardAPIVolumeFile(path: "labels", fieldRef: ObjectFieldSelector(fieldPath: "metadata.labels"))
                    ]))), Volume(name: "scratch", source: .emptyDir(EmptyDirVolumeSource())),
        ]
    }
    static let sources = PodSources(
        configMaps: ["m": Fixture.configMap(["a": "1"])], secrets: ["s": Fixture.secret(["k": "v"])])

    private func refresh(_ pod: Pod, _ sources: PodSources) throws -> VolumeRefresh {
        let contents = try Fixture.build(Self.pod, sources: Self.sources).contents
        return VolumeRefresh(pod: pod, sources: sources, settings: Fixture.settings(), contents: contents)
    }

    @Test("Nothing changed, nothing to deliver")
    func unchanged() throws {
        let refresh = try refresh(Self.pod, Self.sources)
        #expect(refresh.delivery == nil)
        #expect(refresh.problems.isEmpty)
    }

    @Test("Only the changed volume is delivered, and not a second time", arguments: ["map", "safe", "fields"])
    func changed(volume: String) throws {
        var sources = Self.sources
        var pod = Self.pod
        switch volume {
        case "map": sources.configMaps["m"] = Fixture.configMap(["a": "2"])
        case "safe": sources.secrets["s"] = Fixture.secret(["k": "v", "l": "w"])
        default: pod.metadata.labels = ["app": "y"]
        }
        let first = try refresh(pod, sources)
        #expect(first.delivery?.volumes.keys.sorted() == [volume])
        #expect(first.delivery?.secrets == [:])
        let second = VolumeRefresh(pod: pod, sources: sources, settings: Fixture.settings(), contents: first.contents)
        #expect(second.delivery == nil)
    }

    @Test("A required object that is gone leaves its volume as it is, and the others are still updated")
    func gone() throws {
        var sources = Self.sources
        sources.secrets = [:]
        sources.configMaps["m"] = Fixture.configMap([:])
        let refresh = try refresh(Self.pod, sources)
        #expect(refresh.problems.map(\.effect) == [.volumeWaits(volume: "safe")])
        #expect(refresh.delivery?.volumes == ["map": VolumeContent()])
        #expect(refresh.contents["safe"]?.files.count == 1)
    }
}

@Suite("Renewal of tokens", .tags(.translation))
struct TokenRenewalTests {
    static func token(expires: Int64, life: Int) -> IssuedToken {
        IssuedToken(token: "t", expires: Timestamp(secondsSince1970: expires), expirationSeconds: life)
    }

    @Test(
        "A token is due after 80 % of its life, or a day",
        arguments: [(3600, 3600, 2880), (600, 600, 480), (1_000_000, 1_000_000, 86_400), (5000, 1000, 4800)] as [(Int64, Int, Int64)])
    func due(expires: Int64, life: Int, expected: Int64) {
        #expect(TokenRenewal.dueTime(of: Self.token(expires: expires, life: life)) == expected)
    }

    @Test("The due ones are found, and when the next is due")
    func several() {
        let sources = PodSources(tokens: [
            TokenKey(): Self.token(expires: 3600, life: 3600), TokenKey(audience: "v"): Self.token(expires: 600, life: 600),
        ])
        #expect(TokenRenewal.nextDue(sources)?.secondsSince1970 == 480)
        #expect(TokenRenewal.due(sources, now: Timestamp(secondsSince1970: 479)) == [])
        #expect(TokenRenewal.due(sources, now: Timestamp(secondsSince1970: 480)) == [TokenKey(audience: "v")])
        #expect(TokenRenewal.due(sources, now: Timestamp(secondsSince1970: 9999)).count == 2)
        #expect(TokenRenewal.nextDue(PodSources()) == nil)
    }

    @Test("Absurd lives do not stop the daemon", .tags(.hostileInput), arguments: [Int.max, Int.min, 0])
    func absurd(life: Int) {
        #expect(TokenRenewal.dueTime(of: Self.token(expires: 100, life: life)) <= 100)
    }
}
