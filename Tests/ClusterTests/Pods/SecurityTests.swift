import Foundation
import Kubernetes
import Testing

extension ClusterSuite.Pods {
    @Suite("Identity and rights") struct SecurityTests {
        /// CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD, AUDIT_WRITE,
        /// SETFCAP: what container runtimes give by default.
        static let defaultCapabilities: UInt64 = 0xa804_25fb

        @Test("user, group, fsGroup and supplementary groups are those of the pod, in processes and in files")
        func identity() async throws {
            let volume: [String: JSONValue] = ["volumeMounts": [PodManifest.mount("work", "/work")]]
            let emptyDir: JSONValue = [["name": "work", "emptyDir": [:]]]
            let script = """
                id -u; id -g; id -G; stat -c %g /work; touch /work/file && stat -c %u:%g /work/file; \
                touch /tmp/file && stat -c %u:%g /tmp/file; chown 0 /tmp/file 2>/dev/null && echo chowned || echo refused
                """
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl,
                [
                    PodManifest(
                        "identity-all", script: script, container: volume,
                        spec: [
                            "volumes": emptyDir,
                            "securityContext": [
                                "runAsUser": 1234, "runAsGroup": 2345, "fsGroup": 3456, "supplementalGroups": [4567, 5678],
                            ],
                        ]),
                    PodManifest(
                        "identity-container", script: script,
                        container: volume.merging(["securityContext": ["runAsUser": 4321, "runAsGroup": 5432]]) { $1 },
                        spec: ["volumes": emptyDir, "securityContext": ["runAsUser": 1234, "runAsGroup": 2345]]),
                    PodManifest("identity-root", script: script, container: volume, spec: ["volumes": emptyDir]),
                    PodManifest(
                        "identity-chown",
                        script: "touch /tmp/f; chown 1000:2000 /tmp/f; stat -c %u:%g /tmp/f; su -s /bin/sh -c 'id -u' nobody"),
                ])
            ended.expectSuccess()
            let all = ended.lines("identity-all")
            #expect(all.prefix(2) == ["1234", "2345"])
            #expect(all.count == 7)
            #expect(Set(all[2].split(separator: " ")) == ["2345", "3456", "4567", "5678"])
            #expect(all.suffix(4) == ["3456", "1234:3456", "1234:2345", "refused"])
            let own = ended.lines("identity-container")
            #expect(own.prefix(2) == ["4321", "5432"])
            #expect(own.contains("4321:5432"))
            #expect(own.last == "refused")
            let root = ended.lines("identity-root")
            #expect(root.prefix(2) == ["0", "0"])
            #expect(root.contains("0:0"))
            #expect(ended.lines("identity-chown") == ["1000:2000", "65534"])
        }

        @Test("a container that must not be root does not run as root")
        func nonRoot() async throws {
            let batch = try PodBatch(
                SharedAgent.required().kubectl,
                [
                    PodManifest("nonroot-image", script: "id -u", container: ["securityContext": ["runAsNonRoot": true]]),
                    PodManifest(
                        "nonroot-user", script: "id -u",
                        container: ["image": "busybox:1000", "securityContext": ["runAsNonRoot": true]]),
                ])
            let pods = try await batch.wait("has run or is refused") {
                $0.isWaiting("CreateContainerConfigError") || $0.status.phase == .succeeded
            }
            let refused = try #require(pods["nonroot-image"]?.container()?.state.waiting)
            #expect(refused.message?.contains("container has runAsNonRoot and image will run as root") == true, "\(refused.message ?? "")")
            #expect(pods["nonroot-user"]?.status.phase == .succeeded)
            try batch.delete()
        }

