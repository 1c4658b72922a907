import CSlurm
import Glibc

/// The C form of a `JobSubmission`. It owns every string and array that libslurm reads through it and frees them once, so
/// it must outlive the request that uses it.
struct JobDescription: ~Copyable {
    let message: UnsafeMutablePointer<job_desc_msg_t>
    private var strings: [UnsafeMutablePointer<CChar>] = []
    private var environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?

    /// Used when the submission brings no environment, since Slurm refuses a job without one.
    static let defaultEnvironment = ["PATH": "/usr/local/bin:/usr/bin:/bin"]

    /// Fills the message. `allocNode` is the submitting host's name, which slurmctld checks against the partition's
    /// `AllocNodes`; a job runs as `uid` and `gid`, which must be those of this process unless it is root.
    ///
    /// - Throws: `SlurmError` with the code `EINVAL` when a text holds a NUL byte or a number is out of range.
    init(_ job: JobSubmission, allocNode: String, uid: UInt32, gid: UInt32) throws {
        message = .allocate(capacity: 1)
        message.initialize(to: job_desc_msg_t())
        hpk_slurm_init_job_description(message)
        message.pointee.user_id = uid
        message.pointee.group_id = gid
        try set(\.alloc_node, allocNode, "allocNode")
        try setTexts(job)
        try setEnvironment(job.environment.isEmpty ? Self.defaultEnvironment : job.environment)
        try setSize(job)
        try setOptions(job)
        setSchedule(job)
        try setPush(job.pushEndpoint)
        try setArray(job.arrayTasks)
    }

    deinit {
        for string in strings { free(string) }
        environment?.deallocate()
        message.deallocate()
    }

    /// Lends the message to `body`.
    borrowing func withMessage<Value>(_ body: (UnsafeMutablePointer<job_desc_msg_t>) throws -> Value) rethrows -> Value {
        try body(message)
    }

    private static func invalid(_ field: String, _ why: String) -> SlurmError {
        SlurmError(
            code: EINVAL, name: "EINVAL", message: "\(field) \(why)", operation: "describe the job", retryAdvice: .never,
            whatToDo: "correct the value of \(field)")
    }

    private mutating func copy(_ text: String, _ field: String) throws -> UnsafeMutablePointer<CChar> {
        guard !text.utf8.contains(0) else { throw Self.invalid(field, "holds a NUL byte") }
        guard let string = strdup(text) else { throw SlurmError(code: ENOMEM, operation: "describe the job") }
        strings.append(string)
        return string
    }

    mutating func set(
        _ path: WritableKeyPath<job_desc_msg_t, UnsafeMutablePointer<CChar>?>, _ text: String?, _ field: String
    ) throws {
        guard let text, !text.isEmpty else { return }
        message.pointee[keyPath: path] = try copy(text, field)
    }

    private mutating func setTexts(_ job: JobSubmission) throws {
        try set(\.name, job.name, "name")
        try set(\.comment, job.wireComment, "comment")
        try set(\.script, job.script, "script")
        try set(\.work_dir, job.workingDirectory, "workingDirectory")
        try set(\.std_out, job.standardOutput ?? "/dev/null", "standardOutput")
        if job.appendsOutput { message.pointee.open_mode = UInt8(OPEN_MODE_APPEND) }
        try set(\.std_err, job.standardError, "standardError")
        try set(\.std_in, job.standardInput ?? "/dev/null", "standardInput")
        try set(\.partition, job.partition, "partition")
        try set(\.account, job.account, "account")
        try set(\.qos, job.qos, "qos")
        try set(\.features, job.constraint, "constraint")
        try set(\.prefer, job.preferredFeatures, "preferredFeatures")
        try set(\.reservation, job.reservation, "reservation")
        try set(\.req_nodes, job.nodeList, "nodeList")
        try set(\.exc_nodes, job.excludeNodes, "excludeNodes")
        try set(\.licenses, job.licenses, "licenses")
        try set(\.dependency, job.dependency, "dependency")
        try set(\.wckey, job.wckey, "wckey")
        try set(\.tres_per_node, job.gres.map(Self.gresList), "gres")
        try set(\.tres_per_job, job.gpus.map(Self.gpuList), "gpus")
    }

