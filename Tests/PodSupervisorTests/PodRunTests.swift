import Glibc
import PodProtocol
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@testable import PodSupervisor

@Suite("Pods run by hpk-pod", .tags(.apptainer), .enabled(if: PodRun.isPossible), .serialized)
struct PodRunTests {
    @Test("two containers share one localhost, one host name and one /dev/shm")
    func twoContainers() throws {
        let pod = try PodRun()
        let code = try pod.run(
            pod.plan([
                pod.shell("server", "echo shared > /dev/shm/x; echo from the server | nc -l -p 18099"),
                pod.shell(
                    "client",
                    "until nc 127.0.0.1 18099 </dev/null 2>/dev/null; do sleep 0.1; done; cat /dev/shm/x; hostname; cat /etc/hostname"),
            ]))
        #expect(code == 0, "\(pod.output)")
        #expect(try pod.log("client") == "from the server\nshared\npodhost\npodhost\n")
        #expect(try pod.events.last == .finished)
        #expect(CText.names(in: pod.localDirectory) == [])
    }

    @Test("a pod with the node's own name has that in its kernel, its files and its environment")
    func nodeName() throws {
        let pod = try PodRun()
        let code = try pod.run(pod.plan([pod.shell("main", "hostname; cat /etc/hostname; echo $HOSTNAME")]) { $0.hostname = "" })
        #expect(code == 0, "\(pod.output)")
        let name = try #require(CText.fill(256) { gethostname($0, $1) == 0 ? strlen($0) : 0 })
        #expect(try pod.log("main") == "\(name)\n\(name)\n\(name)\n")
    }

    @Test("the input is empty, or with stdin open without an end")
    func input() throws {
        let pod = try PodRun()
        try pod.start(
            pod.plan([
                pod.shell("closed", "cat; echo end"),
                pod.shell("open", "echo ready; cat; echo end") { $0.stdin = true },
            ]))
        try pod.waitFor("end of closed") { if case .containerExited("closed", _, _) = $0 { true } else { false } }
        while try pod.log("open").isEmpty { usleep(10_000) }
        pod.signal(SIGTERM)
        _ = pod.wait()
        #expect(try pod.log("closed") == "end\n")
        #expect(try pod.log("open") == "ready\n")
        #expect(try pod.exit(of: "open").exitCode == 137, "only the end of the grace period ended it")
    }

    @Test("a supervisor that is killed leaves nothing on the node's disk, whoever owned it")
    func killed() throws {
        let pod = try PodRun()
        try pod.start(
            pod.plan([
                pod.shell("main", "echo x > /v/file; echo ready; exec sleep 1000") {
                    $0.mounts = [MountPlan(volume: "v", path: "/v")]
                    $0.identity = ProcessIdentity(user: 33, group: 33)
                }
            ]) {
                $0.volumes = [VolumePlan(name: "v", source: .emptyDirectory(inMemory: false, sizeLimit: nil))]
            })
        try pod.waitFor("start") { if case .containerStarted = $0 { true } else { false } }
        while try pod.log("main").isEmpty { usleep(10_000) }
        #expect(CText.names(in: pod.localDirectory)?.count == 1)
        let starts = try pod.events.compactMap { if case .supervisorStarted(let start) = $0 { start.processID } else { nil } }
        #expect(kill(try #require(starts.first), SIGKILL) == 0)
        #expect(pod.wait() == 137)
        #expect(CText.names(in: pod.localDirectory) == [])
    }

    @Test("init containers come first, in order")
    func initOrder() throws {
        let pod = try PodRun()
        let mount = MountPlan(volume: "v", path: "/v")
        let code = try pod.run(
            pod.plan([pod.shell("main", "cat /v/log") { $0.mounts = [mount] }]) {
                $0.volumes = [VolumePlan(name: "v", source: .emptyDirectory(inMemory: false, sizeLimit: nil))]
                $0.initContainers = [
                    pod.shell("i1", "sleep 0.2; echo 1 >> /v/log") { $0.mounts = [mount] },
                    pod.shell("i2", "echo 2 >> /v/log") { $0.mounts = [mount] },
                ]
            })
        #expect(code == 0, "\(pod.output)")
        #expect(try pod.log("main") == "1\n2\n")
    }

