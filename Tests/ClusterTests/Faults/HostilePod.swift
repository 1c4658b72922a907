import Foundation
import Kubernetes

/// A pod that nobody means well with, and where it must be stopped.
struct HostilePod: Sendable {
    enum Fate: Sendable {
        /// The API server says no.
        case refused
        /// The pod fails with this reason (nil: by its container's exit alone) and a message that has the text.
        case fails(String?, String)
        /// The pod does not start; its container waits for this reason, and an event says the text.
        case waits(String, String)
        /// It stays without a node, for the reason that an event says.
        case unschedulable(String)
        /// It is harmless: it succeeds, and its log is this, if given.
        case succeeds(String?)
    }

    var pod: TestPod
    var fate: Fate

    init(_ name: String, _ fate: Fate, flags: String? = nil, script: String? = nil, _ change: (inout TestPod) -> Void = { _ in }) {
        pod = TestPod(name, flags: flags, script: script, change)
        self.fate = fate
    }

    /// - Parameter canary: a file that no pod mounts: it appears if text of a pod is run as a command on the way.
    static func all(canary: String) -> [HostilePod] {
        shellText(canary) + sizes + flags(canary) + paths + resources + others
    }

    private static func shellText(_ canary: String) -> [HostilePod] {
        let words = [
            "$(touch \(canary))", "`touch \(canary)`", "; touch \(canary);", "\ntouch \(canary)\n", "'; touch \(canary); '",
            "\" && touch \(canary)",
            "\\", "%n%s", "\u{1B}[31m\t\u{7F}", "ünïcödé \u{1F680}", "", "--help", "$HOME $(HOME) $$(HOME)",
        ]
        // Kubernetes itself turns `$$` into `$`; a name in `$(…)` that no variable has stays.
        // A last line without an end gets one in the log.
        let expected = words.map { $0.replacing("$$(HOME)", with: "$(HOME)") }.joined(separator: "|")
        return [
            HostilePod("shell-text.in-args", .succeeds("\(expected)|\n")) {
                $0.container["command"] = .array((["printf", "%s|"] + words).map { .string($0) })
            },
            HostilePod("shell-text-in-env", .succeeds("\(expected.replacing("$HOME $(HOME) $(HOME)", with: "x"))|\n")) {
                $0.container["env"] = .array(
                    words.enumerated().map {
                        ["name": .string("V\($0.offset)"), "value": .string($0.element.hasPrefix("$HOME") ? "x" : $0.element)]
                    })
                let names = words.indices.map { "\"$V\($0)\"" }.joined(separator: " ")
                $0.container["command"] = ["sh", "-c", .string("printf '%s|' \(names)")]
            },
            HostilePod("shell-text-in-places", .fails(nil, "")) {
                $0.container["workingDir"] = .string("/tmp/$(touch \(canary))`touch \(canary)`")
                $0.container["command"] = [.string("/bin/$(touch \(canary)); touch \(canary)")]
                $0.container["terminationMessagePath"] = .string("/dev/$(touch \(canary))")
            },
            HostilePod("nul-in-argument", .fails("InvalidPod", "NUL")) { $0.container["command"] = ["echo", "a\0b"] },
        ]
    }

    private static let sizes = [
        HostilePod("argument-of-1mb", .fails("InvalidPod", "command[1]")) {
            $0.container["command"] = ["true", .string(String(repeating: "a", count: 1_000_000))]
        },
        HostilePod("argument-of-120kb", .succeeds("120000\n")) {
            $0.container["command"] = ["sh", "-c", "printf '%s' \"$0\" | wc -c", .string(String(repeating: "b", count: 120_000))]
        },
        HostilePod("environment-of-800kb", .succeeds("400\n")) {
            $0.container["env"] = .array(
                (0..<2000).map { ["name": .string("LONG_\($0)"), "value": .string(String(repeating: "c", count: 400))] })
            $0.container["command"] = ["sh", "-c", "printf '%s' \"$LONG_1999\" | wc -c"]
        },
    ]