    /// Slurm names the kind of each trackable resource: `gpu:2,nic` becomes `gres:gpu:2,gres:nic`.
    static func gresList(_ text: String) -> String {
        let prefix = String(cString: hpk_slurm_gres_prefix())
        return text.split(separator: ",").map { prefix + $0 }.joined(separator: ",")
    }

    private mutating func setEnvironment(_ variables: [String: String]) throws {
        let array = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: variables.count + 1)
        array.initialize(repeating: nil, count: variables.count + 1)
        environment = array
        // In a fixed order, so that equal submissions are equal on the wire.
        for (index, variable) in variables.sorted(by: { $0.key < $1.key }).enumerated() {
            guard !variable.key.isEmpty, !variable.key.contains("=") else {
                throw Self.invalid("environment", "has a variable with a name that is empty or holds '='")
            }
            array[index] = try copy("\(variable.key)=\(variable.value)", "environment variable \(variable.key)")
        }
        message.pointee.environment = array
        message.pointee.env_size = UInt32(clamping: variables.count)
    }

    private mutating func setSize(_ job: JobSubmission) throws {
        let size = try JobSize(job)
        if let nodes = job.minNodes { message.pointee.min_nodes = nodes }
        if let nodes = job.maxNodes { message.pointee.max_nodes = nodes }
        // Also what comes of tasks per node, which newer sbatches keep to themselves: without it srun within the job starts one on each node.
        if let tasks = size.explicitTasks {
            message.pointee.num_tasks = tasks
            message.pointee.bitflags |= hpk_slurm_flag_ntasks_set()
        } else if let tasks = size.gpuTasks {
            message.pointee.num_tasks = tasks
        }
        if let tasks = job.tasksPerNode { message.pointee.ntasks_per_node = tasks }
        if let cpus = job.cpusPerTask {
            message.pointee.cpus_per_task = cpus
            message.pointee.bitflags |= hpk_slurm_flag_cpus_set()
        }
        message.pointee.min_cpus = size.cpus
        if let cpus = job.minCPUsPerNode { message.pointee.pn_min_cpus = cpus }
        if let disk = job.temporaryDiskMegabytes { message.pointee.pn_min_tmp_disk = disk }
        switch job.memory {
        case .perNode(let megabytes): message.pointee.pn_min_memory = megabytes
        case .perCPU(let megabytes): message.pointee.pn_min_memory = megabytes | hpk_slurm_mem_per_cpu()
        case .perGPU(let megabytes): try set(\.mem_per_tres, Self.gresList("gpu:\(megabytes)"), "memory")
        case nil: break
        }
        switch job.sharing {
        case .exclusive: message.pointee.shared = UInt16(JOB_SHARED_NONE)
        case .oversubscribe: message.pointee.shared = UInt16(JOB_SHARED_OK)
        case .user: message.pointee.shared = UInt16(JOB_SHARED_USER)
        case .mcs: message.pointee.shared = UInt16(JOB_SHARED_MCS)
        case .topology: message.pointee.shared = hpk_slurm_shared_topology()
        case nil: break
        }
        if job.contiguous { message.pointee.contiguous = 1 }
        if job.overcommit { message.pointee.overcommit = 1 }
    }

    private func setSchedule(_ job: JobSubmission) {
        if let limit = job.timeLimit { message.pointee.time_limit = Self.minutes(limit) }
        if let limit = job.minimumTimeLimit { message.pointee.time_min = Self.minutes(limit) }
        if let time = job.beginTime { message.pointee.begin_time = time_t(time) }
        if let time = job.deadline { message.pointee.deadline = time_t(time) }
        switch job.priority {
        // The two numbers below "not set" are taken: sbatch, too, sends this one for TOP.
        case .top: message.pointee.priority = Sentinel.notSet - 1
        case .value(let value): message.pointee.priority = value
        case nil: break
        }
        if job.hold { message.pointee.priority = 0 }
        if let nice = job.nice { message.pointee.nice = hpk_slurm_nice_offset() &+ UInt32(bitPattern: nice) }
        message.pointee.requeue = job.requeue ? 1 : 0
        if let kill = job.killOnNodeFail { message.pointee.kill_on_node_fail = kill ? 1 : 0 }
        if let warning = job.warningSignal {
            message.pointee.warn_signal = warning.signal
            message.pointee.warn_time = warning.secondsBeforeEnd
            message.pointee.warn_flags =
                (warning.batchOnly ? hpk_slurm_kill_batch() : 0) | (warning.reservationOverlap ? hpk_slurm_warn_reservation() : 0)
        }
    }

    private static func minutes(_ limit: JobSubmission.TimeLimit) -> UInt32 {
        switch limit {
        case .minutes(let minutes): min(max(minutes, 1), Sentinel.notSet - 1)
        case .unlimited: Sentinel.infinite
        }
    }

    private mutating func setPush(_ endpoint: JobSubmission.PushEndpoint?) throws {
        guard let endpoint else { return }
        try set(\.resp_host, endpoint.host, "pushEndpoint.host")
        message.pointee.other_port = endpoint.port
    }
}

