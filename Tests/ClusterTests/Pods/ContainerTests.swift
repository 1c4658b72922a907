import Foundation
import Kubernetes
import Testing

extension ClusterSuite.Pods {
    @Suite("Containers") struct ContainerTests {
        @Test("the manifests of examples/ end as they promise")
        func examples() async throws {
            let shared = try SharedAgent.required()
            let kubectl = shared.kubectl
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../examples").path
            for name in ["nginx", "pi-job", "two-containers", "init-container"] {
                try kubectl.must("apply", "-f", "\(folder)/\(name).yaml")
            }
            try await kubectl.eventually("nginx is available") {
                try kubectl.must("get", "deployment", "nginx", "-o", "jsonpath={.status.availableReplicas}") == "1"
            }
            try kubectl.must("apply", "-f", "\(folder)/nginx-client.yaml")
            try kubectl.must("wait", "--for=condition=Complete", "job/nginx-client", "--timeout=90s")
            #expect(try kubectl.must("logs", "job/nginx-client").contains("Welcome to nginx!"))
            for name in ["two-containers", "init-container"] {
                let pod = try await kubectl.end(of: name)
                #expect(pod.status.phase == .succeeded, "\(name): \(pod.endText)")
            }
            #expect(try kubectl.must("logs", "two-containers", "-c", "client") == "hello from the server on the pod's localhost\n")
            #expect(try kubectl.must("logs", "init-container") == "prepared by the init container\n")
            try kubectl.must("wait", "--for=condition=Complete", "job/pi", "--timeout=120s")
            let digits = try kubectl.must("logs", "job/pi")
            #expect(digits.hasPrefix("3.14159265358979323846264338327950288419716939937510"))
            #expect(digits.count == 2002, "3, the point, 1999 digits and a line end")
            try kubectl.must("delete", "deployment/nginx", "--wait=false")
        }

        @Test("entrypoint, arguments, environment, user and folder come from the image unless the pod says otherwise")
        func imageConfiguration() async throws {
            let echo: JSONValue = "echo \"$(id -u):$(id -g) $(pwd) $HOME\""
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl,
                [
                    PodManifest("image-all", containers: [["image": "busybox:entrypoint"]]),
                    PodManifest("image-args", containers: [["image": "busybox:entrypoint", "args": ["x  y", "$(GREETING)", "$HOME"]]]),
                    PodManifest("image-command", containers: [["image": "busybox:entrypoint", "command": ["/bin/echo"]]]),
                    PodManifest("image-environment", script: "echo \"$GREETING\"; pwd", container: ["image": "busybox:entrypoint"]),
                    PodManifest(
                        "image-folder", containers: [["image": "busybox:entrypoint", "command": ["pwd"], "workingDir": "/made/by/pod"]]),
                    PodManifest("image-user-name", containers: [["image": "busybox:www-data", "command": ["sh", "-c", echo]]]),
                    PodManifest("image-user-number", containers: [["image": "busybox:1000", "command": ["sh", "-c", echo]]]),
                    PodManifest(
                        "image-user-overruled",
                        containers: [["image": "busybox:1000", "command": ["sh", "-c", echo], "securityContext": ["runAsUser": 0]]]),
                    PodManifest("image-root", containers: [["command": ["sh", "-c", echo]]]),
                ])
            ended.expectSuccess()
            #expect(ended.lines("image-all") == ["it's $HOME: two  words *"])
            #expect(ended.lines("image-args") == ["it's $HOME: x  y $(GREETING) $HOME"], "variables of the image are not expanded")
            #expect(ended.lines("image-command") == [""], "a command drops the image's arguments")
            #expect(ended.lines("image-environment") == ["hello \"world\" $USER", "/srv"])
            #expect(ended.lines("image-folder") == ["/made/by/pod"])
            #expect(ended.lines("image-user-name") == ["33:33 /var/www /var/www"])
            #expect(ended.lines("image-user-number") == ["1000:1000 /srv /srv"])
            #expect(ended.lines("image-user-overruled").first?.hasPrefix("0:") == true)
            #expect(ended.lines("image-root") == ["0:0 / /root"])
        }

