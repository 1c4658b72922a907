import Foundation
import Kubernetes
import Testing

extension ClusterSuite.Pods {
    @Suite("Secrets") struct SecretTests {
        /// A word that the container's process alone has in its arguments.
        private static let marker = "86399"

        @Test("values of secrets, tokens and pull credentials are in the container and nowhere else")
        func nowhere() async throws {
            let shared = try SharedAgent.required()
            let (kubectl, cluster) = (shared.kubectl, shared.cluster)
            let values = ["volume", "projected", "environment", "all", "argument"].map { ($0, "s3cret-\($0)-\(UUID().uuidString)") }
            let password = try String(contentsOfFile: cluster["HPK_CLUSTER_PRIVATE_REGISTRY_PASSWORD_FILE"], encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            let secret: JSONValue = [
                "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "nowhere"],
                "stringData": .object(Dictionary(values.map { ($0.0, .string($0.1)) }, uniquingKeysWith: { $1 })),
            ]
            try kubectl.create(String(decoding: try JSONEncoder().encode(secret), as: UTF8.self))
            try PullSecret.create(kubectl, "nowhere-pull")
            let watch = JSONValue.string(
                "cat /secret/volume /projected/p /var/run/secrets/kubernetes.io/serviceaccount/token > /dev/shm/read; echo ready; exec sleep \(Self.marker)"
            )
            func variable(_ name: String, _ key: String) -> JSONValue {
                ["name": .string(name), "valueFrom": ["secretKeyRef": ["name": "nowhere", "key": .string(key)]]]
            }
            let batch = try PodBatch(
                kubectl,
                [
                    PodManifest(
                        "nowhere",
                        containers: [
                            [
                                "image": .string("\(cluster["HPK_CLUSTER_PRIVATE_REGISTRY"])/private/busybox:1.35"),
                                "imagePullPolicy": "Always",
                                "command": ["sh", "-c", watch],
                                "env": [variable("FROM_SECRET", "environment"), variable("ARGUMENT", "argument")],
                                "envFrom": [["secretRef": ["name": "nowhere"], "prefix": "ALL_"]],
                                "volumeMounts": [PodManifest.mount("secret", "/secret"), PodManifest.mount("projected", "/projected")],
                            ],
                            // Expanded arguments are the pod's own doing: they are seen by nobody before the program runs.
                            [
                                "command": ["sh", "-c", .string("exec sleep \(Self.marker)"), "$(WITH)"],
                                "env": [variable("WITH", "argument")],
                            ],
                        ],
                        spec: [
                            "imagePullSecrets": [["name": "nowhere-pull"]], "terminationGracePeriodSeconds": 0,
                            "volumes": [
                                ["name": "secret", "secret": ["secretName": "nowhere"]],
                                [
                                    "name": "projected",
                                    "projected": [
                                        "sources": [
                                            ["secret": ["name": "nowhere", "items": [["key": "projected", "path": "p"]]]],
                                            ["serviceAccountToken": ["path": "token"]],
                                        ]
                                    ],
                                ],
                            ],
                        ])
                ])
            let pod = try #require(
                try await batch.wait("runs") { $0.container()?.state.running != nil && $0.container("other1")?.state.running != nil }[
                    "nowhere"])
            try await kubectl.eventually("the secrets have been read") { try batch.logs()["nowhere/main"]?.contains("ready") == true }

            let container = try #require(
                try Self.processes().first { $0.arguments == ["sleep", Self.marker] && $0.environment.contains(values[2].1) })
            let token = try Self.read("/var/run/secrets/kubernetes.io/serviceaccount/token", by: container)
            let inside = try Self.read("/secret/volume", by: container)
            #expect(inside == values[0].1, "the search looks for what is really there")
            let basic = Data("\(cluster["HPK_CLUSTER_PRIVATE_REGISTRY_USER"]):\(password)".utf8).base64EncodedString()
            var needles = values.map(\.1) + [token, password, basic]
            needles += needles.map { Data($0.utf8).base64EncodedString() }

