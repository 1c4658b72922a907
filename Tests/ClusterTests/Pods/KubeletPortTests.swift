import Foundation
import Kubernetes
import Testing

extension ClusterSuite.Pods {
    @Suite("Kubelet port and logs") struct KubeletPortTests {
        @Test("kubectl logs takes tail, since, limit, time stamps, a container, and an init container")
        func logOptions() async throws {
            let kubectl = try SharedAgent.required().kubectl
            let batch = try PodBatch(
                kubectl,
                [
                    PodManifest(
                        "logs", script: "for i in 1 2 3; do echo old $i; done; sleep 4; for i in 4 5; do echo new $i; done; sleep 600",
                        spec: ["initContainers": [PodManifest.shell("prepare", "echo prepared")], "terminationGracePeriodSeconds": 0]),
                    PodManifest("logs-waiting", script: "true", annotations: ["slurm.hpk.io/flags": "--begin=now+1hour"]),
                ])
            try await kubectl.eventually("all lines are there") { try kubectl.run("logs", "logs").output.contains("new 5") }
            #expect(try kubectl.must("logs", "logs") == "old 1\nold 2\nold 3\nnew 4\nnew 5\n")
            #expect(try kubectl.must("logs", "logs", "--tail=2") == "new 4\nnew 5\n")
            #expect(try kubectl.must("logs", "logs", "--tail=0") == "")
            #expect(try kubectl.must("logs", "logs", "--limit-bytes=8") == "old 1\nol")
            #expect(try kubectl.must("logs", "logs", "--since=1h").hasPrefix("old 1\n"))
            #expect(try kubectl.must("logs", "logs", "-c", "prepare") == "prepared\n")
            let stamped = try kubectl.must("logs", "logs", "--timestamps").split(separator: "\n")
            let times = try stamped.map { try #require(Self.time($0.split(separator: " ")[0])) }
            #expect(times.count == 5)
            #expect(times == times.sorted())
            let middle = times[2].addingTimeInterval(1)
            let since = ISO8601DateFormatter().string(from: middle)
            #expect(try kubectl.must("logs", "logs", "--since-time=\(since)") == "new 4\nnew 5\n")
            #expect(try kubectl.run("logs", "logs", "-c", "nobody").error.contains("container nobody is not valid for pod logs"))
            #expect(
                try kubectl.run("logs", "logs", "--previous").error.contains(
                    "previous terminated container \"main\" in pod \"logs\" not found"))
            #expect(try kubectl.run("logs", "logs-waiting").error.contains("is waiting to start"))
            try batch.delete()
        }

        private static func time(_ text: Substring) -> Date? {
            let formatter = ISO8601DateFormatter()
            // Nine digits of a second are more than the formatter takes.
            guard let point = text.firstIndex(of: ".") else { return formatter.date(from: String(text)) }
            guard let whole = formatter.date(from: text[..<point] + "Z") else { return nil }
            return whole.addingTimeInterval(Double("0" + text[point...].dropLast()) ?? 0)
        }

        @Test("followed logs bring each line at once and end with the container")
        func follow() async throws {
            let kubectl = try SharedAgent.required().kubectl
            let gate = "until test -e /gate/$1; do sleep 0.1; done"
            let script = "step() { \(gate); }; echo first; step a; echo second; step b; echo third"
            let helper = "for g in a b; do sleep 2; touch /gate/$g; done"
            let mount: JSONValue = [PodManifest.mount("gate", "/gate")]
            let batch = try PodBatch(
                kubectl,
                [
                    PodManifest(
                        "follow",
                        containers: [
                            ["command": ["sh", "-c", .string(script)], "volumeMounts": mount],
                            ["command": ["sh", "-c", .string(helper)], "volumeMounts": mount],
                        ], spec: ["volumes": [["name": "gate", "emptyDir": [:]]]])
                ])
            try await batch.wait("runs") { $0.container()?.state.running != nil }
            let follow = try FollowedCommand(kubectl, "logs", "-f", "follow", "-c", "main", "--timestamps")
            for word in ["first", "second", "third"] {
                try await follow.wait(for: word)
                let line = try #require(try follow.output().split(separator: "\n").last { $0.hasSuffix(word) })
                let written = try #require(Self.time(line.split(separator: " ")[0]))
                #expect(Date().timeIntervalSince(written) < 2 || word == "first", "\(word) came late")
            }
            try await follow.end()
            #expect(try follow.output().split(separator: "\n").count == 3)
            _ = try await batch.end()
        }