        @Test("environment variables of every source arrive, and references to them are replaced")
        func environment() async throws {
            let shared = try SharedAgent.required()
            let kubectl = shared.kubectl
            try kubectl.create(Self.sources)
            func field(_ path: String) -> JSONValue { ["fieldRef": ["fieldPath": .string(path)]] }
            func amount(_ name: String, divisor: String = "1") -> JSONValue {
                ["resourceFieldRef": ["resource": .string(name), "divisor": .string(divisor)]]
            }
            let variables: [(String, JSONValue)] = [
                ("LITERAL", ["value": "a  b $HOME"]), ("REFERENCE", ["value": "<$(LITERAL)> $(UNKNOWN) $$(LITERAL)"]),
                ("FROM_MAP", ["valueFrom": ["configMapKeyRef": ["name": "settings", "key": "color"]]]),
                ("FROM_SECRET", ["valueFrom": ["secretKeyRef": ["name": "keys", "key": "password"]]]),
                ("WITH_SECRET", ["value": "pw=$(FROM_SECRET)"]),
                ("ABSENT", ["valueFrom": ["configMapKeyRef": ["name": "nowhere", "key": "k", "optional": true]]]),
                ("ABSENT_KEY", ["valueFrom": ["secretKeyRef": ["name": "keys", "key": "nothing", "optional": true]]]),
                ("POD_NAME", ["valueFrom": field("metadata.name")]), ("POD_NAMESPACE", ["valueFrom": field("metadata.namespace")]),
                ("POD_UID", ["valueFrom": field("metadata.uid")]), ("LABEL", ["valueFrom": field("metadata.labels['tier']")]),
                ("ANNOTATION", ["valueFrom": field("metadata.annotations['note']")]), ("NODE", ["valueFrom": field("spec.nodeName")]),
                ("ACCOUNT", ["valueFrom": field("spec.serviceAccountName")]), ("POD_IP", ["valueFrom": field("status.podIP")]),
                ("HOST_IP", ["valueFrom": field("status.hostIP")]), ("CPU", ["valueFrom": amount("requests.cpu")]),
                ("MEMORY", ["valueFrom": amount("limits.memory", divisor: "1Mi")]),
            ]
            let list = variables.map { name, value -> JSONValue in
                var entry = value
                entry["name"] = .string(name)
                return entry
            }
            let ended = try await PodBatch.ended(
                kubectl,
                [
                    PodManifest(
                        "environment",
                        containers: [
                            [
                                "command": ["sh", "-c", "env; echo \"args=$0\"", "$(POD_NAME)/$(FROM_SECRET)/$(NOTHING)"],
                                "env": .array(list),
                                "envFrom": [
                                    ["prefix": "ALL_", "configMapRef": ["name": "settings"]], ["secretRef": ["name": "keys"]],
                                    ["configMapRef": ["name": "nowhere", "optional": true]],
                                ],
                                "resources": ["requests": ["cpu": "1500m"], "limits": ["cpu": "2", "memory": "96Mi"]],
                            ]
                        ], annotations: ["note": "two  words"], labels: ["tier": "web"])
                ])
            ended.expectSuccess()
            let pod = try ended.pod("environment")
            let seen = Dictionary(
                ended.lines("environment").map { line in
                    let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                    return (parts[0], parts.count > 1 ? parts[1] : "")
                }, uniquingKeysWith: { $1 })
            let expected = [
                "LITERAL": "a  b $HOME", "REFERENCE": "<a  b $HOME> $(UNKNOWN) $(LITERAL)", "FROM_MAP": "deep blue",
                "FROM_SECRET": "s3cret-environment", "WITH_SECRET": "pw=s3cret-environment", "POD_NAME": "environment",
                "POD_NAMESPACE": kubectl.namespace, "POD_UID": pod.metadata.uid, "LABEL": "web", "ANNOTATION": "two  words",
                "NODE": "hpk-kubelet", "ACCOUNT": "default", "POD_IP": "127.0.0.1", "HOST_IP": "127.0.0.1", "CPU": "2", "MEMORY": "96",
                "ALL_color": "deep blue", "ALL_size": "9", "password": "s3cret-environment",
                "args": "environment/s3cret-environment/$(NOTHING)", "KUBERNETES_SERVICE_HOST": "127.0.0.1", "HOSTNAME": "environment",
            ]
            for (name, value) in expected { #expect(seen[name] == value, "\(name)") }
            #expect(seen["ABSENT"] == nil)
            #expect(seen["ABSENT_KEY"] == nil)
            #expect(seen["nowhere"] == nil)
            #expect(pod.status.podIP == "127.0.0.1")
            #expect(pod.status.hostIP == "127.0.0.1")
        }

        private static let sources = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: settings}
            data: {color: deep blue, size: "9"}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: keys}
            stringData: {password: s3cret-environment}
            """

        @Test("stdout and stderr keep their lines, their order and bytes that are no text")
        func output() async throws {
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl,
                [
                    PodManifest("output-streams", script: "for i in 1 2 3; do echo out$i; echo err$i >&2; done; printf 'no line end'"),
                    PodManifest("output-long", script: "head -c 200000 /dev/zero | tr '\\0' x; echo; echo after"),
                    PodManifest("output-none", script: "true"),
                ])
            ended.expectSuccess()
            let lines = ended.lines("output-streams")
            #expect(lines.filter { $0.hasPrefix("out") } == ["out1", "out2", "out3"])
            #expect(lines.filter { $0.hasPrefix("err") } == ["err1", "err2", "err3"])
            #expect(lines.contains("no line end"))
            #expect(try SharedAgent.required().kubectl.must("logs", "output-long") == String(repeating: "x", count: 200_000) + "\nafter\n")
            #expect(ended.lines("output-none") == [])
        }
    }
}
