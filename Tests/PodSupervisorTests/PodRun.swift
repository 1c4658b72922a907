import CSandbox
import Glibc
import PodProtocol
import Testing

@testable import PodSupervisor

/// Runs the built `hpk-pod` with a plan, as an ordinary user with subordinate ids, in a folder of its own.
final class PodRun {
    /// The development cluster's tests say by this variable that Apptainer and its user are there.
    static var isPossible: Bool { getenv("HPK_CLUSTER_ENV") != nil }

    let folder: TemporaryDirectory
    let directory: PodDirectory
    var localDirectory: String { folder.path + "/local" }
    private let user: String
    private var process: pid_t = -1

    /// Makes programs, an image from the machine's static busybox, and the pod's directory.
    init() throws {
        folder = try TemporaryDirectory()
        directory = PodDirectory(path: folder.path + "/pod")
        user = getenv("HPK_USER").map { String(cString: $0) } ?? "hpk"
        let package = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
        let folder = folder.path
        for path in ["local", "pod", "image/bin", "image/etc", "image/proc", "image/sys", "image/dev", "image/tmp", "image/root"] {
            try FileSystem.makeDirectories("\(folder)/\(path)", mode: 0o755)
        }
        try FileSystem.write("\(folder)/image/etc/passwd", "root:x:0:0::/root:/bin/sh\nweb:x:33:33::/srv/web:/bin/sh\n".utf8, mode: 0o644)
        try FileSystem.write("\(folder)/image/bin/busybox", FileSystem.read("/bin/busybox"), mode: 0o755)
        for name in [
            "sh", "cat", "sleep", "id", "stat", "chown", "touch", "ls", "nc", "kill", "grep", "ps", "mkdir", "rm", "env", "hostname", "wc",
        ] {
            _ = symlink("busybox", "\(folder)/image/bin/\(name)")
        }
        try FileSystem.write("\(folder)/hpk-pod", FileSystem.read("\(package)/.build/debug/hpk-pod", limit: .max), mode: 0o755)
        try Self.must("cc", ["-static", "-Os", "-o", "\(folder)/hpk-init", "\(package)/Sources/hpk-init/main.c"])
        try Self.must("chown", ["-R", "\(user):", "\(folder)/local", "\(folder)/pod", "\(folder)/image"])
    }

    deinit {
        if process > 0 { _ = kill(process, SIGKILL) }
        // Files of the pod may belong to subordinate ids; the tests' own user is allowed to remove them.
        try? Self.must("chown", ["-R", "root:", folder.path])
    }

    func container(_ name: String, _ command: String..., change: (inout ContainerPlan) -> Void = { _ in }) -> ContainerPlan {
        var plan = ContainerPlan(
            name: name, imagePath: folder.path + "/image", image: "busybox", imageID: "id", command: command.map { Template($0) })
        change(&plan)
        return plan
    }

    func shell(_ name: String, _ script: String, change: (inout ContainerPlan) -> Void = { _ in }) -> ContainerPlan {
        container(name, "sh", "-c", script, change: change)
    }

    func plan(_ containers: [ContainerPlan], change: (inout LaunchPlan) -> Void = { _ in }) -> LaunchPlan {
        var plan = LaunchPlan(
            uid: "1234-abcd", namespace: "ns", name: "pod", nodeName: "node", restartPolicy: .never, terminationGracePeriodSeconds: 1,
            hostname: "podhost", containers: containers, initProgram: folder.path + "/hpk-init", localDirectory: localDirectory)
        change(&plan)
        return plan
    }

    /// Starts the supervisor.
    func start(_ plan: LaunchPlan, job: Int = 42, attempt: Int = 0) throws {
        try FileSystem.write(directory.plan, MessageCoding.encode(plan), mode: 0o644)
        try start(job: job, attempt: attempt)
    }

    func start(job: Int = 42, attempt: Int = 0) throws {
        let output = try Descriptor(opening: folder.path + "/output", O_WRONLY | O_CREAT | O_APPEND, mode: 0o666)
        process = try Spawn.start(
            "/usr/bin/setpriv",
            ["setpriv", "--reuid", user, "--regid", user, "--init-groups", folder.path + "/hpk-pod", "run", "--directory", directory.path],
            environment: ["PATH=\(Sandbox.searchPath)", "SLURM_JOB_ID=\(job)", "SLURM_RESTART_COUNT=\(attempt)", "SLURMD_NODENAME=c1"],
            descriptors: [(output.number, 1), (output.number, 2)])
        withExtendedLifetime(output) {}
    }

    func signal(_ signal: Int32) {
        _ = kill(process, signal)
    }

    /// Waits for the supervisor's end; returns its exit code.
    func wait() -> Int32 {
        defer { process = -1 }
        return hpk_wait(process)
    }

    func run(_ plan: LaunchPlan) throws -> Int32 {
        try start(plan)
        return wait()
    }

    var events: [PodEvent.Kind] {
        get throws { try Journal.History(reading: FileSystem.read(directory.journal)).events.map(\.kind) }
    }

    /// Waits until the journal has an event of this kind; gives up after ten seconds.
    func waitFor(_ what: String, _ matches: (PodEvent.Kind) -> Bool) throws {
        for _ in 0..<1000 {
            if let events = try? events, events.contains(where: matches) { return }
            usleep(10_000)
        }
        Issue.record("no \(what) in the journal: \((try? events) ?? [])\n\(output)")
    }

    func exit(of container: String) throws -> ContainerExit {
        let found = try events.compactMap { event -> ContainerExit? in
            if case .containerExited(container, _, let exit) = event { exit } else { nil }
        }
        return try #require(found.last, "no exit of \(container)\n\(output)")
    }

    /// What a container printed, without the log's own columns.
    func log(_ container: String, _ restartCount: Int = 0) throws -> String {
        let lines = try text(of: directory.log(container: container, restartCount: restartCount)).split(separator: "\n")
        return lines.map { $0.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)[3] + "\n" }.joined()
    }

    /// What the supervisor itself printed.
    var output: String { (try? text(of: folder.path + "/output")) ?? "" }

    /// Processes that still have the test's folder in their command line.
    var processes: [String] {
        (CText.names(in: "/proc") ?? []).compactMap { name in
            guard pid_t(name) != nil, let line = try? text(of: "/proc/\(name)/cmdline") else { return nil }
            return line.contains(folder.path) ? line : nil
        }
    }

    private static func must(_ program: String, _ arguments: [String]) throws {
        let path = try #require(ApptainerCommand.locate(program, path: Sandbox.searchPath))
        let code = hpk_wait(try Spawn.start(path, [program] + arguments))
        guard code == 0 else { throw Failure("\(program) \(arguments) ended with \(code)") }
    }
}
