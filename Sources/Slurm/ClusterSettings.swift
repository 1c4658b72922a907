import CSlurm

/// What slurmctld runs with, as far as it concerns those who submit.
public struct ClusterSettings: Sendable, Equatable {
    /// `ClusterName`.
    public var clusterName: String
    /// slurmctld's version, as it writes it.
    public var controllerVersion: String
    /// `MaxJobCount`: jobs that slurmctld can hold.
    public var maxJobCount: UInt32
    /// `MaxArraySize`: one more than the highest index of an array.
    public var maxArraySize: UInt32
    /// `MinJobAge`: seconds for which an ended job can still be asked for.
    public var minJobAgeSeconds: UInt32
    /// `KillWait`: seconds between TERM and KILL when the time limit is reached.
    public var killWaitSeconds: UInt16
    /// `MessageTimeout`: seconds after which a request that is not answered fails.
    public var messageTimeoutSeconds: UInt16
    /// `SlurmUser`'s uid.
    public var slurmUserID: UInt32

    /// Copies what we use out of libslurm's record.
    init(decoding info: UnsafePointer<slurm_conf_t>) {
        let conf = info.pointee
        clusterName = CStrings.text(conf.cluster_name)
        controllerVersion = CStrings.text(conf.version)
        maxJobCount = Sentinel.number(conf.max_job_cnt) ?? 0
        maxArraySize = Sentinel.number(conf.max_array_sz) ?? 0
        minJobAgeSeconds = Sentinel.number(conf.min_job_age) ?? 0
        killWaitSeconds = Sentinel.number(conf.kill_wait) ?? 0
        messageTimeoutSeconds = Sentinel.number(conf.msg_timeout) ?? 0
        slurmUserID = conf.slurm_user_id
    }
}
