/// The options, in the order of sbatch(1)'s concerns. Each row is tested, and compared with what sbatch itself makes of it.
extension SbatchFlag {
    /// Where the job goes.
    static let placement: [SbatchFlag] = [
        text("partition", "p", "partition names, parted by commas", \.partition),
        text("account", "A", "an account", \.account),
        text("qos", "q", "a quality of service", \.qos),
        text("constraint", "C", "a feature expression such as fast&big", \.constraint),
        text("prefer", nil, "a feature expression", \.preferredFeatures),
        text("reservation", nil, "reservation names, parted by commas", \.reservation),
        text("nodelist", "w", "a host list such as n[1-3],m7", check: FlagValue.isHostList, \.nodeList),
        text("exclude", "x", "a host list such as n[1-3],m7", check: FlagValue.isHostList, \.excludeNodes),
        text("licenses", "L", "licenses such as matlab:2,fluent:1", \.licenses),
        text("wckey", nil, "a workload characterisation key", \.wckey),
        SbatchFlag(long: "exclusive", short: nil, form: .optional, expected: "nothing, user, mcs, or topo from 24.11 on") { value, _ in
            switch value?.lowercased() {
            case nil, "exclusive": { $0.sharing = .exclusive }
            case "user": { $0.sharing = .user }
            case "mcs": { $0.sharing = .mcs }
            case "topo" where isBuiltFor(atLeast: 24, 11): { $0.sharing = .topology }
            default: nil
            }
        },
        plain("oversubscribe", "s") { $0.sharing = .oversubscribe },
        plain("contiguous") { $0.contiguous = true },
    ]

    /// How much it gets.
    static let size: [SbatchFlag] = [
        value("nodes", "N", "a number of nodes, or least-most", FlagValue.nodeRange) { job, range in
            job.minNodes = range.least
            job.maxNodes = range.most
        },
        value("ntasks", "n", "a number of tasks, 1 or more", FlagValue.count(1...0x3fff_ffff)) { $0.tasks = $1 },
        value("ntasks-per-node", nil, "a number of tasks, 1 or more", FlagValue.count(1...0xfffd)) { $0.tasksPerNode = UInt16($1) },
        value("cpus-per-task", "c", "a number of CPUs, 1 or more", FlagValue.count(1...0xfffd)) { $0.cpusPerTask = UInt16($1) },
        value("mincpus", nil, "a number of CPUs, 1 or more", FlagValue.count(1...0xfffd)) { $0.minCPUsPerNode = UInt16($1) },
        value("mem", nil, "memory such as 512M or 4G (MiB without a letter)", FlagValue.megabytes) { $0.memory = .perNode(megabytes: $1) },
        value("mem-per-cpu", nil, "memory such as 512M or 4G (MiB without a letter)", FlagValue.megabytes) {
            $0.memory = .perCPU(megabytes: $1)
        },
        value("mem-per-gpu", nil, "memory such as 512M or 4G (MiB without a letter)", FlagValue.megabytes) {
            $0.memory = .perGPU(megabytes: $1)
        },
        value("tmp", nil, "disk space such as 512M or 4G (MiB without a letter)", FlagValue.megabytes32) { $0.temporaryDiskMegabytes = $1 },
        value("gres", nil, "name[[:type]:count], parted by commas, or none", FlagValue.gres) {
            $0.gres = $1.lowercased() == "none" ? nil : $1
        },
        plain("overcommit", "O") { $0.overcommit = true },
    ]

    /// When, and for how long.
    static let time: [SbatchFlag] = [
        value("time", "t", TimeText.limitForm, TimeText.limit) { $0.timeLimit = $1 },
        value("time-min", nil, TimeText.limitForm, TimeText.limit) { $0.minimumTimeLimit = $1 },
        SbatchFlag(long: "begin", short: "b", form: .required, expected: TimeText.pointForm) { value, context in
            guard let value, let time = TimeText.point(value, now: context.now, timeZone: context.timeZone) else { return nil }
            return { $0.beginTime = time }
        },
        SbatchFlag(long: "deadline", short: nil, form: .required, expected: TimeText.pointForm) { value, context in
            guard let value, let time = TimeText.point(value, now: context.now, timeZone: context.timeZone) else { return nil }
            return { $0.deadline = time }
        },
        value("signal", nil, "[R][B]:signal[@seconds], such as B:TERM@60", SignalText.warning) { $0.warningSignal = $1 },
    ]

    /// In what order, and under which conditions.
    static let scheduling: [SbatchFlag] = [
        value("priority", nil, "a number, or TOP", FlagValue.priority) { $0.priority = $1 },
        SbatchFlag(long: "nice", short: nil, form: .optional, expected: "a number from -2147483645 to 2147483645") { value, _ in
            guard let value else { return { $0.nice = 100 } }
            guard let nice = FlagValue.nice(value) else { return nil }
            return { $0.nice = nice }
        },
        plain("hold", "H") { $0.hold = true },
        plain("requeue") { $0.requeue = true },
        plain("no-requeue") { $0.requeue = false },
        SbatchFlag(long: "no-kill", short: "k", form: .optional, expected: "nothing, or off") { value, _ in
            switch value?.lowercased() {
            case nil: { $0.killOnNodeFail = false }
            case "off": { $0.killOnNodeFail = true }
            default: nil
            }
        },
        text("dependency", "d", "a dependency such as afterok:1234", \.dependency),
        value("kill-on-invalid-dep", nil, "yes or no", FlagValue.yesNo) { $0.extras.endsOnInvalidDependency = $1 },
        text("comment", nil, "a line of text", check: FlagValue.isLine, \.userComment),
    ]
}
