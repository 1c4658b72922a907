import Foundation
import Kubernetes
import Testing

extension ClusterSuite.Pods {
    @Suite("Ends and restarts") struct LifecycleTests {
        @Test("exit codes, signals and programs that cannot be started are told as they were")
        func exitCodes() async throws {
            let scripts: [(name: String, script: String, code: Int, reason: String)] = [
                ("exit-0", "exit 0", 0, "Completed"), ("exit-1", "exit 1", 1, "Error"), ("exit-42", "exit 42", 42, "Error"),
                ("exit-255", "exit 255", 255, "Error"), ("exit-hup", "kill -HUP $$$$", 129, "Error"),
                ("exit-kill", "kill -KILL $$$$", 137, "Error"), ("exit-segv", "kill -SEGV $$$$", 139, "Error"),
                ("exit-term", "kill -TERM $$$$", 143, "Error"),
            ]
            let commands: [(name: String, command: JSONValue, code: Int, text: String)] = [
                ("start-missing", ["/no/such/program"], 128, "/no/such/program"), ("start-no-program", ["/etc/passwd"], 128, "/etc/passwd"),
                ("start-not-found", ["no-such-word"], 128, "no-such-word"),
            ]
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl,
                scripts.map { row in
                    // The first process of a namespace takes no signal from itself. `$$$$` becomes `$$`, as everywhere in Kubernetes.
                    PodManifest(row.name, script: row.script, spec: ["shareProcessNamespace": .bool(row.script.hasPrefix("kill"))])
                }
                    + commands.map { PodManifest($0.name, containers: [["command": $0.command]]) })
            for row in scripts {
                let pod = try ended.pod(row.name)
                let end = try #require(pod.end(), "\(row.name)")
                #expect(end.exitCode == row.code, "\(row.name)")
                #expect(end.reason == row.reason, "\(row.name)")
                #expect(pod.status.phase == (row.code == 0 ? .succeeded : .failed), "\(row.name)")
                let times = (try #require(end.startedAt), try #require(end.finishedAt))
                #expect(times.0.secondsSince1970 <= times.1.secondsSince1970)
            }
            for row in commands {
                let pod = try ended.pod(row.name)
                let end = try #require(pod.end(), "\(row.name)")
                #expect(pod.status.phase == .failed)
                #expect(end.exitCode == row.code, "\(row.name)")
                #expect(end.reason == "StartError", "\(row.name)")
                #expect(end.message?.contains(row.text) == true, "\(row.name): \(end.message ?? "")")
            }
        }

        @Test("a pod of several containers fails when one fails, and every end is told")
        func severalContainers() async throws {
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl,
                [
                    PodManifest(
                        "several-good", containers: [["command": ["true"]], ["command": ["sleep", "1"]], ["command": ["echo", "three"]]]),
                    PodManifest("several-bad", containers: [["command": ["true"]], ["command": ["sh", "-c", "exit 7"]]]),
                    PodManifest(
                        "init-order", script: "cat /work/steps",
                        container: ["volumeMounts": [PodManifest.mount("work", "/work")]],
                        spec: [
                            "volumes": [["name": "work", "emptyDir": [:]]],
                            "initContainers": .array(
                                ["first", "second"].map {
                                    PodManifest.shell(
                                        $0, "sleep 0.2; echo \($0) >> /work/steps", ["volumeMounts": [PodManifest.mount("work", "/work")]])
                                }),
                        ]),
                    PodManifest(
                        "init-fails", script: "echo never",
                        spec: ["initContainers": [PodManifest.shell("bad", "exit 5"), PodManifest.shell("next", "echo next")]]),
                ])
            #expect(try ended.pod("several-good").status.phase == .succeeded)
            #expect(try ended.pod("several-bad").status.phase == .failed)
            #expect(try ended.pod("several-bad").end()?.exitCode == 0)
            #expect(try ended.pod("several-bad").end("other1")?.exitCode == 7)
            #expect(ended.lines("init-order") == ["first", "second"])
            let failed = try ended.pod("init-fails")
            #expect(failed.status.phase == .failed)
            #expect(failed.end("bad")?.exitCode == 5)
            #expect(failed.container("next")?.state.terminated == nil, "an init container after a failed one does not run")
            #expect(failed.container()?.state.waiting != nil)
            #expect(ended.lines("init-fails") == [])
        }