    private static func flags(_ canary: String) -> [HostilePod] {
        [
            HostilePod("flags-unknown", .fails("InvalidSlurmFlags", "--nonsense"), flags: "--nonsense=1"),
            HostilePod("flags-value-missing", .fails("InvalidSlurmFlags", "--partition"), flags: "--partition"),
            HostilePod("flags-value-malformed", .fails("InvalidSlurmFlags", "--mem"), flags: "--mem=lots"),
            HostilePod("flags-refused", .fails("InvalidSlurmFlags", "--output"), flags: "--output=\(canary)"),
            HostilePod("flags-open-quote", .fails("InvalidSlurmFlags", ""), flags: "--comment=\"never closed"),
            HostilePod("flags-no-option", .fails("InvalidSlurmFlags", ""), flags: "touch \(canary)"),
            HostilePod("flags-new-line", .fails("InvalidSlurmFlags", "--comment"), flags: "--comment='a\ntouch \(canary)'"),
            HostilePod("flags-command", .fails("InvalidSlurmFlags", "--partition"), flags: "--partition=$(touch\u{A0}\(canary))"),
            HostilePod(
                "flags-harmless", .succeeds("ok\n"), flags: "--comment='$(touch \(canary)); `touch \(canary)`'", script: "echo ok"),
            HostilePod("flags-partition-missing", .fails("SlurmRejected", "partition"), flags: "--partition=nowhere"),
        ]
    }

    private static let paths = [
        HostilePod("subpath-dots", .refused, script: "true") { $0.mountEmpty(subPath: "../../etc") },
        HostilePod("subpath-absolute", .refused, script: "true") { $0.mountEmpty(subPath: "/etc") },
        HostilePod("subpath-link", .waits("CreateContainerConfigError", "subPath"), script: "cat /mnt/passwd") {
            $0.mountEmpty(subPath: "link")
            $0.spec["initContainers"] = [
                [
                    "name": "first", "image": "busybox:1.35", "command": ["ln", "-s", "/etc", "/all/link"],
                    "volumeMounts": [["name": "empty", "mountPath": "/all"]],
                ]
            ]
        },
        HostilePod("hostpath-dots", .refused, script: "true") { $0.mount(hostPath: "/tmp/../etc") },
        HostilePod("hostpath-secret", .fails(nil, ""), script: "cat /etc/shadow /mnt/shadow") {
            $0.spec["volumes"] = [["name": "host", "hostPath": ["path": "/etc"]]]
            $0.container["volumeMounts"] = [["name": "host", "mountPath": "/mnt"]]
        },
        HostilePod("hostpath-missing", .fails("FailedMount", "/nowhere/at/all"), script: "true") {
            $0.spec["volumes"] = [["name": "host", "hostPath": ["path": "/nowhere/at/all", "type": "Directory"]]]
            $0.container["volumeMounts"] = [["name": "host", "mountPath": "/mnt"]]
        },
    ]

    private static let resources = [
        HostilePod("gpu", .succeeds("ok\n"), script: "echo ok") { $0.limit(["nvidia.com/gpu": "1"]) },
        HostilePod("gpus-too-many", .unschedulable("Insufficient nvidia.com/gpu"), script: "true") { $0.limit(["nvidia.com/gpu": "999"]) },
        HostilePod("gpu-unknown", .fails("OutOfexample.com/fpga", "example.com/fpga"), script: "true") {
            $0.limit(["example.com/fpga": "1"])
        },
        HostilePod("cpus-too-many", .unschedulable("Insufficient cpu"), script: "true") { $0.limit(["cpu": "5000"]) },
        HostilePod("cpus-absurd", .unschedulable("Insufficient cpu"), script: "true") { $0.limit(["cpu": "9000000000000000000"]) },
        HostilePod("memory-absurd", .unschedulable("Insufficient memory"), script: "true") { $0.limit(["memory": "8Ei"]) },
    ]

    private static let others = [
        HostilePod("unknown-fields", .succeeds("ok\n"), script: "echo ok") {
            $0.spec["fromTheFuture"] = ["a": [1, 2, nil]]
            $0.container["alsoFromTheFuture"] = "x"
        },
        HostilePod("no-such-program", .fails(nil, "")) { $0.container["command"] = ["/no/such/program"] },
        HostilePod("image-malformed", .waits("InvalidImageName", "")) { $0.container["image"] = "NOT an image; touch /tmp/x" },
        HostilePod("image-missing", .waits("ImagePullBackOff", "")) { $0.container["image"] = "no/such/image:1" },
        HostilePod("configmap-missing", .waits("CreateContainerConfigError", "missing"), script: "true") {
            $0.container["envFrom"] = [["configMapRef": ["name": "missing"]]]
        },
        HostilePod("name-\(String(repeating: "x", count: 240)).9", .succeeds("ok\n"), script: "echo ok"),
    ]
}

extension TestPod {
    fileprivate mutating func mountEmpty(subPath: String) {
        spec["volumes"] = [["name": "empty", "emptyDir": [:]]]
        container["volumeMounts"] = [["name": "empty", "mountPath": "/mnt", "subPath": .string(subPath)]]
    }

    fileprivate mutating func limit(_ limits: [String: String]) {
        container["resources"] = ["limits": .object(limits.mapValues { .string($0) })]
    }
}
