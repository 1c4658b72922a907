import Foundation
import Kubernetes
import Testing

extension ClusterSuite.Pods {
    @Suite("Images") struct ImageTests {
        @Test("images that cannot be had keep their pod waiting, with the registry's own words")
        func failures() async throws {
            let shared = try SharedAgent.required()
            let kubectl = shared.kubectl
            let secret = "\(shared.cluster["HPK_CLUSTER_PRIVATE_REGISTRY"])/private/busybox:1.35"
            try PullSecret.create(kubectl, "wrong-password", password: "not-the-password")
            func pod(_ name: String, _ image: String, policy: String? = nil, secret: String? = nil) -> PodManifest {
                var container: [String: JSONValue] = ["image": .string(image), "command": ["echo", "ran"]]
                container["imagePullPolicy"] = policy.map { .string($0) }
                return PodManifest(name, containers: [container], spec: secret.map { ["imagePullSecrets": [["name": .string($0)]]] } ?? [:])
            }
            let rows: [(pod: PodManifest, words: [String], event: String)] = [
                (pod("image-no-tag", "busybox:no-such-tag"), ["manifest unknown", "no-such-tag"], "Failed"),
                (pod("image-no-name", "no/such/image:1"), ["no/such/image"], "Failed"),
                (pod("image-no-credentials", secret, policy: "Always"), ["authentication required"], "Failed"),
                (
                    pod("image-bad-credentials", secret, policy: "Always", secret: "wrong-password"),
                    ["unauthorized: authentication required"], "Failed"
                ),
                (pod("image-no-registry", "127.0.0.1:9/x:1"), ["127.0.0.1:9"], "Failed"),
                (
                    pod("image-never", "busybox:never-pulled", policy: "Never"), ["is not present with pull policy of Never"],
                    "ErrImageNeverPull"
                ),
                (pod("image-bad-name", "Bad Name:tag"), ["couldn't parse image name"], "InspectFailed"),
            ]
            let reasons = [
                "image-never": "ErrImageNeverPull", "image-bad-name": "InvalidImageName", "image-no-registry": "RegistryUnavailable",
            ]
            let batch = try PodBatch(kubectl, rows.map(\.pod))
            var seen: [String: (reasons: Set<String>, messages: String)] = [:]
            try await kubectl.eventually("each pod has shown why it waits", seconds: 40) {
                for (name, pod) in try batch.pods() {
                    guard let waiting = pod.container()?.state.waiting, let reason = waiting.reason else { continue }
                    seen[name, default: ([], "")].reasons.insert(reason)
                    seen[name]?.messages += (waiting.message ?? "") + "\n"
                }
                return batch.podNames.allSatisfy { name in
                    seen[name]?.reasons.contains(reasons[name] ?? "ErrImagePull") == true
                        && (name == "image-bad-name" || seen[name]?.reasons.contains("ImagePullBackOff") == true)
                }
            }
            for row in rows {
                let name = row.pod.name
                for words in row.words { #expect(seen[name]?.messages.contains(words) == true, "\(name): \(seen[name]?.messages ?? "")") }
                let events = try kubectl.eventReasons(of: name)
                #expect(events.contains(row.event), "\(name): \(events)")
            }
            for (name, pod) in try batch.pods() { #expect(pod.status.phase == .pending, "\(name)") }
            #expect(
                try shared.slurm.jobs(namespace: kubectl.namespace).allSatisfy { !$0.name.contains("/image-no") },
                "no job waits for an image")
            try batch.delete()
        }

        @Test("an image of a registry with a password is pulled by the pod's pull secret, and again where the policy says Always")
        func privateRegistry() async throws {
            let shared = try SharedAgent.required()
            let kubectl = shared.kubectl
            let image = "\(shared.cluster["HPK_CLUSTER_PRIVATE_REGISTRY"])/private/busybox:1.35"
            try PullSecret.create(kubectl, "right-password")
            let ended = try await PodBatch.ended(
                kubectl,
                [
                    PodManifest(
                        "image-private", containers: [["image": .string(image), "imagePullPolicy": "Always", "command": ["echo", "ran"]]],
                        spec: ["imagePullSecrets": [["name": "right-password"]]]),
                    PodManifest("image-here", containers: [["imagePullPolicy": "Never", "command": ["echo", "ran"]]]),
                ])
            ended.expectSuccess()
            #expect(ended.lines("image-private") == ["ran"])
            let id = try #require(try ended.pod("image-private").container()?.imageID)
            #expect(id.contains("sha256:"), "\(id)")
            #expect(try kubectl.eventReasons(of: "image-here").contains("Pulled"))
        }

        @Test("ten pods that start together pull their image once")
        func onePull() async throws {
            let shared = try SharedAgent.required()
            let kubectl = shared.kubectl
            let image = try FreshImage(shared.cluster)
            let ended = try await PodBatch.ended(
                kubectl,
                (0..<10).map {
                    PodManifest("pull-\($0)", containers: [["image": .string("busybox:\(image.tag)"), "command": ["echo", "ran"]]])
                })
            ended.expectSuccess()
            #expect(try image.pulls() == 1)
            for name in ended.pods.keys { #expect(try kubectl.eventReasons(of: name).contains("Pulled")) }
            let ids = Set(try (0..<10).map { try ended.pod("pull-\($0)").container()?.imageID })
            #expect(ids.count == 1)
        }

        @Test("a local image runs from an allowed folder, and from nowhere else")
        func localImages() async throws {
            let shared = try SharedAgent.required()
            let cluster = shared.cluster
            let (allowed, other) = (SharedAgent.imageFolder(cluster), "\(cluster.home)/other-images")
            defer { for folder in [allowed, other] { try? FileManager.default.removeItem(atPath: folder) } }
            let script = """
                set -e; mkdir -p "$1" "$2"; apptainer --silent pull --force --no-https "$1/box.sif" "docker://$3/busybox:1.35"
                cp "$1/box.sif" "$2/box.sif"; ln -sf "$2/box.sif" "$1/link.sif"; echo text > "$1/text.sif"
                apptainer --silent build --force --sandbox "$1/folder" "$1/box.sif"
                """
            let made = try Command.run(
                "/usr/bin/setpriv",
                [
                    "--reuid=\(cluster.user)", "--regid=\(cluster.user)", "--init-groups", "/bin/sh", "-c", script, "sh", allowed, other,
                    cluster.registry,
                ],
                environment: cluster.variables.merging(["HOME": cluster.home]) { $1 })
            try #require(made.status == 0, "\(made.error)")
            func pod(_ name: String, _ path: String) -> PodManifest {
                PodManifest(name, containers: [["image": .string(path), "command": ["sh", "-c", "echo ran; ls /bin/busybox"]]])
            }
            let ended = try await PodBatch.ended(
                shared.kubectl, [pod("local-sif", "\(allowed)/box.sif"), pod("local-folder", "\(allowed)/folder")])
            ended.expectSuccess()
            #expect(ended.lines("local-sif") == ["ran", "/bin/busybox"])
            #expect(ended.lines("local-folder") == ["ran", "/bin/busybox"])
            let refused = try PodBatch(
                shared.kubectl,
                [
                    pod("local-elsewhere", "\(other)/box.sif"), pod("local-link", "\(allowed)/link.sif"),
                    pod("local-up", "\(allowed)/../other-images/box.sif"), pod("local-text", "\(allowed)/text.sif"),
                    pod("local-missing", "\(allowed)/missing.sif"),
                ])
            let pods = try await refused.wait("is refused") { $0.container()?.state.waiting?.message != nil }
            for name in ["local-elsewhere", "local-link"] {
                let waiting = pods[name]?.container()?.state.waiting
                #expect(waiting?.reason == "InvalidImageName", "\(name)")
                #expect(waiting?.message?.contains("not below one of the allowed folders") == true, "\(name): \(waiting?.message ?? "")")
            }
            #expect(pods["local-up"]?.isWaiting("InvalidImageName") == true)
            #expect(pods.values.allSatisfy { $0.status.phase == .pending })
            try refused.delete()
        }
    }
}