        @Test("capabilities are exactly those asked for")
        func capabilities() async throws {
            func context(add: [String] = [], drop: [String] = [], more: [String: JSONValue] = [:]) -> [String: JSONValue] {
                let capabilities: JSONValue = ["add": .array(add.map { .string($0) }), "drop": .array(drop.map { .string($0) })]
                return ["securityContext": .object(["capabilities": capabilities].merging(more) { $1 })]
            }
            let bit: [String: UInt64] = ["NET_BIND_SERVICE": 10, "NET_ADMIN": 12, "SYS_TIME": 25, "MKNOD": 27]
            func mask(_ names: String...) -> UInt64 { names.reduce(0) { $0 | 1 << (bit[$1] ?? 63) } }
            let rows: [(name: String, container: [String: JSONValue], effective: UInt64, bounding: UInt64)] = [
                ("caps-default", [:], Self.defaultCapabilities, Self.defaultCapabilities),
                ("caps-none", context(drop: ["ALL"]), 0, 0),
                ("caps-one", context(add: ["NET_BIND_SERVICE"], drop: ["ALL"]), mask("NET_BIND_SERVICE"), mask("NET_BIND_SERVICE")),
                (
                    "caps-added", context(add: ["NET_ADMIN", "SYS_TIME"]), Self.defaultCapabilities | mask("NET_ADMIN", "SYS_TIME"),
                    Self.defaultCapabilities | mask("NET_ADMIN", "SYS_TIME")
                ),
                (
                    "caps-dropped", context(drop: ["MKNOD"]), Self.defaultCapabilities & ~mask("MKNOD"),
                    Self.defaultCapabilities & ~mask("MKNOD")
                ),
                ("caps-user", context(more: ["runAsUser": 1000]), 0, Self.defaultCapabilities),
            ]
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl,
                rows.map {
                    PodManifest($0.name, script: "grep -E 'CapEff|CapBnd|CapInh|CapAmb' /proc/self/status", container: $0.container)
                }
                    + [
                        PodManifest("caps-no-privileges", script: "ip link add dummy9 type dummy 2>&1 && echo made || echo refused"),
                        PodManifest("caps-no-mount", script: "mount -t tmpfs none /mnt 2>&1 || echo refused"),
                        PodManifest(
                            "caps-escalation", script: "grep NoNewPrivs /proc/self/status",
                            container: ["securityContext": ["allowPrivilegeEscalation": false]]),
                    ])
            ended.expectSuccess()
            for row in rows {
                var seen: [String: UInt64] = [:]
                for line in ended.lines(row.name) {
                    let words = line.split { $0 == ":" || $0 == "\t" || $0 == " " }
                    if words.count == 2 { seen[String(words[0])] = UInt64(words[1], radix: 16) }
                }
                #expect(seen["CapEff"] == row.effective, "\(row.name)")
                #expect(seen["CapBnd"] == row.bounding, "\(row.name)")
                #expect(seen["CapInh"] == 0 && seen["CapAmb"] == 0, "\(row.name)")
            }
            #expect(ended.lines("caps-no-privileges").last == "refused")
            #expect(ended.lines("caps-no-mount").last == "refused")
            #expect(ended.lines("caps-escalation") == ["NoNewPrivs:\t1"])
        }

        @Test("a read-only root file system takes no file, a writable one forgets it with the container")
        func rootFileSystem() async throws {
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl,
                [
                    PodManifest(
                        "root-read-only", script: "touch /new 2>&1 || echo refused; touch /work/new && echo volume",
                        container: [
                            "securityContext": ["readOnlyRootFilesystem": true], "volumeMounts": [PodManifest.mount("work", "/work")],
                        ], spec: ["volumes": [["name": "work", "emptyDir": [:]]]]),
                    PodManifest(
                        "root-writable", script: "echo text > /etc/new && cat /etc/new && rm /etc/passwd && ls /etc/passwd 2>&1 || true"),
                    PodManifest(
                        "root-each-its-own",
                        containers: [
                            ["command": ["sh", "-c", "touch /seen; sleep 1"]],
                            ["command": ["sh", "-c", "sleep 0.5; ls /seen 2>&1 || echo apart"]],
                        ]),
                ])
            ended.expectSuccess()
            #expect(ended.lines("root-read-only").suffix(2) == ["refused", "volume"])
            #expect(ended.lines("root-writable").first == "text")
            #expect(ended.text("root-writable").contains("No such file"))
            #expect(ended.lines("root-each-its-own", "other1").last == "apart")
        }
    }
}
