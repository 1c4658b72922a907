/// Options for the layout of tasks, for GPUs, and those that few jobs need.
extension SbatchFlag {
    private static let positive = "a number, 1 or more"

    /// Where on a node its tasks go.
    static let layout: [SbatchFlag] = [
        value("sockets-per-node", nil, positive, FlagValue.count(1...0xfffd)) { $0.layout.socketsPerNode = UInt16($1) },
        value("cores-per-socket", nil, positive, FlagValue.count(1...0xfffd)) { $0.layout.coresPerSocket = UInt16($1) },
        value("threads-per-core", nil, positive, FlagValue.count(1...0xfffd)) { $0.layout.threadsPerCore = UInt16($1) },
        value("extra-node-info", "B", "sockets[:cores[:threads]], each a number, a range or *", FlagValue.nodeInfo) { job, counts in
            if let sockets = counts[0] { job.layout.socketsPerNode = sockets }
            if let cores = counts[1] { job.layout.coresPerSocket = cores }
            if let threads = counts[2] { job.layout.threadsPerCore = threads }
            if counts != [nil, nil, nil] { job.layout.impliesTasks = true }
        },
        value("ntasks-per-socket", nil, positive, FlagValue.count(1...0xfffd)) { $0.layout.tasksPerSocket = UInt16($1) },
        value("ntasks-per-core", nil, positive, FlagValue.count(1...0xffff)) { $0.layout.tasksPerCore = UInt16($1) },
        value("hint", nil, "compute_bound, memory_bound, multithread or nomultithread, parted by commas", FlagValue.hints) {
            $0.layout.hints = $1
        },
        value("distribution", "m", FlagValue.distributionForm, FlagValue.distribution) { $0.layout.distribution = $1 },
        value("mem-bind", nil, FlagValue.memoryBindingForm, FlagValue.memoryBinding) { $0.layout.memoryBinding = $1 },
        // 32,766 and 32,767 would be Slurm's "not set" and "without limit".
        value("core-spec", "S", "a number of cores, 0 to 32765", FlagValue.count(0...32_765)) { $0.layout.reserved = .cores(UInt16($1)) },
        value("thread-spec", nil, "a number of threads, 1 to 32765", FlagValue.count(1...32_765)) {
            $0.layout.reserved = .threads(UInt16($1))
        },
        plain("spread-job") { $0.layout.spreads = true },
        plain("use-min-nodes") { $0.layout.prefersFewNodes = true },
        value("switches", nil, "a number of switches, perhaps with @ and a time", FlagValue.switches) { $0.layout.switches = $1 },
        since(
            24, 11,
            value("segment", nil, positive, FlagValue.count(1...0xfffd)) { job, size in
                job.layout.segment = .init(size: UInt16(size), spreads: job.layout.segment?.spreads)
            }),
        since(
            26, 5,
            plain("spread-segments") { job in
                job.layout.segment = .init(size: job.layout.segment?.size ?? 1, spreads: true)
            }),
        since(
            26, 5,
            plain("consolidate-segments") { job in
                job.layout.segment = .init(size: job.layout.segment?.size ?? 1, spreads: false)
            }),
    ]

    /// Which GPUs it gets.
    static let gpus: [SbatchFlag] = [
        value("gpus", "G", "[type:]count, parted by commas", FlagValue.gpus) { $0.gpus = $1 },
        // sbatch sends both when --gres names GPUs as well; here the last one counts.
        value("gpus-per-node", nil, "[type:]count, parted by commas", FlagValue.gpus) { job, value in
            let others = (job.gres ?? "").split(separator: ",").filter { $0 != "gpu" && !$0.hasPrefix("gpu:") }.map(String.init)
            job.gres = (others + value.split(separator: ",").map { "gpu:\($0)" }).joined(separator: ",")
        },
        value("gpus-per-socket", nil, "[type:]count, parted by commas", FlagValue.gpus) { $0.gpuUse.perSocket = $1 },
        value("gpus-per-task", nil, "[type:]count, parted by commas", FlagValue.gpus) { $0.gpuUse.perTask = $1 },
        value("ntasks-per-gpu", nil, positive, FlagValue.count(1...0xfffd)) { $0.gpuUse.tasksPerGPU = UInt16($1) },
        value("cpus-per-gpu", nil, positive, FlagValue.count(1...0x7fff_ffff)) { $0.gpuUse.cpusPerGPU = $1 },
        value("gpu-bind", nil, FlagValue.gpuBindingForm, FlagValue.gpuBinding) { $0.gpuUse.binding = $1 },
        value("gpu-freq", nil, FlagValue.gpuFrequencyForm, FlagValue.gpuFrequency) { $0.gpuUse.frequency = $1 },
        value("gres-flags", nil, "enforce-binding or disable-binding, or how tasks share from 23.11 on", FlagValue.gresFlag) { $1(&$0) },
        since(
            23, 11,
            value("tres-per-task", nil, "cpu:count, gres/name[:type]:count, parted by commas", FlagValue.resourcesPerTask) {
                $0.gpuUse.resourcesPerTask = $1
                if let cpus = $0.gpuUse.resource("cpu") { $0.cpusPerTask = UInt16(cpus) }
            }),
    ]

    /// What few jobs need.
    static let rare: [SbatchFlag] = [
        text("acctg-freq", nil, FlagValue.accountingForm, check: FlagValue.isAccountingFrequency, \.extras.accountingFrequency),
        text("batch", nil, "a feature expression, a part of --constraint", \.extras.batchFeatures),
        text("bb", nil, "a burst buffer's specification", check: FlagValue.isLine, \.extras.burstBuffer),
        value("cpu-freq", nil, FlagValue.cpuFrequencyForm, FlagValue.cpuFrequency) { $0.extras.cpuFrequency = $1 },
        value("delay-boot", nil, TimeText.limitForm, FlagValue.seconds) { $0.extras.delayBootSeconds = $1 },
        since(23, 11, text("extra", nil, "a line of text", check: FlagValue.isLine, \.extras.siteText)),
        value("mail-type", nil, FlagValue.mailForm, FlagValue.mailTypes) { $0.extras.mailTypes = $1 },
        text("mail-user", nil, "a user or mail address", \.extras.mailUser),
        text("mcs-label", nil, "a label", \.extras.mcsLabel),
        text("network", nil, "what the cluster's interconnect is to do", \.extras.network),
        since(
            24, 5,
            SbatchFlag(long: "oom-kill-step", short: nil, form: .optional, expected: "nothing, 0 or 1") { value, _ in
                guard let ends = FlagValue.zeroOne(value ?? "1") else { return nil }
                return { $0.extras.endsStepOutOfMemory = ends }
            }),
        before(24, 5, value("power", nil, "level", { $0.lowercased() == "level" ? true : nil }) { $0.extras.levelsPower = $1 }),
        value("profile", nil, "all, none, or energy, task, lustre, network parted by commas", FlagValue.profile) { $0.extras.profile = $1 },
        plain("reboot") { $0.extras.reboots = true },
        value("wait-all-nodes", nil, "0 or 1", FlagValue.zeroOne) { $0.extras.waitsForAllNodes = $1 },
    ]
}