        @Test("the termination message is the file's text, or the log's tail where the pod asks for that")
        func terminationMessages() async throws {
            let fallback: [String: JSONValue] = ["terminationMessagePolicy": "FallbackToLogsOnError"]
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl,
                [
                    PodManifest("message-file", script: "echo 'last words' > /dev/termination-log; exit 3"),
                    PodManifest(
                        "message-path", script: "printf done > /tmp/message", container: ["terminationMessagePath": "/tmp/message"]),
                    PodManifest("message-log", script: "echo one; echo two >&2; exit 1", container: fallback),
                    PodManifest("message-log-success", script: "echo one", container: fallback),
                    PodManifest("message-both", script: "echo log; printf file > /dev/termination-log; exit 1", container: fallback),
                    PodManifest("message-long", script: "head -c 9000 /dev/zero | tr '\\0' m > /dev/termination-log"),
                    PodManifest(
                        "message-user", script: "echo mine > /dev/termination-log", container: ["securityContext": ["runAsUser": 4321]]),
                ])
            func message(_ name: String) throws -> String? { try ended.pod(name).end()?.message }
            #expect(try message("message-file") == "last words\n")
            #expect(try message("message-path") == "done")
            let log = try #require(try message("message-log"))
            #expect(log.contains("one\n") && log.contains("two\n"))
            #expect(try message("message-log-success") == nil)
            #expect(try message("message-both") == "file")
            #expect(try message("message-long") == String(repeating: "m", count: 4096))
            #expect(try message("message-user") == "mine\n")
        }

        @Test("restartPolicy decides: Always backs off, OnFailure ends with the first success, Never ends at once")
        func restarts() async throws {
            let kubectl = try SharedAgent.required().kubectl
            let work: JSONValue = [["name": "work", "emptyDir": [:]]]
            let mount: JSONValue = [PodManifest.mount("work", "/work")]
            let crashing = try PodBatch(
                kubectl,
                [
                    PodManifest("always-crash", script: "echo crash; exit 2", spec: ["restartPolicy": "Always"]),
                    PodManifest("always-success", script: "echo fine", spec: ["restartPolicy": "Always"]),
                ])
            let ended = try await PodBatch.ended(
                kubectl,
                [
                    PodManifest(
                        "on-failure", script: "echo run; test -e /work/second || { touch /work/second; exit 4; }",
                        container: ["volumeMounts": mount], spec: ["restartPolicy": "OnFailure", "volumes": work]),
                    PodManifest(
                        "on-failure-init", script: "echo main",
                        spec: [
                            "restartPolicy": "OnFailure", "volumes": work,
                            "initContainers": [
                                PodManifest.shell(
                                    "flaky", "test -e /work/second || { touch /work/second; exit 4; }", ["volumeMounts": mount])
                            ],
                        ]),
                    PodManifest("never", script: "exit 4"),
                ])
            let once = try ended.pod("on-failure")
            #expect(once.status.phase == .succeeded)
            #expect(once.container()?.restartCount == 1)
            #expect(once.container()?.lastState.terminated?.exitCode == 4)
            #expect(try ended.pod("on-failure-init").status.phase == .succeeded)
            #expect(try ended.pod("on-failure-init").container("flaky")?.restartCount == 1)
            #expect(try ended.pod("never").status.phase == .failed)
            #expect(try ended.pod("never").container()?.restartCount == 0)

            let pods = try await crashing.wait("has been restarted twice") {
                ($0.container()?.restartCount ?? 0) >= 2 && $0.isWaiting("CrashLoopBackOff")
            }
            for (name, code) in [("always-crash", 2), ("always-success", 0)] {
                let pod = try #require(pods[name])
                #expect(pod.status.phase == .running, "a pod that will be restarted has not ended")
                #expect(pod.container()?.lastState.terminated?.exitCode == code)
                #expect(
                    pod.container()?.state.waiting?.message?.hasPrefix("back-off 20s restarting failed container=main pod=\(name)_") == true
                )
                #expect(pod.container()?.ready == false)
                #expect(try kubectl.eventReasons(of: name).contains("BackOff"))
            }
            #expect(try kubectl.must("logs", "always-crash", "--previous") == "crash\n")
            try crashing.delete()
        }

        @Test("a pod that is deleted gets TERM, its grace period, then KILL; its directory and its job go")
        func deletion() async throws {
            let shared = try SharedAgent.required()
            let kubectl = shared.kubectl
            let trap = "trap 'echo got TERM; exit 0' TERM; echo ready; while :; do sleep 0.1; done"
            let batch = try PodBatch(
                kubectl,
                [
                    PodManifest("delete-polite", script: trap),
                    PodManifest("delete-deaf", script: "trap '' TERM; echo ready; while :; do sleep 0.1; done"),
                    PodManifest("delete-now", script: "trap '' TERM; echo ready; while :; do sleep 0.1; done"),
                ])
            let pods = try await batch.wait("runs") { $0.status.phase == .running }
            try await kubectl.eventually("every pod is ready for signals") { try batch.logs().values.allSatisfy { $0.contains("ready") } }
            let jobIDs = Set(pods.values.compactMap(\.jobID))
            #expect(jobIDs.count == 3)
            let running = try shared.slurm.jobs(namespace: kubectl.namespace).filter { jobIDs.contains($0.id) }
            #expect(running.map(\.state) == ["RUNNING", "RUNNING", "RUNNING"])
            let follow = try FollowedCommand(kubectl, "logs", "-f", "delete-polite")
            try await follow.wait(for: "ready")
            let start = ContinuousClock.now
            try kubectl.must("delete", "pod", "delete-now", "--grace-period=0", "--force")
            try kubectl.must("delete", "pod", "delete-polite", "--grace-period=20")
            #expect(ContinuousClock.now - start < .seconds(15), "a pod that heeds TERM does not use up its grace period")
            try await follow.end()
            #expect(try follow.output() == "ready\ngot TERM\n")
            let deaf = ContinuousClock.now
            try kubectl.must("delete", "pod", "delete-deaf", "--grace-period=3")
            #expect(ContinuousClock.now - deaf > .seconds(2.5), "the grace period is given")
            #expect(ContinuousClock.now - deaf < .seconds(20))
            try await kubectl.eventually("no job is left") {
                try shared.slurm.unfinishedJobs(namespace: kubectl.namespace).allSatisfy { !jobIDs.contains($0.id) }
            }
            try await kubectl.eventually("the pods' directories are gone") {
                pods.values.allSatisfy { !FileManager.default.fileExists(atPath: "\(shared.cluster.home)/.hpk/pods/\($0.metadata.uid)") }
            }
            #expect(try kubectl.eventReasons(of: "delete-deaf").contains("Killing"))
        }
    }
}
