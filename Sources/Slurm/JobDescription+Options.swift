import CSlurm

extension JobDescription {
    /// Puts in how tasks, GPUs and the rarer options are to be.
    mutating func setOptions(_ job: JobSubmission) throws {
        try setLayout(job.layout)
        try setGPUUse(job.gpuUse, cpusPerTask: job.cpusPerTask)
        try setTexts(job.extras)
        setNumbers(job.extras)
    }

    private mutating func setLayout(_ layout: JobSubmission.Layout) throws {
        if let sockets = layout.socketsPerNode { message.pointee.sockets_per_node = sockets }
        if let cores = layout.coresPerSocket { message.pointee.cores_per_socket = cores }
        if let threads = layout.threadsPerCore { message.pointee.threads_per_core = threads }
        if let tasks = layout.tasksPerSocket { message.pointee.ntasks_per_socket = tasks }
        if let tasks = layout.tasksPerCore { message.pointee.ntasks_per_core = tasks }
        // As with sbatch, numbers of threads or tasks per core win over hints.
        if layout.threadsPerCore == nil, layout.tasksPerCore == nil { setHints(layout.hints) }
        if let distribution = layout.distribution {
            message.pointee.task_dist = distribution.rawValue
            if let size = distribution.planeSize { message.pointee.plane_size = size }
        }
        if let binding = layout.memoryBinding {
            message.pointee.mem_bind_type = binding.rawValue
            try set(\.mem_bind, binding.map, "memoryBinding")
        }
        switch layout.reserved {
        case .cores(let count): message.pointee.core_spec = count
        case .threads(let count): message.pointee.core_spec = count | UInt16(CORE_SPEC_THREAD)
        case nil: break
        }
        if layout.spreads { message.pointee.bitflags |= hpk_slurm_flag_spread() }
        if layout.prefersFewNodes { message.pointee.bitflags |= hpk_slurm_flag_min_nodes() }
        if let switches = layout.switches {
            message.pointee.req_switch = switches.count
            if let seconds = switches.waitSeconds { message.pointee.wait4switch = seconds }
        }
        if let segment = layout.segment {
            hpk_slurm_set_segment(message, segment.size, segment.spreads.map { $0 ? 1 : 2 } ?? 0)
        }
    }

    private func setHints(_ hints: JobSubmission.Hints) {
        if hints.contains(.memoryBound) { message.pointee.cores_per_socket = 1 }
        if !hints.isDisjoint(with: [.computeBound, .memoryBound, .noMultithread]) { message.pointee.threads_per_core = 1 }
        if hints.contains(.multithread) { message.pointee.ntasks_per_core = Sentinel.infinite16 }
    }

    private mutating func setGPUUse(_ use: JobSubmission.GPUUse, cpusPerTask: UInt16?) throws {
        try set(\.tres_per_socket, use.perSocket.map(Self.gpuList), "gpuUse.perSocket")
        try set(\.tres_per_task, perTask(use, cpus: cpusPerTask), "gpuUse.perTask")
        try set(\.cpus_per_tres, use.cpusPerGPU.map { Self.gresList("gpu:\($0)") }, "gpuUse.cpusPerGPU")
        if let tasks = use.tasksPerGPU { message.pointee.ntasks_per_tres = tasks }
        if let binding = use.binding {
            try set(\.tres_bind, String(cString: hpk_slurm_gpu_bind_prefix()) + binding, "gpuUse.binding")
        } else if hpk_slurm_binds_gpus_per_task() != 0, let perTask = use.perTask ?? use.resource("gres/gpu") {
            try set(\.tres_bind, "gres/gpu:per_task:\(perTask.split(separator: ":").last ?? "1")", "gpuUse.perTask")
        }
        try set(\.tres_freq, use.frequency.map { "gpu:\($0)" }, "gpuUse.frequency")
        switch use.bindsCPUs {
        case true?: message.pointee.bitflags |= hpk_slurm_flag_gres_enforce()
        case false?: message.pointee.bitflags |= hpk_slurm_flag_gres_disable()
        case nil: break
        }
        switch use.sharing {
        case .oneTask: message.pointee.bitflags |= hpk_slurm_flag_gres_one_task()
        case .multipleTasks: message.pointee.bitflags |= hpk_slurm_flag_gres_multiple_tasks()
        case nil: break
        }
    }