            for process in try Self.processes() where process.arguments != ["sleep", Self.marker] {
                for needle in needles {
                    #expect(
                        !process.commandLine.contains(needle),
                        "a secret is in the arguments of \(process.id): \(process.arguments.first ?? "")")
                    #expect(
                        !process.environment.contains(needle),
                        "a secret is in the environment of \(process.id): \(process.arguments.first ?? "")")
                }
            }
            let local = try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter { $0.hasPrefix("hpk-pod-\(pod.metadata.uid)") }
            #expect(local.count == 1, "the pod's folder on the node's disk is searched as well")
            let places = [cluster.home, cluster["HPK_LOG_DIR"], "\(cluster["HPK_CLUSTER_DIR"])/slurm"] + local.map { "/tmp/\($0)" }
            #expect(try Self.search(needles, in: places + [shared.agent.logFile]) == [])
            #expect(try !Self.search([pod.metadata.uid], in: [cluster.home]).isEmpty, "the search finds what is there")
            try batch.delete()
        }

        private struct RunningProcess {
            var id: String
            var commandLine: String
            var environment: String
            var arguments: [String] { commandLine.split(separator: "\0").map(String.init) }
        }

        /// A file as a container sees it: only its own user may look into its file system.
        private static func read(_ path: String, by process: RunningProcess) throws -> String {
            let enter = ["--target", process.id, "--user", "--mount", "--setuid", "0", "--setgid", "0", "/bin/cat", path]
            let result = try Command.run("/usr/bin/nsenter", enter)
            guard result.status == 0 else { throw CommandFailure(command: "nsenter", result: result) }
            return result.output
        }

        /// All processes of the machine; one that ends meanwhile is left out.
        private static func processes() throws -> [RunningProcess] {
            try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }.compactMap { id in
                guard let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else { return nil }
                let environment = FileManager.default.contents(atPath: "/proc/\(id)/environ") ?? Data()
                return RunningProcess(
                    id: id, commandLine: String(decoding: line, as: UTF8.self), environment: String(decoding: environment, as: UTF8.self))
            }
        }

        /// Files that hold one of the texts, byte for byte.
        private static func search(_ needles: [String], in places: [String]) throws -> [String] {
            let list = FileManager.default.temporaryDirectory.appendingPathComponent("needles-\(UUID().uuidString)")
            try Data(needles.joined(separator: "\n").utf8).write(to: list)
            defer { try? FileManager.default.removeItem(at: list) }
            let result = try Command.run("/usr/bin/grep", ["-rlaF", "-f", list.path] + places)
            // A file that goes away during the search is an error of grep's; 1 means that nothing was found.
            return result.output.split(separator: "\n").map(String.init)
        }
    }
}

/// The pull secret for the development cluster's registry with a password.
enum PullSecret {
    static func create(_ kubectl: Kubectl, _ name: String, password: String? = nil) throws {
        let cluster = kubectl.cluster
        let real = try String(contentsOfFile: cluster["HPK_CLUSTER_PRIVATE_REGISTRY_PASSWORD_FILE"], encoding: .utf8)
        let word = (password ?? real).trimmingCharacters(in: .whitespacesAndNewlines)
        let login = Data("\(cluster["HPK_CLUSTER_PRIVATE_REGISTRY_USER"]):\(word)".utf8).base64EncodedString()
        let config = "{\"auths\":{\"\(cluster["HPK_CLUSTER_PRIVATE_REGISTRY"])\":{\"auth\":\"\(login)\"}}}"
        let secret: JSONValue = [
            "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name)], "type": "kubernetes.io/dockerconfigjson",
            "stringData": [".dockerconfigjson": .string(config)],
        ]
        try kubectl.create(String(decoding: try JSONEncoder().encode(secret), as: UTF8.self))
    }
}
