import Foundation
import Kubernetes
import PodProtocol
import Testing

@testable import HPKKubelet

@Suite("The plan of a rich pod", .tags(.translation))
struct GoldenPlanTests {
    static let manifest = """
        {
          "apiVersion": "v1", "kind": "Pod",
          "metadata": {
            "name": "rich", "namespace": "shop", "uid": "0f6e6a2c-1111-2222-3333-444455556666",
            "labels": {"app": "rich"}, "annotations": {"hpk.io/network": "private"}
          },
          "spec": {
            "nodeName": "hpk", "restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 5,
            "subdomain": "back", "serviceAccountName": "robot", "shareProcessNamespace": true,
            "hostAliases": [{"ip": "192.0.2.7", "hostnames": ["db", "db.example"]}],
            "securityContext": {"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000, "supplementalGroups": [4000]},
            "volumes": [
              {"name": "conf", "configMap": {"name": "conf", "items": [{"key": "app.ini", "path": "etc/app.ini"}]}},
              {"name": "creds", "secret": {"secretName": "creds", "defaultMode": 256}},
              {"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
              {"name": "data", "hostPath": {"path": "/data", "type": "Directory"}},
              {"name": "api", "projected": {"sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}}]}}
            ],
            "initContainers": [
              {"name": "prepare", "image": "busybox", "command": ["sh", "-c", "echo \\"$HOME\\" > /scratch/x"],
               "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}]}
            ],
            "containers": [
              {"name": "main", "image": "app:1", "args": ["--user=$(USER)", "--path=$(PATH)"],
               "env": [
                 {"name": "USER", "valueFrom": {"secretKeyRef": {"name": "creds", "key": "user"}}},
                 {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                 {"name": "URL", "value": "http://$(POD_IP)/$(USER)"}],
               "envFrom": [{"prefix": "C_", "configMapRef": {"name": "flat"}}],
               "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                                   "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}},
               "volumeMounts": [
                 {"name": "conf", "mountPath": "/etc/app", "readOnly": true},
                 {"name": "creds", "mountPath": "/creds"},
                 {"name": "data", "mountPath": "/data", "subPathExpr": "$(URL)"},
                 {"name": "api", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}]}
            ]
          }
        }
        """

    static let sources = PodSources(
        configMaps: [
            "conf": Fixture.configMap(["app.ini": "[a]\nb=c\n", "unused": "x"]), "flat": Fixture.configMap(["color": "blue"]),
            "kube-root-ca.crt": Fixture.configMap(["ca.crt": "PEM"]),
        ], secrets: ["creds": Fixture.secret(["user": "alice", "password": "hush"])],
        tokens: [
            TokenKey(expirationSeconds: 3607): IssuedToken(
                token: "jwt", expires: Timestamp(secondsSince1970: 3607), expirationSeconds: 3607)
        ])

    @Test("The plan is the known one, and can be read again")
    func golden() throws {
        let pod = try JSONDecoder().decode(Pod.self, from: Data(Self.manifest.utf8))
        let image = Fixture.image {
            $0.configuration.environment = ["PATH=/usr/bin", "LANG=C"]
            $0.configuration.workingDirectory = "/srv"
            $0.configuration.stopSignal = "SIGQUIT"
        }
        let built = try Fixture.build(pod, sources: Self.sources, image: image)
        #expect(try Self.canonical(try MessageCoding.encode(built.plan)) == Self.canonical(Array(Self.plan.utf8)))
        #expect(try MessageCoding.decode(LaunchPlan.self, from: Array(Self.plan.utf8), subject: "plan") == built.plan)
        #expect(built.notices.isEmpty)
        let delivery = try #require(built.delivery)
        #expect(delivery.secrets == ["creds/user": "alice"])
        #expect(
            delivery.volumes["creds"]?.files == [
                VolumeContent.File(path: "password", mode: 0o440, data: Data("hush".utf8)),
                VolumeContent.File(path: "user", mode: 0o440, data: Data("alice".utf8)),
            ])
        #expect(
            delivery.volumes["api"]?.files
                == [
                    VolumeContent.File(path: "ca.crt", mode: 0o644, data: Data("PEM".utf8)),
                    VolumeContent.File(path: "namespace", mode: 0o644, data: Data("shop".utf8)),
                    // The group that owns the volume reads the token too.
                    VolumeContent.File(path: "token", mode: 0o640, data: Data("jwt".utf8)),
                ].map { file in
                    var file = file
                    file.owner = file.path == "token" ? 1000 : nil
                    return file
                })
    }

    /// JSON with sorted keys and no blanks.
    private static func canonical(_ json: [UInt8]) throws -> String {
        let value = try JSONSerialization.jsonObject(with: Data(json))
        return String(decoding: try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys]), as: UTF8.self)
    }
}