    private func perTask(_ use: JobSubmission.GPUUse, cpus: UInt16?) -> String? {
        let prefix = use.resource("cpu") == nil ? hpk_slurm_cpus_per_task_prefix().map { String(cString: $0) } : nil
        let cpu = prefix.flatMap { prefix in cpus.map { "\(prefix)\($0)" } }
        let parts = [cpu, use.resourcesPerTask, use.perTask.map(Self.gpusPerTask)].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: ",")
    }

    /// Newer releases write `gres/gpu:a100=1` here, and `gres/gpu:a100:1` elsewhere as ever.
    private static func gpusPerTask(_ text: String) -> String {
        guard SbatchFlag.isBuiltFor(atLeast: 24, 11) else { return gpuList(text) }
        return gpuList(text).split(separator: ",").map { item in
            item.lastIndex(of: ":").map { "\(item[..<$0])=\(item[item.index(after: $0)...])" } ?? String(item)
        }.joined(separator: ",")
    }

    /// GPUs by type: `a100:1,h100:2` is two resources to Slurm.
    static func gpuList(_ text: String) -> String {
        gresList(text.split(separator: ",").map { "gpu:\($0)" }.joined(separator: ","))
    }

    private mutating func setTexts(_ extras: JobSubmission.Extras) throws {
        try set(\.acctg_freq, extras.accountingFrequency, "accountingFrequency")
        try set(\.batch_features, extras.batchFeatures, "batchFeatures")
        try set(\.burst_buffer, extras.burstBuffer, "burstBuffer")
        try set(\.extra, extras.siteText, "siteText")
        try set(\.mail_user, extras.mailUser, "mailUser")
        try set(\.mcs_label, extras.mcsLabel, "mcsLabel")
        try set(\.network, extras.network, "network")
    }

    private func setNumbers(_ extras: JobSubmission.Extras) {
        if let frequency = extras.cpuFrequency {
            if let minimum = frequency.minimum { message.pointee.cpu_freq_min = minimum }
            if let maximum = frequency.maximum { message.pointee.cpu_freq_max = maximum }
            if let governor = frequency.governor { message.pointee.cpu_freq_gov = governor }
            // One frequency alone can be held by this governor only; newer releases leave it to the client to say so.
            if frequency.minimum == nil, frequency.governor == nil, SbatchFlag.isBuiltFor(atLeast: 24, 11) {
                message.pointee.cpu_freq_gov = UInt32(CPU_FREQ_USERSPACE)
            }
        }
        if let seconds = extras.delayBootSeconds { message.pointee.delay_boot = seconds }
        switch extras.endsOnInvalidDependency {
        case true?: message.pointee.bitflags |= hpk_slurm_flag_kill_invalid_dependency()
        case false?: message.pointee.bitflags |= hpk_slurm_flag_keep_invalid_dependency()
        case nil: break
        }
        if !extras.mailTypes.isEmpty {
            let others = Sentinel.number(message.pointee.mail_type) ?? 0
            message.pointee.mail_type = others | extras.mailTypes.rawValue
        }
        if extras.levelsPower { hpk_slurm_set_power_level(message) }
        if let profile = extras.profile { message.pointee.profile = profile.rawValue }
        if let ends = extras.endsStepOutOfMemory { hpk_slurm_set_oom_kill_step(message, ends ? 1 : 0) }
        if extras.reboots { message.pointee.reboot = 1 }
        if let waits = extras.waitsForAllNodes { message.pointee.wait_all_nodes = waits ? 1 : 0 }
    }
}
