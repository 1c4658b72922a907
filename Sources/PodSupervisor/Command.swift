import Glibc
import PodProtocol

/// The `hpk-pod` command: `run --directory PATH` as the batch step of a pod's job.
public enum Command {
    private static let usage = """
        usage: hpk-pod run --directory PATH
        Runs the pod whose plan is in PATH as the batch step of its Slurm job.

        """

    /// Runs the command.
    ///
    /// - Parameter arguments: those of the process, its name first.
    /// - Returns: the exit code: 0 if every container succeeded (or another job owns the pod), 1 for a failed pod or bad input, 64 for wrong usage.
    public static func run(_ arguments: [String]) -> Int32 {
        // A peer that is gone shows as an error of the write, not as a signal.
        signal(SIGPIPE, SIG_IGN)
        guard arguments.count == 4, arguments[1] == "run", arguments[2] == "--directory", arguments[3].hasPrefix("/")
        else {
            _ = usage.withCString { write(STDERR_FILENO, $0, strlen($0)) }
            return arguments.dropFirst().first == "--help" ? 0 : 64
        }
        let directory = PodDirectory(path: arguments[3])
        do {
            let start = startOfThisJob()
            if case .others(let owner) = try Claim.make(path: directory.claim, jobID: start.jobID) {
                Console.note("the pod belongs to job \(owner); job \(start.jobID) leaves it alone")
                return 0
            }
            if let code = try SandboxHolder.run({ supervise(directory, lifeline: $0) }) { return code }
            return try supervise(directory, isNamespaced: false, lifeline: nil)
        } catch {
            Console.note("\(error)")
            return 1
        }
    }

    /// Inside the namespaces, where an error has nobody to be thrown to.
    private static func supervise(_ directory: PodDirectory, lifeline: Descriptor) -> Int32 {
        do {
            return try supervise(directory, isNamespaced: true, lifeline: lifeline)
        } catch {
            Console.note("\(error)")
            return 1
        }
    }

    private static func supervise(_ directory: PodDirectory, isNamespaced: Bool, lifeline: Descriptor?) throws -> Int32 {
        umask(0)
        let start = startOfThisJob()
        let journal = try Journal(path: directory.journal)
        let history = JournalHistory(events: journal.history, attempt: start.attempt)
        journal.forgetHistory()
        if let outcome = history.outcome {
            Console.note("the pod has ended already")
            return outcome ? 0 : 1
        }
        let plan: LaunchPlan
        do {
            plan = try MessageCoding.decode(LaunchPlan.self, from: FileSystem.read(directory.plan), subject: directory.plan)
            try PlanCheck.check(plan)
        } catch {
            let time = Clock.system.wall()
            try journal.append(.supervisorStarted(start), time: time)
            try journal.append(.sandboxFailed(reason: "BadPlan", message: "\(error)"), time: time)
            throw error
        }
        let supervisor = try Supervisor(
            plan: plan, directory: directory, start: start, journal: journal, history: history, isNamespaced: isNamespaced,
            lifeline: lifeline)
        return try supervisor.run()
    }

    private static func startOfThisJob() -> SupervisorStart {
        func number<T: FixedWidthInteger>(_ name: String) -> T {
            variable(name).flatMap { T($0) } ?? 0
        }
        return SupervisorStart(
            jobID: number("SLURM_JOB_ID"), attempt: number("SLURM_RESTART_COUNT"), host: variable("SLURMD_NODENAME") ?? hostName(),
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