        @Test("the log of the instance before the last is kept")
        func previous() async throws {
            let kubectl = try SharedAgent.required().kubectl
            let batch = try PodBatch(
                kubectl,
                [
                    PodManifest(
                        "previous", script: "if test -e /work/x; then echo second; sleep 600; fi; touch /work/x; echo first; exit 1",
                        container: ["volumeMounts": [PodManifest.mount("work", "/work")]],
                        spec: [
                            "restartPolicy": "OnFailure", "volumes": [["name": "work", "emptyDir": [:]]],
                            "terminationGracePeriodSeconds": 0,
                        ])
                ])
            try await batch.wait("runs again") { $0.container()?.restartCount == 1 && $0.container()?.state.running != nil }
            try await kubectl.eventually("the second instance has written") { try kubectl.run("logs", "previous").output == "second\n" }
            #expect(try kubectl.must("logs", "previous", "--previous") == "first\n")
            try batch.delete()
        }

        @Test("the port answers those whose certificate the cluster trusts, and nobody else")
        func certificates() async throws {
            let shared = try SharedAgent.required()
            let cluster = shared.cluster
            let ended = try await PodBatch.ended(shared.kubectl, [PodManifest("port-secret-name", script: "echo log-line")])
            ended.expectSuccess()
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hpk-test-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let pki = cluster["HPK_PKI"]
            let port = cluster["HPK_KUBELET_PORT"]
            let script = """
                set -e; cd "$1"
                openssl req -x509 -newkey rsa:2048 -nodes -keyout wrong.key -out wrong.crt -subj /O=system:masters/CN=kube-apiserver-kubelet-client
                for who in node:other:system:nodes user:eve:people; do
                    name=${who%%:*}; rest=${who#*:}; cn=${rest%%:*}; group=${rest#*:}
                    openssl req -newkey rsa:2048 -nodes -keyout $name.key -out $name.request -subj "/O=$group/CN=system:$name:$cn"
                    openssl x509 -req -in $name.request -CA $2/ca.crt -CAkey $2/ca.key -CAserial serial -CAcreateserial -days 1 -out $name.crt
                done
                """
            let made = try Command.run("/bin/sh", ["-c", script, "sh", folder, pki])
            try #require(made.status == 0, "\(made.error)")
            let log = "/containerLogs/\(shared.kubectl.namespace)/port-secret-name/main"
            func ask(_ path: String, _ certificate: String?) throws -> (code: String, body: String) {
                var arguments = ["-s", "-m", "10", "--cacert", "\(pki)/ca.crt", "-w", "\n%{http_code}", "https://127.0.0.1:\(port)\(path)"]
                if let certificate { arguments += ["--cert", "\(certificate).crt", "--key", "\(certificate).key"] }
                let result = try Command.run("/usr/bin/curl", arguments)
                let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
                return (String(lines.last ?? ""), lines.dropLast().joined(separator: "\n"))
            }
            let good = "\(pki)/apiserver-kubelet-client"
            #expect(try ask("/healthz", good) == ("200", "ok"))
            #expect(try ask(log, good) == ("200", "log-line\n"))
            let pods = try ask("/pods", good)
            #expect(pods.code == "200")
            let list = try JSONDecoder().decode(JSONValue.self, from: Data(pods.body.utf8))
            #expect(list["kind"] == "PodList")
            let names = list["items"]?.array?.compactMap { $0["metadata"]?["name"]?.string } ?? []
            #expect(names.contains("port-secret-name"))
            for path in ["/healthz", "/pods", log, "/", "/metrics", "/exec/a/b/c", "/runningpods/"] {
                for stranger in [nil, "\(folder)/wrong"] {
                    #expect(try ask(path, stranger) == ("000", ""), "\(path) with \(stranger ?? "no certificate")")
                }
                for known in ["\(folder)/node", "\(folder)/user", "\(pki)/kubelet-client"] {
                    let answer = try ask(path, known)
                    #expect(answer.code == "403", "\(path) with \(known)")
                    #expect(!answer.body.contains("port-secret-name") || answer.body.count < 300)
                    #expect(!answer.body.contains("log-line"))
                }
            }
            for path in ["/", "/metrics", "/exec/a/b/c", "/configz", "/run/a/b/c"] { #expect(try ask(path, good).code == "404", "\(path)") }
            let plain = try Command.run("/usr/bin/curl", ["-s", "-m", "5", "http://127.0.0.1:\(port)/healthz"])
            #expect(plain.status != 0 && plain.output.isEmpty)
        }
    }
}
