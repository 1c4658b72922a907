import Foundation
import Kubernetes
import Testing

@testable import HPKKubelet

@Suite("What a pod refers to", .tags(.translation))
struct ReferenceTests {
    static let pod = Fixture.pod {
        $0.spec.serviceAccountName = "robot"
        $0.spec.imagePullSecrets = [LocalObjectReference(name: "pull"), LocalObjectReference()]
        $0.spec.initContainers = [
            Container(name: "i", envFrom: [EnvFromSource(configMapRef: OptionalObjectReference(name: "cm-from", optional: true))])
        ]
        $0.spec.containers[0].env = [
            EnvVar(name: "A", valueFrom: EnvVarSource(configMapKeyRef: KeySelector(name: "cm-key", key: "k"))),
            EnvVar(name: "B", valueFrom: EnvVarSource(secretKeyRef: KeySelector(name: "s-both", key: "k", optional: true))),
            EnvVar(name: "C", value: "set", valueFrom: EnvVarSource(secretKeyRef: KeySelector(name: "unused", key: "k"))),
        ]
        $0.spec.containers[0].envFrom = [EnvFromSource(secretRef: OptionalObjectReference(name: "s-from"))]
        $0.spec.volumes = [
            Volume(name: "a", source: .configMap(ConfigMapVolumeSource(name: "cm-vol"))),
            Volume(name: "b", source: .secret(SecretVolumeSource(secretName: "s-both"))),
            Volume(name: "c", source: .persistentVolumeClaim(PersistentVolumeClaimVolumeSource(claimName: "claim"))),
            Volume(name: "d", source: .emptyDir(EmptyDirVolumeSource())),
            Volume(
                name: "e",
                source: .projected(
                    ProjectedVolumeSource(sources: [
                        .configMap(ConfigMapProjection(name: "cm-proj", optional: true)), .secret(SecretProjection(name: "s-proj")),
                        .serviceAccountToken(ServiceAccountTokenProjection(path: "token")),
                        .serviceAccountToken(ServiceAccountTokenProjection(audience: "vault", expirationSeconds: 600, path: "v")),
                        .downwardAPI(DownwardAPIProjection()), .unsupported("clusterTrustBundle"),
                    ]))),
        ]
    }
    static let tokens: Set<TokenKey> = [TokenKey(), TokenKey(audience: "vault", expirationSeconds: 600)]

    @Test("Every reference is found, and required where any is")
    func references() {
        let references = PodReferences(of: Self.pod)
        #expect(references.configMaps == ["cm-from": false, "cm-key": true, "cm-vol": true, "cm-proj": false])
        #expect(references.secrets == ["s-both": true, "s-from": true, "s-proj": true])
        #expect(references.tokens == Self.tokens)
        #expect(references.claims == ["claim"])
        #expect(references.imagePullSecrets == ["pull"])
        #expect(references.serviceAccount == "robot")
        #expect(PodReferences(of: Fixture.pod()).serviceAccount == "default")
    }

    @Test("Absurd lives of tokens stay within arithmetic", .tags(.hostileInput), arguments: [Int.max, Int.min, -1])
    func absurdLife(seconds: Int) {
        let key = TokenKey(ServiceAccountTokenProjection(audience: "", expirationSeconds: seconds))
        #expect(key.audience == nil)
        #expect((0...(1 << 32)).contains(key.expirationSeconds))
    }

    /// Stands in for the API server.
    private actor Server: PodSourceReader {
        struct Down: Error {}

        private(set) var requests: [TokenRequestSpec] = []
        let life: Int64?
        let isDown: Bool

        init(life: Int64? = nil, isDown: Bool = false) {
            self.life = life
            self.isDown = isDown
        }

        func configMap(namespace: String, name: String) async throws -> ConfigMap? {
            name == "cm-from" ? nil : ConfigMap(metadata: ObjectMeta(name: name, namespace: namespace))
        }

        func secret(namespace: String, name: String) async throws -> Secret? {
            if isDown { throw Down() }
            return name == "s-proj" ? nil : Secret(metadata: ObjectMeta(name: name, namespace: namespace))
        }

        func token(namespace: String, serviceAccount: String, request: TokenRequestSpec) async throws -> TokenRequestStatus? {
            requests.append(request)
            let expires = life.map { Timestamp(secondsSince1970: 1000 + $0) }
            return TokenRequestStatus(token: "\(namespace)/\(serviceAccount)/\(request.audiences)", expirationTimestamp: expires)
        }
    }

    @Test("All are fetched; what does not exist is left out")
    func resolve() async throws {
        let server = Server()
        let resolver = ReferenceResolver(reader: server, now: { Timestamp(secondsSince1970: 1000) })
        let sources = try await resolver.resolve(PodReferences(of: Self.pod), of: Self.pod)
        #expect(Set(sources.configMaps.keys) == ["cm-key", "cm-vol", "cm-proj"])
        #expect(Set(sources.secrets.keys) == ["s-both", "s-from"])
        #expect(sources.secrets["s-from"]?.metadata.namespace == "shop")
        #expect(Set(sources.tokens.keys) == Self.tokens)
        let vault = try #require(sources.tokens[TokenKey(audience: "vault", expirationSeconds: 600)])
        #expect(vault.token == "shop/robot/[\"vault\"]")
        #expect(vault.expires.secondsSince1970 == 1600)
        let bound = BoundObjectReference(kind: "Pod", apiVersion: "v1", name: "web", uid: Fixture.uid)
        #expect(await server.requests.allSatisfy { $0.boundObjectRef == bound })
    }

    @Test("Tokens that are still good are not asked for again")
    func knownTokens() async throws {
        let server = Server()
        let resolver = ReferenceResolver(reader: server, now: { Timestamp(secondsSince1970: 1000) })
        let old = IssuedToken(token: "old", expires: Timestamp(secondsSince1970: 9000), expirationSeconds: 3600)
        let sources = try await resolver.resolve(
            PodReferences(of: Self.pod), of: Self.pod, known: [TokenKey(): old, TokenKey(audience: "x"): old])
        #expect(sources.tokens[TokenKey()] == old)
        #expect(sources.tokens.count == 2)
        #expect(await server.requests.count == 1)
    }

    @Test("A shorter life than was asked for is the life that counts")
    func shortLife() async throws {
        let resolver = ReferenceResolver(reader: Server(life: 300), now: { Timestamp(secondsSince1970: 1000) })
        let sources = try await resolver.resolve(PodReferences(of: Self.pod), of: Self.pod)
        #expect(sources.tokens[TokenKey()]?.expirationSeconds == 300)
    }

    @Test("A failure names what was fetched")
    func failure() async {
        let resolver = ReferenceResolver(reader: Server(isDown: true), now: { Timestamp(secondsSince1970: 0) })
        let error = await #expect(throws: ReferenceResolver.Failure.self) {
            try await resolver.resolve(PodReferences(of: Self.pod), of: Self.pod)
        }
        #expect(error?.subject.hasPrefix("secret \"s-") == true)
        #expect(error?.underlying is Server.Down)
    }
}
