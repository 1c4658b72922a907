import Foundation
import Kubernetes
import Testing

extension ClusterSuite.Pods {
    @Suite("Volumes") struct VolumeTests {
        /// What the tests' volumes hold.
        static let sources = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: files}
            data: {a.txt: alpha, b.txt: beta}
            binaryData: {raw: AP8Q}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: secret-files}
            stringData: {password: s3cret-volume, user: admin}
            """

        private static func volume(_ name: String, _ source: JSONValue) -> JSONValue {
            guard case .object(let members) = source else { return .null }
            return .object(members.merging(["name": .string(name)]) { $1 })
        }

        /// A pod that mounts one volume at /v.
        private static func pod(
            _ name: String, _ script: String, _ source: JSONValue, mount: [String: JSONValue] = [:], container: [String: JSONValue] = [:],
            spec: [String: JSONValue] = [:]
        ) -> PodManifest {
            PodManifest(
                name, script: script, container: ["volumeMounts": [PodManifest.mount("v", "/v", mount)]].merging(container) { $1 },
                spec: ["volumes": [volume("v", source)]].merging(spec) { $1 })
        }

        @Test("emptyDir is shared by the pod's containers, on disk or in memory, and goes with the pod")
        func emptyDir() async throws {
            let mounts: JSONValue = [PodManifest.mount("disk", "/disk"), PodManifest.mount("memory", "/memory")]
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl,
                [
                    PodManifest(
                        "empty-shared",
                        containers: [
                            [
                                "command": [
                                    "sh", "-c",
                                    "echo one > /disk/f; echo two > /memory/f; stat -c %a /disk; stat -f -c %T /memory; stat -f -c %T /disk",
                                ],
                                "volumeMounts": mounts,
                            ],
                            [
                                "command": [
                                    "sh", "-c", "until cat /disk/f /memory/f 2>/dev/null | grep two; do sleep 0.1; done; cat /disk/f",
                                ],
                                "volumeMounts": mounts,
                            ],
                        ],
                        spec: ["volumes": [["name": "disk", "emptyDir": [:]], ["name": "memory", "emptyDir": ["medium": "Memory"]]]]),
                    Self.pod(
                        "empty-limit", "head -c 3000000 /dev/zero > /v/f 2>/dev/null && echo fits || echo full",
                        ["emptyDir": ["medium": "Memory", "sizeLimit": "1Mi"]]),
                    Self.pod("empty-read-only", "touch /v/f 2>&1 || echo refused", ["emptyDir": [:]], mount: ["readOnly": true]),
                ])
            ended.expectSuccess()
            let lines = ended.lines("empty-shared")
            #expect(lines.prefix(2) == ["777", "tmpfs"])
            #expect(lines.last != "tmpfs", "an emptyDir without a medium is on disk")
            #expect(ended.lines("empty-shared", "other1") == ["two", "one"])
            #expect(ended.lines("empty-limit") == ["full"])
            #expect(ended.lines("empty-read-only").last == "refused")
        }

        @Test("configMap and secret volumes hold their keys with items, modes and groups as asked")
        func contentVolumes() async throws {
            let kubectl = try SharedAgent.required().kubectl
            try kubectl.must("apply", "-f", "-", input: Self.sources)
            let list = "cd /v && find . -type f -o -type l | grep -v '/\\.\\.' | sort"
            let ended = try await PodBatch.ended(
                kubectl,
                [
                    Self.pod(
                        "map-all", "\(list); cat /v/a.txt; echo; od -An -tx1 /v/raw; stat -L -c %a /v/a.txt",
                        ["configMap": ["name": "files"]]),
                    Self.pod(
                        "map-items", "\(list); cat /v/sub/x; echo; stat -L -c %a /v/sub/x /v/b",
                        [
                            "configMap": [
                                "name": "files", "defaultMode": 0o440,
                                "items": [["key": "a.txt", "path": "sub/x", "mode": 0o600], ["key": "b.txt", "path": "b"]],
                            ]
                        ]),
                    Self.pod("map-optional", "ls /v | wc -l", ["configMap": ["name": "nowhere", "optional": true]]),
                    Self.pod(
                        "map-subpath", "cat /v; echo; stat -c %F /v", ["configMap": ["name": "files"]], mount: ["subPath": "b.txt"]),
                    Self.pod(
                        "map-read-only", "echo x > /v/a.txt 2>&1 || echo refused; touch /v/new 2>&1 || echo refused",
                        ["configMap": ["name": "files"]], mount: ["readOnly": true]),
                    Self.pod(
                        "secret-all", "\(list); cat /v/password; echo; stat -f -c %T /v; stat -L -c %a /v/password",
                        ["secret": ["secretName": "secret-files"]]),
                    Self.pod(
                        "secret-group", "id -u; cat /v/password; echo; stat -L -c %g:%a /v/password",
                        ["secret": ["secretName": "secret-files", "defaultMode": 0o400]],
                        spec: ["securityContext": ["runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 2000]]),
                ])
            ended.expectSuccess()
            #expect(ended.lines("map-all") == ["./a.txt", "./b.txt", "./raw", "alpha", " 00 ff 10", "644"])
            #expect(
                ended.lines("map-items") == ["./b", "./sub", "alpha", "600", "440"]
                    || ended.lines("map-items") == ["./b", "./sub/x", "alpha", "600", "440"])
            #expect(ended.lines("map-optional") == ["0"])
            #expect(ended.lines("map-subpath") == ["beta", "regular file"])
            #expect(ended.lines("map-read-only").filter { $0 == "refused" }.count == 2)
            #expect(ended.lines("secret-all") == ["./password", "./user", "s3cret-volume", "tmpfs", "644"])
            #expect(ended.lines("secret-group") == ["1000", "s3cret-volume", "2000:440"])
        }

        @Test("downwardAPI and projected volumes tell of the pod, and a projected token opens the API server")
        func projectedVolumes() async throws {
            let shared = try SharedAgent.required()
            let kubectl = shared.kubectl
            try kubectl.must("apply", "-f", "-", input: Self.sources)
            let projected: JSONValue = [
                "projected": [
                    "defaultMode": 0o400,
                    "sources": [
                        ["configMap": ["name": "files", "items": [["key": "a.txt", "path": "map/a"]]]],
                        ["secret": ["name": "secret-files", "items": [["key": "user", "path": "secret/user"]]]],
                        ["downwardAPI": ["items": [["path": "me/name", "fieldRef": ["fieldPath": "metadata.name"]]]]],
                        ["serviceAccountToken": ["path": "token", "expirationSeconds": 3600]],
                    ],
                ]
            ]
            let batch = try PodBatch(
                kubectl,
                [
                    PodManifest(
                        "downward", script: "cat /v/labels; echo; cat /v/cpu; echo; cat /v/namespace",
                        container: [
                            "volumeMounts": [PodManifest.mount("v", "/v")], "resources": ["limits": ["cpu": "500m", "memory": "64Mi"]],
                        ], labels: ["color": "red"],
                        spec: [
                            "volumes": [
                                [
                                    "name": "v",
                                    "downwardAPI": [
                                        "items": [
                                            ["path": "labels", "fieldRef": ["fieldPath": "metadata.labels"]],
                                            ["path": "namespace", "fieldRef": ["fieldPath": "metadata.namespace"]],
                                            [
                                                "path": "cpu",
                                                "resourceFieldRef": ["containerName": "main", "resource": "limits.cpu", "divisor": "1m"],
                                            ],
                                        ]
                                    ],
                                ]
                            ]
                        ]),
                    Self.pod(
                        "projected", "cat /v/map/a; echo; cat /v/secret/user; echo; cat /v/me/name; echo; stat -f -c %T /v; cat /v/token",
                        projected),
                    PodManifest(
                        "account-files",
                        script: "cd /var/run/secrets/kubernetes.io/serviceaccount; ls; cat namespace; echo; head -1 ca.crt; cat token"),
                    PodManifest("account-off", script: "ls /var/run/secrets 2>&1; true", spec: ["automountServiceAccountToken": false]),
                ])
            let ended = try await batch.end()
            ended.expectSuccess()
            #expect(ended.lines("downward").first { $0.hasPrefix("color") } == "color=\"red\"")
            #expect(ended.lines("downward").contains("500"))
            #expect(ended.lines("downward").last == kubectl.namespace)
            #expect(ended.lines("projected").prefix(4) == ["alpha", "admin", "projected", "tmpfs"])
            let account = ended.lines("account-files")
            #expect(account.prefix(5) == ["ca.crt", "namespace", "token", kubectl.namespace, "-----BEGIN CERTIFICATE-----"])
            #expect(!ended.text("account-off").contains("kubernetes.io"))
            for token in [try #require(ended.lines("projected").last), try #require(account.last)] {
                // The pod's own user may ask for its own rights, and for nothing else.
                let server = [
                    "--server", shared.cluster["HPK_APISERVER"], "--certificate-authority", "\(shared.cluster["HPK_PKI"])/ca.crt",
                ]
                var environment = shared.cluster.variables
                environment["KUBECONFIG"] = "/dev/null"
                let whoami = try Command.run(
                    "\(shared.cluster.programs)/kubectl", server + ["--token", token, "get", "pods", "-n", kubectl.namespace],
                    environment: environment)
                #expect(
                    whoami.error.contains("system:serviceaccount:\(kubectl.namespace):default"),
                    "the API server knows the token: \(whoami.error)")
            }
        }

        @Test("the API server accepts the pod's token from inside the pod")
        func tokenFromInside() async throws {
            let script = """
                import os, ssl, urllib.request
                folder = '/var/run/secrets/kubernetes.io/serviceaccount/'
                url = 'https://%s:%s/version' % (os.environ['KUBERNETES_SERVICE_HOST'], os.environ['KUBERNETES_SERVICE_PORT'])
                request = urllib.request.Request(url.replace('/version', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'),
                    data=b'{"kind":"SelfSubjectRulesReview","apiVersion":"authorization.k8s.io/v1","spec":{"namespace":"default"}}',
                    headers={'Authorization': 'Bearer ' + open(folder + 'token').read(), 'Content-Type': 'application/json'})
                print(urllib.request.urlopen(request, context=ssl.create_default_context(cafile=folder + 'ca.crt')).status)
                """
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl,
                [PodManifest("token-inside", containers: [["image": "python3:3.11", "command": ["python3", "-c", .string(script)]]])])
            ended.expectSuccess()
            #expect(ended.lines("token-inside").last == "201")
        }

        @Test("a pod waits for a configMap that is missing, and runs when it comes")
        func missingSources() async throws {
            let kubectl = try SharedAgent.required().kubectl
            let batch = try PodBatch(
                kubectl,
                [
                    Self.pod("late-map", "cat /v/key", ["configMap": ["name": "late"]]),
                    Self.pod("late-secret", "cat /v/key", ["secret": ["secretName": "late"]]),
                    PodManifest(
                        "late-env", script: "echo $VALUE",
                        container: ["env": [["name": "VALUE", "valueFrom": ["configMapKeyRef": ["name": "late", "key": "key"]]]]]),
                ])
            try await kubectl.eventually("each pod says what it waits for") {
                try kubectl.eventReasons(of: "late-map").contains("FailedMount")
                    && kubectl.eventReasons(of: "late-secret").contains("FailedMount")
                    && batch.pods()["late-env"]?.isWaiting("CreateContainerConfigError") == true
            }
            let waiting = try batch.pods()
            #expect(waiting.values.allSatisfy { $0.status.phase == .pending })
            #expect(waiting["late-env"]?.container()?.state.waiting?.message?.contains("configmap \"late\" not found") == true)
            #expect(waiting["late-map"]?.isWaiting("ContainerCreating") == true)
            let messages = try kubectl.must(
                "get", "events", "--field-selector", "involvedObject.name=late-map", "-o", "jsonpath={.items[*].message}")
            #expect(messages.contains("MountVolume.SetUp failed for volume \"v\" : configmap \"late\" not found"), "\(messages)")
            try kubectl.must("create", "configmap", "late", "--from-literal=key=came")
            try kubectl.must("create", "secret", "generic", "late", "--from-literal=key=came too")
            let ended = try await batch.end()
            ended.expectSuccess()
            #expect(ended.lines("late-map") == ["came"])
            #expect(ended.lines("late-secret") == ["came too"])
            #expect(ended.lines("late-env") == ["came"])
        }

        @Test("hostPath volumes are checked by their type, with the kubelet's words")
        func hostPath() async throws {
            let shared = try SharedAgent.required()
            let folder = "\(shared.cluster.home)/host-path-test"
            let make = "rm -rf $1; mkdir -p $1/dir; echo text > $1/file; ln -s /etc $1/link; chown -R $2: $1"
            let made = try Command.run("/bin/sh", ["-c", make, "sh", folder, shared.cluster.user])
            #expect(made.status == 0, "\(made.error)")
            defer { try? FileManager.default.removeItem(atPath: folder) }
            func hostPath(_ path: String, _ type: String) -> JSONValue { ["hostPath": ["path": .string(path), "type": .string(type)]] }
            let good: [(String, JSONValue, String, String)] = [
                ("host-directory", hostPath("\(folder)/dir", "Directory"), "touch /v/made && echo ok", "ok"),
                ("host-file", hostPath("\(folder)/file", "File"), "cat /v", "text"),
                ("host-create", hostPath("\(folder)/new/deep", "DirectoryOrCreate"), "touch /v/made && echo ok", "ok"),
                ("host-file-create", hostPath("\(folder)/dir/new-file", "FileOrCreate"), "echo hello > /v; cat /v", "hello"),
                ("host-unset", hostPath("\(folder)/dir", ""), "echo ok", "ok"),
                ("host-device", hostPath("/dev/null", "CharDevice"), "echo x > /v; stat -c %F /v", "character special file"),
                ("host-socket", hostPath(shared.cluster["HPK_MUNGE_SOCKET"], "Socket"), "stat -c %F /v", "socket"),
            ]
            let bad: [(String, JSONValue, String)] = [
                (
                    "host-no-directory", hostPath("\(folder)/absent", "Directory"),
                    "hostPath type check failed: \(folder)/absent is not a directory"
                ),
                (
                    "host-not-directory", hostPath("\(folder)/file", "Directory"),
                    "hostPath type check failed: \(folder)/file is not a directory"
                ),
                ("host-no-file", hostPath("\(folder)/dir", "File"), "hostPath type check failed: \(folder)/dir is not a file"),
                ("host-no-socket", hostPath("\(folder)/file", "Socket"), "hostPath type check failed: \(folder)/file is not a socket file"),
                (
                    "host-no-device", hostPath("\(folder)/file", "CharDevice"),
                    "hostPath type check failed: \(folder)/file is not a character device"
                ),
                ("host-no-block", hostPath("/dev/null", "BlockDevice"), "hostPath type check failed: /dev/null is not a block device"),
            ]
            let ended = try await PodBatch.ended(
                shared.kubectl,
                good.map { Self.pod($0.0, $0.2, $0.1) } + bad.map { Self.pod($0.0, "echo never", $0.1) })
            for row in good {
                #expect(ended.lines(row.0).last == row.3, "\(row.0): \(ended.pods[row.0]?.status.message ?? "")")
            }
            for row in bad {
                let pod = try ended.pod(row.0)
                #expect(pod.status.phase == .failed, "\(row.0)")
                let told = [pod.status.message ?? "", pod.waitingText, pod.endText].joined(separator: " ")
                #expect(told.contains(row.2), "\(row.0): \(told)")
                #expect(ended.lines(row.0) == [])
            }
            let owner = try FileManager.default.attributesOfItem(atPath: "\(folder)/dir/made")[.ownerAccountName] as? String
            #expect(owner == shared.cluster.user, "root in the pod is the user outside")
        }

        @Test("subPath and subPathExpr mount a part of a volume, and never what stands outside of it")
        func subPaths() async throws {
            let shared = try SharedAgent.required()
            let emptyDir: JSONValue = ["emptyDir": [:]]
            let escape = PodManifest.shell(
                "prepare", "ln -s / /whole/out; ln -s /etc/passwd /whole/file", ["volumeMounts": [PodManifest.mount("v", "/whole")]])
            let ended = try await PodBatch.ended(
                shared.kubectl,
                [
                    PodManifest(
                        "subpath", script: "echo text > /v/f; find /whole -type f",
                        container: ["volumeMounts": [PodManifest.mount("v", "/v", ["subPath": "a/b"]), PodManifest.mount("v", "/whole")]],
                        spec: ["volumes": [["name": "v", "emptyDir": [:]]]]),
                    PodManifest(
                        "subpath-expr", script: "touch /v/f; find /whole -type f",
                        container: [
                            "env": [["name": "ME", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]]],
                            "volumeMounts": [
                                PodManifest.mount("v", "/v", ["subPathExpr": "logs/$(ME)"]), PodManifest.mount("v", "/whole"),
                            ],
                        ], spec: ["volumes": [["name": "v", "emptyDir": [:]]]]),
                    Self.pod(
                        "subpath-link", "ls /v; echo inside", emptyDir, mount: ["subPath": "out"], spec: ["initContainers": [escape]]),
                    Self.pod(
                        "subpath-link-deep", "cat /v; echo inside", emptyDir, mount: ["subPath": "out/etc/passwd"],
                        spec: ["initContainers": [escape]]),
                ].map { manifest in
                    var manifest = manifest
                    manifest.spec["activeDeadlineSeconds"] = 20
                    return manifest
                }, seconds: 90)
            #expect(ended.lines("subpath") == ["/whole/a/b/f"])
            #expect(ended.lines("subpath-expr") == ["/whole/logs/subpath-expr/f"])
            for name in ["subpath-link", "subpath-link-deep"] {
                #expect(try ended.pod(name).status.phase == .failed)
                #expect(!ended.lines(name).contains("inside"))
            }
        }

        @Test("a running pod sees a changed configMap and a changed secret")
        func updates() async throws {
            let kubectl = try SharedAgent.required().kubectl
            try kubectl.must("create", "configmap", "live", "--from-literal=key=old")
            try kubectl.must("create", "secret", "generic", "live", "--from-literal=key=old")
            let script = "until grep -q new /map/key && grep -q new /secret/key; do sleep 0.5; done; cat /map/key /secret/key; cat /fixed"
            let batch = try PodBatch(
                kubectl,
                [
                    PodManifest(
                        "live", script: script,
                        container: [
                            "volumeMounts": [
                                PodManifest.mount("map", "/map"), PodManifest.mount("secret", "/secret"),
                                PodManifest.mount("map", "/fixed", ["subPath": "key"]),
                            ]
                        ],
                        spec: [
                            "volumes": [
                                ["name": "map", "configMap": ["name": "live"]], ["name": "secret", "secret": ["secretName": "live"]],
                            ]
                        ])
                ])
            try await batch.wait("runs") { $0.status.phase == .running }
            try kubectl.must("patch", "configmap", "live", "-p", "{\"data\":{\"key\":\"new map \"}}")
            try kubectl.must("patch", "secret", "live", "-p", "{\"stringData\":{\"key\":\"new secret \"}}")
            let ended = try await batch.end(seconds: 150)
            ended.expectSuccess()
            #expect(ended.lines("live") == ["new map new secret old"], "a subPath mount keeps what it was")
        }
    }
}
