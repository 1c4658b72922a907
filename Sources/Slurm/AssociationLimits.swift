import CSlurm

/// What accounting lets one user have under one account and, where it says so, in one partition: `sacctmgr show associations`.
///
/// A limit that is nil is not set here; those of the accounts above and of the QOS hold all the same.
public struct AssociationLimits: Sendable, Equatable {
    /// Account.
    public var account: String
    /// User; nil for the association of an account as a whole.
    public var user: String?
    /// Partition, when it holds for one only.
    public var partition: String?
    /// It is the user's default.
    public var isDefault: Bool
    /// `MaxJobs`: jobs that run at a time.
    public var maxJobs: UInt32?
    /// `MaxSubmitJobs`: jobs that wait or run at a time.
    public var maxSubmitJobs: UInt32?
    /// `MaxWallDurationPerJob`, in minutes.
    public var maxWallMinutes: UInt32?
    /// `MaxTRESPerJob`, as Slurm writes it: `1=16,2=64000` (ids of resources).
    public var maxTRESPerJob: String?
    /// `GrpJobs`: as `maxJobs`, for this and all associations below together.
    public var groupJobs: UInt32?
    /// `GrpSubmitJobs`: as `maxSubmitJobs`, for this and all associations below together.
    public var groupSubmitJobs: UInt32?

    /// Copies what we use out of libslurm's record.
    init(decoding info: UnsafePointer<slurmdb_assoc_rec_t>) {
        let association = info.pointee
        account = CStrings.text(association.acct)
        user = CStrings.optional(association.user)
        partition = CStrings.optional(association.partition)
        isDefault = association.is_def == 1
        maxJobs = Sentinel.number(association.max_jobs)
        maxSubmitJobs = Sentinel.number(association.max_submit_jobs)
        maxWallMinutes = Sentinel.number(association.max_wall_pj)
        maxTRESPerJob = CStrings.optional(association.max_tres_pj)
        groupJobs = Sentinel.number(association.grp_jobs)
        groupSubmitJobs = Sentinel.number(association.grp_submit_jobs)
    }
}

extension SlurmMessages {
    /// A user's associations.
    static func associations(ofUser user: String) throws -> [AssociationLimits] {
        var message: UnsafeMutablePointer<assoc_mgr_info_msg_t>?
        let code = hpk_slurm_load_associations(user, &message)
        defer { if let message { slurm_free_assoc_mgr_info_msg(message) } }
        guard code == 0, let message else {
            throw SlurmError(code: code == 0 ? SLURM_ERROR : code, operation: "read the limits of user \(user)")
        }
        var limits: [AssociationLimits] = []
        withUnsafeMutablePointer(to: &limits) { limits in
            hpk_slurm_each_association(
                message,
                { association, context in
                    guard let association, let context else { return }
                    context.assumingMemoryBound(to: [AssociationLimits].self).pointee.append(AssociationLimits(decoding: association))
                }, limits)
        }
        return limits
    }
}

extension SlurmClient {
    /// What accounting lets a user have; empty where the cluster has no accounting or the user no association.
    ///
    /// - Throws: `SlurmError`.
    public func associations(ofUser user: String) async throws -> [AssociationLimits] {
        try await request(.urgent) { try SlurmMessages.associations(ofUser: user) }
    }
}
