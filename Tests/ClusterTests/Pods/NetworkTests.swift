import Foundation
import Kubernetes
import Testing

extension ClusterSuite.Pods {
    @Suite("Names, network and processes") struct NetworkTests {
        @Test("host name, hosts file and resolver are those of the pod")
        func names() async throws {
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl,
                [
                    PodManifest("names-plain", script: "hostname; cat /etc/hostname; cat /etc/hosts"),
                    PodManifest(
                        "names-own", script: "hostname; hostname -f; cat /etc/hosts",
                        spec: [
                            "hostname": "web-0", "subdomain": "nginx",
                            "hostAliases": [
                                ["ip": "10.1.2.3", "hostnames": ["db.example", "db"]], ["ip": "fd00::7", "hostnames": ["six"]],
                            ],
                        ]),
                    PodManifest(
                        "names-resolver", script: "cat /etc/resolv.conf",
                        spec: [
                            "dnsPolicy": "None",
                            "dnsConfig": [
                                "nameservers": ["10.9.8.7", "10.9.8.6"], "searches": ["one.example", "two.example"],
                                "options": [["name": "ndots", "value": "3"], ["name": "edns0"]],
                            ],
                        ]),
                    PodManifest("names-host", script: "hostname; echo $HOSTNAME", spec: ["hostNetwork": true]),
                    PodManifest("names-default-resolver", script: "cat /etc/resolv.conf", spec: ["dnsPolicy": "Default"]),
                ])
            ended.expectSuccess()
            let plain = ended.lines("names-plain")
            #expect(plain.prefix(2) == ["names-plain", "names-plain"])
            #expect(plain.contains("127.0.0.1\tlocalhost"))
            #expect(plain.contains { $0.hasSuffix("\tnames-plain") })
            // All nodes of the development cluster are this host.
            let host = try Command.run("/bin/hostname", []).output.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(ended.lines("names-host") == [host, host])
            let own = ended.lines("names-own")
            let domain = "nginx.\(try SharedAgent.required().kubectl.namespace).svc.cluster.local"
            #expect(own.first == "web-0")
            #expect(own.contains("10.1.2.3\tdb.example\tdb"))
            #expect(own.contains("fd00::7\tsix"))
            #expect(own.contains { $0.hasSuffix("\tweb-0.\(domain)\tweb-0") })
            #expect(own[1] == "web-0.\(domain)")
            let resolver = ended.lines("names-resolver")
            #expect(
                resolver.filter { !$0.isEmpty } == [
                    "search one.example two.example", "nameserver 10.9.8.7", "nameserver 10.9.8.6", "options ndots:3 edns0",
                ])
            let node = try String(contentsOfFile: "/etc/resolv.conf", encoding: .utf8)
            #expect(ended.text("names-default-resolver").contains("nameserver") == node.contains("nameserver"))
        }

        @Test("containers see only their own processes, unless the pod shares them; other pods' never")
        func processes() async throws {
            let long: [String: JSONValue] = ["command": ["sh", "-c", "sleep 3 & exec sleep 3"]]
            let look: [String: JSONValue] = [
                "command": [
                    "sh", "-c", "sleep 1; for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done | grep -c '^sleep 3'; true",
                ]
            ]
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl,
                [
                    PodManifest("processes-apart", containers: [look, long]),
                    PodManifest("processes-shared", containers: [look, long], spec: ["shareProcessNamespace": true]),
                    PodManifest("processes-first", script: "echo $$$$; ls -d /proc/[0-9]* | wc -l"),
                ])
            ended.expectSuccess()
            #expect(ended.lines("processes-apart") == ["0"])
            #expect(ended.lines("processes-shared") == ["2"])
            #expect(ended.lines("processes-first").first == "1")
        }

        @Test("memory that containers of a pod share by /dev/shm is the pod's own")
        func sharedMemory() async throws {
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl,
                [
                    PodManifest(
                        "shm",
                        containers: [
                            ["command": ["sh", "-c", "stat -f -c %T /dev/shm; echo hello > /dev/shm/word; sleep 1"]],
                            ["command": ["sh", "-c", "until cat /dev/shm/word 2>/dev/null; do sleep 0.1; done"]],
                        ]),
                    PodManifest("shm-other", script: "sleep 1; ls /dev/shm"),
                ])
            ended.expectSuccess()
            #expect(ended.lines("shm") == ["tmpfs"])
            #expect(ended.lines("shm", "other1") == ["hello"])
            #expect(ended.lines("shm-other") == [])
        }

        @Test("a private network has its own localhost and ports, a way out, and no way in")
        func privateNetwork() async throws {
            let shared = try SharedAgent.required()
            let kubectl = shared.kubectl
            // An address that only this machine has stands for the world.
            let world = "10.77.77.1"
            _ = try Command.run("/usr/sbin/ip", ["address", "add", "\(world)/32", "dev", "lo"])
            defer { _ = try? Command.run("/usr/sbin/ip", ["address", "del", "\(world)/32", "dev", "lo"]) }
            let listener = try Listener(address: world)
            let servers = try PodBatch(
                kubectl,
                ["private-1", "private-2"].map { name in
                    PodManifest(
                        name,
                        containers: [
                            ["image": "nginx:1.22"],
                            PodManifest.client(
                                "for port in 80 18099; do until wget -q -O - http://127.0.0.1:$port/; do sleep 0.2; done; echo got $port; done; sleep 600"
                            ),
                            ["image": "nginx:1.22", "env": [["name": "NGINX_PORT", "value": "18099"]]],
                        ], annotations: ["hpk.io/network": "private"], spec: ["terminationGracePeriodSeconds": 1])
                })
            try await kubectl.eventually("both pods fetch from their own ports at once", seconds: 60) {
                let logs = try servers.logs()
                return servers.podNames.allSatisfy { logs["\($0)/other1"]?.contains("got 18099") == true }
            }
            for address in ["127.0.0.1", world, try Self.nodeAddress()] {
                for port: UInt16 in [80, 18099] {
                    #expect(!Listener.isReachable(address, port: port), "a private network is reached from outside at \(address):\(port)")
                }
            }
            let ended = try await PodBatch.ended(
                kubectl,
                [
                    PodManifest(
                        "private-out",
                        script:
                            "ip addr show lo | grep -c 127.0.0.1; \(Self.untilItWorks("timeout 5 wget -q -O - http://\(listener.address):\(listener.port)/"))",
                        annotations: ["hpk.io/network": "private"]),
                    PodManifest(
                        "private-apart", script: "timeout 3 wget -q -O - http://\(kubectl.cluster.registry)/v2/ 2>&1 || echo unreachable",
                        annotations: ["hpk.io/network": "private"]),
                    PodManifest(
                        "host-network",
                        script: "\(Self.untilItWorks("timeout 5 wget -q -O - http://\(kubectl.cluster.registry)/v2/")); echo reached",
                        annotations: ["hpk.io/network": "host"]),
                ])
            ended.expectSuccess()
            #expect(ended.lines("private-out").last == Listener.greeting)
            #expect(ended.text("private-apart").contains("unreachable"), "the node's localhost is not the pod's")
            #expect(ended.lines("host-network").last == "{}reached")
            try servers.delete()
        }

        @Test("an unknown network mode fails the pod with a message that names it")
        func unknownNetwork() async throws {
            let ended = try await PodBatch.ended(
                SharedAgent.required().kubectl, [PodManifest("network-unknown", script: "true", annotations: ["hpk.io/network": "mesh-9"])])
            let pod = try ended.pod("network-unknown")
            #expect(pod.status.phase == .failed)
            #expect(pod.status.message?.contains("mesh-9") == true, "\(pod.status.message ?? "")")
        }

        /// The way out is made beside the containers and may come a moment after them.
        private static func untilItWorks(_ command: String) -> String {
            "for i in 1 2 3 4 5 6 7 8 9 10; do \(command) && break; sleep 0.5; done"
        }

        /// The node's address on its own network, not loopback.
        private static func nodeAddress() throws -> String {
            let result = try Command.run("/bin/sh", ["-c", "hostname -I"])
            return try #require(
                result.output.split(whereSeparator: \.isWhitespace).map(String.init).first { $0.contains(".") }, "the node has no network")
        }
    }
}

extension PodManifest {
    /// A container that runs a shell script beside the pod's main one.
    static func client(_ script: String) -> [String: JSONValue] { ["command": ["sh", "-c", .string(script)]] }
}