    @Test("exit codes, signals and start failures are told exactly")
    func exitCodes() throws {
        let pod = try PodRun()
        let code = try pod.run(
            pod.plan([
                pod.shell("three", "echo because > /dev/termination-log; exit 3"),
                pod.shell("zero", "true"),
                pod.shell("logs", "echo last words; exit 1") { $0.terminationMessageFallsBackToLogs = true },
                pod.container("missing", "no-such-program"),
                pod.container("forbidden", "/etc/passwd"),
                pod.shell("directory", "true") { $0.workingDirectory = "/etc/passwd" },
                pod.shell("image", "true") { $0.imagePath = "/no/such.sif" },
            ]))
        #expect(code == 1)
        let expected: [(String, Int32, String, String)] = [
            ("three", 3, "Error", "because\n"), ("zero", 0, "Completed", ""), ("logs", 1, "Error", "last words\n"),
            ("missing", 128, "StartError", #"exec: "no-such-program": executable file not found in $PATH"#),
            ("forbidden", 128, "StartError", #"exec: "/etc/passwd": Permission denied"#),
            ("directory", 128, "StartError", #"chdir to cwd ("/etc/passwd") set in the pod failed: Not a directory"#),
        ]
        for (name, code, reason, message) in expected {
            let exit = try pod.exit(of: name)
            #expect(exit.exitCode == code, "\(name)")
            #expect(exit.reason == reason, "\(name)")
            #expect(exit.message == message, "\(name)")
            #expect(exit.signal == nil, "\(name)")
        }
        let image = try pod.exit(of: "image")
        #expect(image.exitCode == 128 && image.reason == "StartError" && image.message.contains("/no/such.sif"))
        #expect(!image.message.contains("\u{1b}"))
    }

    @Test("TERM asks, KILL follows after the grace")
    func termination() throws {
        let pod = try PodRun()
        try pod.start(
            pod.plan([
                pod.shell("polite", "trap 'exit 7' TERM; echo ready; while true; do sleep 0.05; done"),
                pod.container("deaf", "sleep", "1000"),
            ]))
        try pod.waitFor("start of polite") { if case .containerStarted("polite", _, _) = $0 { true } else { false } }
        try pod.waitFor("start of deaf") { if case .containerStarted("deaf", _, _) = $0 { true } else { false } }
        while try pod.log("polite").isEmpty { usleep(10_000) }
        pod.signal(SIGTERM)
        #expect(pod.wait() == 1)
        #expect(try pod.exit(of: "polite").exitCode == 7)
        let deaf = try pod.exit(of: "deaf")
        #expect(deaf.exitCode == 137 && deaf.signal == SIGKILL)
        #expect(deaf.finishedAt - (try pod.exit(of: "polite").finishedAt) > 500_000_000)
        #expect(try pod.events.contains(.stopping(reason: "the job received SIGTERM")))
    }

    @Test("identities, groups and capabilities are exactly the plan's")
    func identities() throws {
        let pod = try PodRun()
        let show = "id -u; id -g; id -G; grep -e CapEff -e CapBnd -e CapInh -e NoNew /proc/self/status; echo $HOME"
        let code = try pod.run(
            pod.plan([
                pod.shell("root", show) { $0.capabilities = ["CAP_CHOWN", "CAP_NET_BIND_SERVICE"] },
                pod.shell("web", show) {
                    $0.identity = ProcessIdentity(user: 33, group: 34, supplementaryGroups: [50, 60])
                    $0.capabilities = ["CHOWN"]
                    $0.noNewPrivileges = false
                },
                pod.shell("owner", "touch /f && chown 1000:2000 /f && stat -c %u:%g /f") { $0.capabilities = ["CHOWN"] },
                pod.shell("powerless", "touch /f && chown 1000:2000 /f"),
            ]))
        #expect(code == 1)
        #expect(
            try pod.log("root").hasSuffix(
                "CapInh:\t0000000000000000\nCapEff:\t0000000000000401\nCapBnd:\t0000000000000401\nNoNewPrivs:\t1\n/root\n"))
        #expect(
            try pod.log("web")
                == "33\n34\n34 50 60\nCapInh:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000001\nNoNewPrivs:\t0\n/srv/web\n"
        )
        #expect(try pod.log("owner") == "1000:2000\n")
        #expect(try pod.exit(of: "powerless").exitCode == 1)
    }

    @Test("volumes have their files, modes and owners; a memory volume is a tmpfs; read-only is read-only")
    func volumes() throws {
        let pod = try PodRun()
        let script = """
            cat /config/key; stat -L -c '%a %g' /config/key; stat -f -c %T /memory; stat -c '%a %g' /disk; touch /config/x 2>/dev/null || echo refused
            mkdir -p /disk/a; touch /sub/made; ls /disk/deep/er; cat '/odd,"path:x/key'; touch /root-is-writable && echo written
            """
        let code = try pod.run(
            pod.plan([
                pod.shell("c", script) {
                    $0.mounts = [
                        MountPlan(volume: "config", path: "/config", readOnly: true), MountPlan(volume: "memory", path: "/memory"),
                        MountPlan(volume: "disk", path: "/disk"),
                        MountPlan(volume: "disk", path: "/sub", subPath: Template("$(WHERE)/er")),
                        MountPlan(volume: "config", path: "/odd,\"path:x", readOnly: true),
                    ]
                    $0.environment = [EnvironmentEntry("WHERE", .literal("deep"))]
                },
                pod.shell("frozen", "touch /x 2>/dev/null || echo refused") { $0.readOnlyRootFilesystem = true },
            ]) {
                $0.fsGroup = 2000
                $0.volumes = [
                    VolumePlan(
                        name: "config",
                        source: .content(VolumeContent(files: [.init(path: "key", mode: 0o400, data: Data("value\n".utf8))]))),
                    VolumePlan(name: "memory", source: .emptyDirectory(inMemory: true, sizeLimit: 1 << 20)),
                    VolumePlan(name: "disk", source: .emptyDirectory(inMemory: false, sizeLimit: nil)),
                ]
            })
        #expect(code == 0, "\(pod.output)")
        #expect(try pod.log("c") == "value\n440 2000\ntmpfs\n2777 2000\nrefused\nmade\nvalue\nwritten\n")
        #expect(try pod.log("frozen") == "refused\n")
    }

    @Test("a subPath that leads out of its volume keeps the container from being made, and says so")
    func escape() throws {
        let pod = try PodRun()
        try pod.start(
            pod.plan([
                pod.shell("c", "true") { $0.mounts = [MountPlan(volume: "v", path: "/v", subPath: Template("../../etc", expands: false))] }
            ]) { $0.volumes = [VolumePlan(name: "v", source: .emptyDirectory(inMemory: false, sizeLimit: nil))] })
        try pod.waitFor("refusal") {
            if case .containerWaiting("c", "CreateContainerConfigError", let message) = $0 {
                message.contains("must not contain '..'") && message.contains("\"v\"")
            } else {
                false
            }
        }
        pod.signal(SIGTERM)
        #expect(pod.wait() == 1)
    }

    @Test("a missing hostPath fails the pod with the kubelet's words")
    func hostPath() throws {
        let pod = try PodRun()
        let code = try pod.run(
            pod.plan([pod.shell("c", "true")]) {
                $0.volumes = [VolumePlan(name: "v", source: .hostPath(path: "/no/such", type: .directory))]
            })
        #expect(code == 1)
        #expect(
            try pod.events.last
                == .sandboxFailed(reason: "FailedMount", message: "volume \"v\": hostPath type check failed: /no/such is not a directory"))
        #expect(CText.names(in: pod.localDirectory) == [])
    }

