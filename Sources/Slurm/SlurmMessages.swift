import CSlurm

/// Owns each answer of libslurm for the length of one closure, and frees it exactly once. Only values leave the closure.
enum SlurmMessages {
    /// Jobs of one user, each copied by `body`.
    static func userJobs(uid: UInt32, operation: String) throws -> [JobRecord] {
        var message: UnsafeMutablePointer<job_info_msg_t>?
        let code = hpk_slurm_load_user_jobs(uid, &message)
        defer { if let message { slurm_free_job_info_msg(message) } }
        guard code == 0 else { throw SlurmError(code: code, operation: operation) }
        return records(message)
    }

    /// One job, or the waiting and started tasks of one array; empty when slurmctld does not know the id.
    static func job(_ id: JobID, operation: String) throws -> [JobRecord] {
        var message: UnsafeMutablePointer<job_info_msg_t>?
        let code = hpk_slurm_load_job(id.rawValue, &message)
        defer { if let message { slurm_free_job_info_msg(message) } }
        if code == Int32(ESLURM_INVALID_JOB_ID.rawValue) { return [] }
        guard code == 0 else { throw SlurmError(code: code, operation: operation) }
        return records(message)
    }

    /// The records of a message for which `isWanted` holds.
    static func records(
        _ message: UnsafeMutablePointer<job_info_msg_t>?, where isWanted: (UnsafeMutablePointer<slurm_job_info_t>) -> Bool = { _ in true }
    ) -> [JobRecord] {
        guard let message, let array = message.pointee.job_array else { return [] }
        var texts = RepeatedTexts()
        var records: [JobRecord] = []
        records.reserveCapacity(Int(message.pointee.record_count))
        for index in 0..<Int(message.pointee.record_count) where isWanted(array + index) {
            records.append(JobRecord(decoding: array + index, &texts))
        }
        return records
    }

    /// All nodes.
    static func nodes() throws -> [NodeRecord] {
        var message: UnsafeMutablePointer<node_info_msg_t>?
        let code = hpk_slurm_load_nodes(&message)
        defer { if let message { slurm_free_node_info_msg(message) } }
        guard code == 0 else { throw SlurmError(code: code, operation: "list nodes") }
        guard let message, let array = message.pointee.node_array else { return [] }
        // Records without a name are gaps that deleted nodes leave in the table.
        return (0..<Int(message.pointee.record_count)).map { NodeRecord(decoding: array + $0) }.filter { !$0.name.isEmpty }
    }

    /// All partitions.
    static func partitions() throws -> [PartitionRecord] {
        var message: UnsafeMutablePointer<partition_info_msg_t>?
        let code = hpk_slurm_load_partitions(&message)
        defer { if let message { slurm_free_partition_info_msg(message) } }
        guard code == 0 else { throw SlurmError(code: code, operation: "list partitions") }
        guard let message, let array = message.pointee.partition_array else { return [] }
        return (0..<Int(message.pointee.record_count)).map { PartitionRecord(decoding: array + $0) }
    }

    /// slurmctld's own configuration.
    static func settings() throws -> ClusterSettings {
        var message: UnsafeMutablePointer<slurm_conf_t>?
        let code = hpk_slurm_load_conf(&message)
        defer { if let message { hpk_slurm_free_conf(message) } }
        guard code == 0, let message else { throw SlurmError(code: code, operation: "read the cluster's configuration") }
        return ClusterSettings(decoding: message)
    }

    /// slurmctld's statistics.
    static func statistics() throws -> SlurmStatistics {
        var message: UnsafeMutablePointer<stats_info_response_msg_t>?
        let code = hpk_slurm_load_statistics(&message)
        defer { if let message { slurm_free_stats_response_msg(message) } }
        guard code == 0, let message else {
            throw SlurmError(code: code == 0 ? SLURM_ERROR : code, operation: "read slurmctld's statistics")
        }
        return SlurmStatistics(decoding: message)
    }

    /// Submits, and returns the new job's id.
    static func submit(_ description: UnsafeMutablePointer<job_desc_msg_t>, operation: String) throws -> JobID {
        var response: UnsafeMutablePointer<submit_response_msg_t>?
        let code = hpk_slurm_submit(description, &response)
        defer { if let response { slurm_free_submit_response_response_msg(response) } }
        guard code == 0, let response else { throw SlurmError(code: code == 0 ? SLURM_ERROR : code, operation: operation) }
        return JobID(rawValue: hpk_slurm_response_job_id(response))
    }
}
