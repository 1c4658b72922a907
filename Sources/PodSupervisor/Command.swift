import Glibc
import PodProtocol

/// The `hpk-pod` command: `run --directory PATH` as the batch step of a pod's job.
public enum Command {
    private static let usage = """
        usage: hpk-pod run|probe --directory PATH
               hpk-pod run --batch FILE --pods FOLDER
        run    runs the pod whose plan is in PATH, as the batch step of its Slurm job; or the pod that FILE names for this task of a job
               array, whose directory is in FOLDER
        probe  looks at this node for `hpk-kubelet doctor --probe-job`, whose request is in PATH

        """

    /// Runs the command.
    ///
    /// - Parameter arguments: those of the process, its name first.
    /// - Returns: the exit code: 0 if every container succeeded (or another job owns the pod), 1 for a failed pod or bad input, 64 for wrong usage.
    public static func run(_ arguments: [String]) -> Int32 {
        // A peer that is gone shows as an error of the write, not as a signal.
        signal(SIGPIPE, SIG_IGN)
        if let code = StepCommand.run(arguments) { return code }
        guard let request = Request(arguments) else {
            _ = usage.withCString { write(STDERR_FILENO, $0, strlen($0)) }
            return arguments.dropFirst().first == "--help" ? 0 : 64
        }
        do {
            switch request {
            case .run(let path):
                return try runPod(PodDirectory(path: path), start: startOfThisJob(), program: arguments[0])
            case .runTask(let batch, let pods):
                let start = startOfThisJob()
                let directory = try BatchMember.directory(batch: batch, pods: pods, task: start.arrayTaskID)
                Console.redirect(to: directory.output)
                return try runPod(directory, start: start, program: arguments[0])
            case .supervise(let path):
                return try supervise(PodDirectory(path: path), isNamespaced: true, lifeline: SandboxHolder.lifelineNumber)
            case .sweep(let path): LocalDirectory.sweep(base: try readPlan(PodDirectory(path: path)).localDirectory)
            case .probe(let path): try NodeProbe.run(folder: path, program: arguments[0], nodeName: startOfThisJob().host)
            case .probeSandbox: return NodeProbe.inside()
            }
            return 0
        } catch {
            Console.note("\(error)")
            return 1
        }
    }

    /// What the arguments ask for; every path is absolute.
    private enum Request {
        /// The batch step of a pod's job.
        case run(directory: String)
        /// The batch step of one task of a job array.
        case runTask(batch: String, pods: String)
        /// The pod's supervisor, within its sandbox.
        case supervise(directory: String)
        /// Within a sandbox: removes what a supervisor that was killed has left on the node.
        case sweep(directory: String)
        /// The batch step of the doctor's job.
        case probe(directory: String)
        /// Within a sandbox: counts its ids.
        case probeSandbox

        init?(_ arguments: [String]) {
            let words = Array(arguments.dropFirst())
            guard stride(from: 2, to: words.count, by: 2).allSatisfy({ words[$0].hasPrefix("/") }) else { return nil }
            if words.count == 5, words[0] == "run", words[1] == "--batch", words[3] == "--pods" {
                self = .runTask(batch: words[2], pods: words[4])
                return
            }
            guard words.count == 3, words[1] == "--directory" else { return nil }
            switch words[0] {
            case "run": self = .run(directory: words[2])
            case "supervise": self = .supervise(directory: words[2])
            case Command.sweepMode: self = .sweep(directory: words[2])
            case "probe": self = .probe(directory: words[2])
            case "probe-sandbox": self = .probeSandbox
            default: return nil
            }
        }
    }

    private static let sweepMode = "sweep"

    private static func runPod(_ directory: PodDirectory, start: SupervisorStart, program: String) throws -> Int32 {
        if case .others(let owner) = try Claim.make(path: directory.claim, job: start.jobName) {
            Console.note("the pod belongs to job \(owner); job \(start.jobName) leaves it alone")
            return 0
        }
        guard let end = try SandboxHolder.run(arguments: [program, "supervise", "--directory", directory.path]) else {
            return try supervise(directory, isNamespaced: false, lifeline: nil)
        }
        // What it left on the node may belong to ids that only a sandbox has.
        if end.wasKilled { _ = try? SandboxHolder.run(arguments: [program, sweepMode, "--directory", directory.path]) }
        return end.code
    }

    private static func supervise(_ directory: PodDirectory, isNamespaced: Bool, lifeline: Int32?) throws -> Int32 {
        umask(0)
        let start = startOfThisJob()
        if start.arrayTaskID != nil { Console.redirect(to: directory.output) }
        let journal = try Journal(path: directory.journal)
        let history = JournalHistory(events: journal.history, attempt: start.attempt)
        journal.forgetHistory()
        if let outcome = history.outcome {
            Console.note("the pod has ended already")
            return outcome ? 0 : 1
        }
        var plan: LaunchPlan
        do {
            plan = try readPlan(directory)
            try PlanCheck.check(plan)
        } catch {
            let time = Clock.system.wall()
            try journal.append(.supervisorStarted(start), time: time)
            try journal.append(.sandboxFailed(reason: "BadPlan", message: "\(error)"), time: time)
            throw error
        }
        if plan.hostname.isEmpty { plan.hostname = String(hostName().prefix(64)) }
        let supervisor = try Supervisor(
            plan: plan, directory: directory, start: start, journal: journal, history: history, isNamespaced: isNamespaced,
            lifeline: lifeline)
        return try supervisor.run()
    }

    private static func readPlan(_ directory: PodDirectory) throws -> LaunchPlan {
        try MessageCoding.decode(LaunchPlan.self, from: FileSystem.read(directory.plan), subject: directory.plan)
    }

    private static func startOfThisJob() -> SupervisorStart {
        func number(_ name: String) -> UInt32? { variable(name).flatMap { UInt32($0) } }
        return SupervisorStart(
            jobID: number("SLURM_JOB_ID") ?? 0, arrayJobID: number("SLURM_ARRAY_JOB_ID"), arrayTaskID: number("SLURM_ARRAY_TASK_ID"),
            attempt: number("SLURM_RESTART_COUNT") ?? 0, host: variable("SLURMD_NODENAME") ?? hostName(),
            processID: processID())
    }

    /// The process id as the node sees it: `/proc` is still the node's when this is asked.
    private static func processID() -> Int32 {
        CText.fill(16) { readlink("/proc/self", $0, $1) }.flatMap { Int32($0) } ?? getpid()
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    private static func hostName() -> String {
        CText.fill(256) { gethostname($0, $1) == 0 ? strlen($0) : 0 } ?? "unknown"
    }
}
