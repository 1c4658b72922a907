import CSlurm
import Foundation

extension JobRecord {
    /// Copies what we use out of libslurm's record. It trusts nothing in it but that its pointers are NULL or C strings.
    init(decoding info: UnsafePointer<slurm_job_info_t>, _ texts: inout RepeatedTexts) {
        let job = info.pointee
        self.init(
            id: Self.id(of: info), name: texts.optional(job.name, .name) ?? "", comment: texts.optional(job.comment, .comment),
            userID: job.user_id, state: JobState(rawValue: job.job_state), stateReason: StateReason(rawValue: UInt32(job.state_reason)))
        groupID = job.group_id
        number = hpk_slurm_job_id(info)
        if id.task == nil { arrayTasks = Self.waitingTasks(of: info) }
        adminComment = texts.optional(job.admin_comment, .adminComment)
        systemComment = texts.optional(job.system_comment, .systemComment)
        stateDescription = texts.optional(job.state_desc, .stateDescription)
        exitStatus = ExitStatus(rawValue: Sentinel.number(job.exit_code) ?? 0)
        derivedExitStatus = ExitStatus(rawValue: Sentinel.number(job.derived_ec) ?? 0)
        submitTime = Self.date(job.submit_time)
        eligibleTime = Self.date(job.eligible_time)
        startTime = Self.date(job.start_time)
        endTime = Self.date(job.end_time)
        nodeList = texts.optional(job.nodes, .nodeList)
        batchHost = texts.optional(job.batch_host, .batchHost)
        scheduledNodes = texts.optional(job.sched_nodes, .scheduledNodes)
        restartCount = Int(job.restart_cnt)
        partition = texts.optional(job.partition, .partition)
        account = texts.optional(job.account, .account)
        qos = texts.optional(job.qos, .qos)
        reservation = texts.optional(job.resv_name, .reservation)
        constraint = texts.optional(job.features, .constraint)
        dependency = texts.optional(job.dependency, .dependency)
        licenses = texts.optional(job.licenses, .licenses)
        priority = Sentinel.number(job.priority) ?? 0
        timeLimitMinutes = Sentinel.number(job.time_limit)
        numCPUs = Sentinel.number(job.num_cpus) ?? 0
        numNodes = Sentinel.number(job.num_nodes) ?? 0
        numTasks = Sentinel.number(job.num_tasks) ?? 0
        tresRequested = texts.optional(job.tres_req_str, .tresRequested)
        tresAllocated = texts.optional(job.tres_alloc_str, .tresAllocated)
        tresPerNode = texts.optional(job.tres_per_node, .tresPerNode)
        workingDirectory = texts.optional(job.work_dir, .workingDirectory)
        standardOutput = texts.optional(job.std_out, .standardOutput)
        standardError = texts.optional(job.std_err, .standardError)
        allocNode = texts.optional(job.alloc_node, .allocNode)
    }

    private static func id(of info: UnsafePointer<slurm_job_info_t>) -> JobID {
        let number = hpk_slurm_job_id(info)
        guard let array = Sentinel.number(info.pointee.array_job_id), array != 0 else { return JobID(rawValue: number) }
        return Sentinel.number(info.pointee.array_task_id).map { JobID(array: array, task: $0) } ?? JobID(rawValue: array)
    }

    /// The bitmap is complete, the text is cut off beyond 64 bytes; a library that lends no way to the bitmap leaves the text.
    private static func waitingTasks(of info: UnsafePointer<slurm_job_info_t>) -> ArrayTasks? {
        guard hpk_slurm_has_array_bitmap(info) else { return CStrings.optional(info.pointee.array_task_str).flatMap { ArrayTasks($0) } }
        var tasks = ArrayTasks([])
        var index = hpk_slurm_next_array_task(info, 0)
        while index >= 0 {
            tasks.append(UInt32(clamping: index)...UInt32(clamping: index))
            index = hpk_slurm_next_array_task(info, index + 1)
        }
        return tasks
    }

    /// A point in time; 0 (not yet), less than 0 and what lies beyond the year 9999 are nil.
    static func date(_ seconds: time_t) -> Date? {
        (1..<253_402_300_800).contains(Int64(seconds)) && UInt64(seconds) != UInt64(Sentinel.notSet)
            && UInt64(seconds) != UInt64(Sentinel.infinite) ? Date(timeIntervalSince1970: TimeInterval(seconds)) : nil
    }
}