    @Test("nothing is left after KILL of the batch process, and a requeue continues the journal")
    func killAndRequeue() throws {
        let pod = try PodRun()
        let plan = pod.plan([pod.shell("c", "trap 'exit 0' TERM; sleep 1000 & wait")])
        try pod.start(plan)
        try pod.waitFor("start") { if case .containerStarted("c", 0, _) = $0 { true } else { false } }
        pod.signal(SIGKILL)
        #expect(pod.wait() == 137)
        for _ in 0..<500 where !pod.processes.isEmpty { usleep(10_000) }
        #expect(pod.processes == [])
        try pod.start(plan, job: 43)
        #expect(pod.wait() == 0)
        #expect(pod.output.contains("the pod belongs to job 42"))
        try pod.start(plan, attempt: 1)
        try pod.waitFor("second start") { if case .containerStarted("c", 1, _) = $0 { true } else { false } }
        pod.signal(SIGTERM)
        #expect(pod.wait() == 0)
        #expect(
            try pod.events.contains {
                if case .supervisorStarted(let start) = $0 { start.attempt == 1 && start.host == "c1" } else { false }
            })
        // The later supervisor also removed what the killed one had left.
        #expect(CText.names(in: pod.localDirectory) == [])
    }

    @Test("a plan that is no plan is a clear error in the journal and the output", arguments: ["", "{}", "[1", #"{"version":1}"#])
    func badPlan(text: String) throws {
        let pod = try PodRun()
        try FileSystem.write(pod.directory.plan, text.utf8, mode: 0o644)
        try pod.start()
        #expect(pod.wait() == 1)
        #expect(pod.output.contains("cannot be read"))
        guard case .sandboxFailed("BadPlan", let message) = try pod.events.last else {
            Issue.record("no BadPlan: \(try pod.events)")
            return
        }
        #expect(message.contains("plan.json"))
    }

    @Test("a network of the pod's own has its localhost and low ports, apart from the node's")
    func privateNetwork() throws {
        let pod = try PodRun()
        let code = try pod.run(
            pod.plan([
                pod.shell("server", "echo private | nc -l -p 80"),
                pod.shell("client", "until nc 127.0.0.1 80 </dev/null 2>/dev/null; do sleep 0.1; done"),
            ]) { $0.network = .private })
        #expect(code == 0, "\(pod.output)")
        #expect(try pod.log("client") == "private\n")
    }

    @Test("containers that share their process namespace see each other, and leave nothing")
    func sharedProcesses() throws {
        let pod = try PodRun()
        let code = try pod.run(
            pod.plan([
                pod.shell("a", "sleep 4711 & sleep 0.5"),
                pod.shell("b", "until ps | grep -q '[s]leep 4711'; do sleep 0.05; done; echo seen"),
            ]) { $0.sharesProcessNamespace = true })
        #expect(code == 0, "\(pod.output)")
        #expect(try pod.log("b") == "seen\n")
    }
}