/// The parts of an array.
extension JobDescription {
    private mutating func setArray(_ tasks: UInt32?) throws {
        guard let tasks else { return }
        guard tasks > 0 else { throw Self.invalid("arrayTasks", "is 0") }
        try set(\.array_inx, "0-\(tasks - 1)", "arrayTasks")
        message.pointee.mail_type = (Sentinel.number(message.pointee.mail_type) ?? 0) | hpk_slurm_mail_array_tasks()
    }
}

/// How many tasks and CPUs a submission comes to, by sbatch's rules.
struct JobSize: Equatable {
    /// Tasks to tell Slurm; nil leaves them to it.
    var explicitTasks: UInt32?
    /// Tasks that come of the number of GPUs; told to Slurm, but not as asked for.
    var gpuTasks: UInt32?
    /// CPUs of the whole job.
    var cpus: UInt32

    /// - Throws: `SlurmError` (`EINVAL`) when a product is beyond what Slurm can carry.
    init(_ job: JobSubmission) throws {
        let nodes = job.minNodes ?? 1
        explicitTasks = job.tasks
        if explicitTasks == nil, let perNode = job.tasksPerNode { explicitTasks = try Self.product(nodes, UInt32(perNode)) }
        let hasFixedNodes = job.minNodes != nil && (job.maxNodes == nil || job.maxNodes == job.minNodes)
        if explicitTasks == nil, hasFixedNodes || job.minNodes == nil { explicitTasks = job.layout.impliedTasks(nodes: max(nodes, 1)) }
        if explicitTasks == nil { gpuTasks = Self.gpuTasks(job, nodes: max(nodes, 1)) }
        let named = job.minNodes == nil ? job.nodeList.map { hpk_slurm_named_nodes($0) } ?? 0 : 0
        let tasks = explicitTasks ?? (hasFixedNodes ? max(nodes, 1) : max(named, 1))
        if let cpus = job.minCPUs {
            self.cpus = cpus
        } else if job.overcommit {
            cpus = max(nodes, 1)
        } else {
            cpus = try Self.product(tasks, UInt32(job.cpusPerTask ?? 1))
        }
    }

    /// As many tasks as the GPUs of the whole job are good for, by `--ntasks-per-gpu` or `--gpus-per-task`.
    private static func gpuTasks(_ job: JobSubmission, nodes: UInt32) -> UInt32? {
        let ofJob = GresCounts.gpus(job.gpus)
        let ofNode = GresCounts(job.gres).byName["gpu"].map { $0.multipliedReportingOverflow(by: UInt64(nodes)) }
        guard let gpus = ofJob ?? ofNode.flatMap({ $0.overflow ? nil : $0.partialValue }), gpus > 0 else { return nil }
        if let perGPU = job.gpuUse.tasksPerGPU {
            let (tasks, overflow) = gpus.multipliedReportingOverflow(by: UInt64(perGPU))
            return overflow ? nil : UInt32(exactly: tasks)
        }
        guard let perTask = GresCounts.gpus(job.gpuUse.perTask), perTask > 0, gpus.isMultiple(of: perTask) else { return nil }
        return UInt32(exactly: gpus / perTask)
    }

    private static func product(_ left: UInt32, _ right: UInt32) throws -> UInt32 {
        let (product, overflow) = left.multipliedReportingOverflow(by: right)
        guard !overflow, product < Sentinel.notSet else {
            throw SlurmError(
                code: EINVAL, name: "EINVAL", message: "\(left) × \(right) CPUs or tasks are more than Slurm can count",
                operation: "describe the job", retryAdvice: .never, whatToDo: "ask for fewer nodes, tasks or CPUs")
        }
        return product
    }
}
