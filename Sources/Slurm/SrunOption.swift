/// One option of srun: its names, and whether a pod may use it for its containers' steps.
struct SrunOption: Sendable {
    enum Form: Sendable, Equatable {
        case none
        case required
        /// A value behind `=`, or none.
        case optional
        case refused(String)
    }

    let long: String
    let short: Character?
    let form: Form
    /// The value's form, for messages.
    let expected: String
    let accepts: @Sendable (String) -> Bool

    static let tasks = number("ntasks", "n", "a number of tasks, 1 or more")

    static let all: [SrunOption] = placement + binding + ending + refused

    static let byLong = Dictionary(all.map { ($0.long, $0) }, uniquingKeysWith: { first, _ in first })
    static let byShort = Dictionary(
        all.compactMap { option in option.short.map { ($0, option) } }, uniquingKeysWith: { first, _ in first })

    /// How many tasks, and where.
    private static let placement: [SrunOption] = [
        text("mpi", nil, "an MPI plugin such as pmi2, pmix or none") {
            $0 != "list" && $0.utf8.allSatisfy { "_.+-".utf8.contains($0) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || isLetter($0) }
        },
        tasks,
        SrunOption(long: "nodes", short: "N", form: .required, expected: "a number of nodes, or least-most") {
            FlagValue.nodeRange($0) != nil
        },
        number("ntasks-per-node", nil, "a number of tasks, 1 or more"),
        number("ntasks-per-socket", nil, "a number of tasks, 1 or more"),
        number("ntasks-per-core", nil, "a number of tasks, 1 or more"),
        number("ntasks-per-gpu", nil, "a number of tasks, 1 or more"),
        number("cpus-per-task", "c", "a number of CPUs, 1 or more"),
        number("relative", "r", "a number of nodes", from: 0),
        SrunOption(
            long: "nodelist", short: "w", form: .required, expected: "a host list such as n[1-3],m7", accepts: FlagValue.isHostList),
        SrunOption(
            long: "exclude", short: "x", form: .required, expected: "a host list such as n[1-3],m7", accepts: FlagValue.isHostList),
        text("distribution", "m", "a distribution such as block:cyclic"),
        text("mem", nil, "memory such as 512M or 4G"),
        text("mem-per-cpu", nil, "memory such as 512M or 4G"),
        text("gres", nil, "name[[:type]:count], parted by commas, or none"),
        text("gpus", "G", "[type:]count"),
        text("gpus-per-node", nil, "[type:]count"),
        text("gpus-per-task", nil, "[type:]count"),
        text("gpus-per-socket", nil, "[type:]count"),
        text("network", nil, "a network specification"),
        SrunOption(long: "resv-ports", short: nil, form: .optional, expected: "nothing, or a number of ports") {
            FlagValue.count(1...65535)($0) != nil
        },
        plain("exact"), plain("overcommit", "O"), plain("use-min-nodes"),
    ]

    /// What a task is bound to.
    private static let binding: [SrunOption] = [
        text("cpu-bind", nil, "a binding such as cores") { !$0.lowercased().hasPrefix("help") },
        text("mem-bind", nil, "a binding such as local") { !$0.lowercased().hasPrefix("help") },
        text("gpu-bind", nil, "a binding such as closest"),
        text("gpu-freq", nil, "a frequency such as medium"),
        text("cpu-freq", nil, "a frequency such as high"),
        text("accel-bind", nil, "letters such as gn"),
        text("hint", nil, "compute_bound, memory_bound, multithread or nomultithread") { $0 != "help" },
        number("threads-per-core", nil, "a number of threads, 1 or more"),
        text("extra-node-info", "B", "sockets[:cores[:threads]]"),
        text("tres-per-task", nil, "name:count, parted by commas"),
    ]

    /// What happens to the others when one task ends.
    private static let ending: [SrunOption] = [
        SrunOption(long: "kill-on-bad-exit", short: "K", form: .optional, expected: "0 or 1") { ["0", "1"].contains($0) },
        number("wait", "W", "a number of seconds", from: 0),
    ]

    private static let refused: [SrunOption] = [
        refused("the containers' output is kept where `kubectl logs` finds it", "output", "o"),
        refused("the containers' output is kept where `kubectl logs` finds it", "error", "e"),
        refused("it carries the orders to the containers", "input", "i"),
        refused("the containers' output is kept where `kubectl logs` finds it", "open-mode"),
        refused("it would spoil the containers' output", "label", "l"),
        refused("it would spoil the containers' output", "unbuffered", "u"),
        refused("it would spoil the containers' output", "pty"),
        refused("it would spoil the containers' output", "verbose", "v"),
        refused("it is always set", "quiet", "Q"),
        refused("it is always set", "overlap"),
        refused("the step belongs to the pod's own job", "jobid"),
        refused("the step belongs to the pod's own job", "no-allocate", "Z"),
        refused("the step belongs to the pod's own job", "clusters", "M"),
        refused("the step's name is the container's", "job-name", "J"),
        refused("every task runs the container's command", "multi-prog"),
        refused("the pod's job has one component", "het-group"),
        refused("a container's folder comes from the pod (workingDir)", "chdir", "D"),
        refused("a container's environment comes from the pod (env, envFrom)", "export"),
        refused("it runs a program outside of the pod's containers", "task-prolog"),
        refused("it runs a program outside of the pod's containers", "task-epilog"),
        refused("it runs a program outside of the pod's containers", "prolog"),
        refused("it runs a program outside of the pod's containers", "epilog"),
        refused("it copies a program outside of the pod's containers", "bcast"),
        refused("the pod says which containers run", "container"),
        refused("steps run as the job's user", "uid"),
        refused("steps run as the job's user", "gid"),
        refused("steps share the job's CPUs with the supervisor", "exclusive"),
        refused("it opens the compute node's display", "x11"),
        refused("it would start nothing", "test-only"),
        refused("it would start nothing", "help", "h"),
        refused("it would start nothing", "usage"),
        refused("it would start nothing", "version", "V"),
    ]

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }

    private static func text(
        _ long: String, _ short: Character?, _ expected: String, _ check: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> SrunOption {
        SrunOption(long: long, short: short, form: .required, expected: expected) { FlagValue.isPlainText($0) && check($0) }
    }

    private static func number(_ long: String, _ short: Character?, _ expected: String, from least: UInt64 = 1) -> SrunOption {
        SrunOption(long: long, short: short, form: .required, expected: expected) {
            FlagValue.digits($0).map { (least...0x3fff_ffff).contains($0) } ?? false
        }
    }

    private static func plain(_ long: String, _ short: Character? = nil) -> SrunOption {
        SrunOption(long: long, short: short, form: .none, expected: "no value") { _ in false }
    }

    private static func refused(_ why: String, _ long: String, _ short: Character? = nil) -> SrunOption {
        SrunOption(long: long, short: short, form: .refused(why), expected: "") { _ in false }
    }
}
