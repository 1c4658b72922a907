/// Requests that are wrong as they stand.
extension SlurmErrorTable {
    static let requests: [Group] = [
        Group(
            .never, Advice.gone,
            [
                Code(2017, "ESLURM_INVALID_JOB_ID"), Code(2021, "ESLURM_ALREADY_DONE"), Code(2084, "ESLURM_JOB_FINISHED"),
                Code(4002, "ESLURMD_KILL_JOB_ALREADY_COMPLETE"), Code(4027, "ESLURMD_JOB_NOTRUNNING", before: (26, 5)),
                Code(4027, "ESLURMD_STEP_NOTRUNNING", since: (26, 5)),
            ]),
        Group(
            .never, Advice.partition,
            [
                Code(2000, "ESLURM_INVALID_PARTITION_NAME"), Code(2001, "ESLURM_DEFAULT_PARTITION_NOT_SET"),
                Code(2003, "ESLURM_JOB_MISSING_REQUIRED_PARTITION_GROUP"),
            ]),
        Group(.never, "ask the administrator for the right that is missing, or leave the option out", [Code(2002, "ESLURM_ACCESS_DENIED")]),
        Group(
            .never, Advice.account,
            [
                Code(2045, "ESLURM_INVALID_ACCOUNT"), Code(2066, "ESLURM_INVALID_QOS"), Code(2130, "ESLURM_PARTITION_ASSOC"),
                Code(2167, "ESLURM_INVALID_ASSOC"), Code(2170, "ESLURM_INVALID_RELATIVE_QOS"),
            ]),
        Group(
            .never, Advice.resources,
            [
                Code(2004, "ESLURM_REQUESTED_NODES_NOT_IN_PARTITION"), Code(2005, "ESLURM_TOO_MANY_REQUESTED_CPUS"),
                Code(2006, "ESLURM_INVALID_NODE_COUNT"), Code(2014, "ESLURM_REQUESTED_NODE_CONFIG_UNAVAILABLE"),
                Code(2015, "ESLURM_REQUESTED_PART_CONFIG_UNAVAILABLE"), Code(2025, "ESLURM_BAD_TASK_COUNT"),
                Code(2044, "ESLURM_INVALID_TASK_MEMORY"), Code(2069, "ESLURM_INVALID_CPU_COUNT"), Code(2111, "ESLURM_INVALID_CORE_CNT"),
                Code(2132, "ESLURM_BAD_THREAD_PER_CORE"), Code(2134, "ESLURM_INSUFFICIENT_GRES"),
                Code(2174, "ESLURM_RES_CORES_PER_GPU_UNIQUE"), Code(2175, "ESLURM_RES_CORES_PER_GPU_TOPO"),
                Code(2176, "ESLURM_RES_CORES_PER_GPU_NO"), Code(2178, "ESLURM_REQUESTED_TOPO_CONFIG_UNAVAILABLE"),
                Code(7200, "ESLURM_TOPO_ERROR_START"), Code(7201, "ESLURM_TOPO_REQ_NODES_NOT_AVAIL"),
                Code(7202, "ESLURM_TOPO_REQ_NODES_NO_MATCH_TOPO"), Code(7203, "ESLURM_TOPO_NO_FIT"),
                Code(7204, "ESLURM_TOPO_SEGMENT_NO_FIT"), Code(7206, "ESLURM_TOPO_WEIGHT_NO_FIT"), Code(7207, "ESLURM_TOPO_MAX_NODE_LIMIT"),
                Code(7208, "ESLURM_TOPO_EMPTY_NODE_MAP"), Code(7300, "ESLURM_TOPO_ERROR_END"),
            ]),
        Group(
            .never, Advice.requestBug,
            [
                Code(2007, "ESLURM_ERROR_ON_DESC_TO_RECORD_COPY", before: (26, 5)), Code(2008, "ESLURM_JOB_MISSING_SIZE_SPECIFICATION"),
                Code(2009, "ESLURM_JOB_SCRIPT_MISSING"), Code(2011, "ESLURM_DUPLICATE_JOB_ID"), Code(2026, "ESLURM_INVALID_JOB_CREDENTIAL"),
                Code(2110, "ESLURM_DUPLICATE_STEP_ID"), Code(2127, "ESLURM_ENVIRONMENT_MISSING"),
            ]),
        Group(
            .never, "make this user known on slurmctld's host (getent passwd)",
            [Code(2010, "ESLURM_USER_ID_MISSING"), Code(2165, "ESLURM_USER_ID_INVALID"), Code(2166, "ESLURM_USER_ID_UNKNOWN")]),
        Group(
            .never, "make this user's group known on slurmctld's host (getent group)",
            [
                Code(2113, "ESLURM_GROUP_ID_MISSING"), Code(2129, "ESLURM_RESERVATION_USER_GROUP"), Code(2163, "ESLURM_GROUP_ID_INVALID"),
                Code(2164, "ESLURM_GROUP_ID_UNKNOWN"),
            ]),
        Group(.never, "shorten the name or path: Slurm limits the length of each text", [Code(2012, "ESLURM_PATHNAME_TOO_LONG")]),
        Group(.never, Advice.requestBug, [Code(2063, "ESLURM_MISSING_WORK_DIR", since: (24, 11))]),
        Group(
            .never, "name features that `sinfo -o '%n %f'` shows (--constraint)",
            [
                Code(2029, "ESLURM_INVALID_FEATURE"), Code(2031, "ESLURM_ACTIVE_FEATURE_NOT_SUBSET"), Code(2114, "ESLURM_BATCH_CONSTRAINT"),
                Code(2121, "ESLURM_MULTI_KNL_CONSTRAINT"), Code(8001, "ESLURM_INVALID_KNL"),
            ]),
        Group(.never, "name features that `sinfo -o '%n %f'` shows (--prefer)", [Code(2133, "ESLURM_INVALID_PREFER")]),
        Group(.never, "name a wckey that `sacctmgr show wckeys` lists for you (--wckey)", [Code(2057, "ESLURM_INVALID_WCKEY")]),
        Group(.never, "name licenses that `scontrol show licenses` lists (--licenses)", [Code(2048, "ESLURM_INVALID_LICENSES")]),
        Group(
            .afterDelay, "the licenses are in use: see `scontrol show licenses`; it is tried again",
            [Code(2040, "ESLURM_LICENSES_UNAVAILABLE", since: (24, 11))]),
        Group(.never, "name generic resources that `sinfo -o '%n %G'` shows (--gres)", [Code(2072, "ESLURM_INVALID_GRES")]),
        Group(.never, "name a type that `sinfo -o '%n %G'` shows (--gres)", [Code(2119, "ESLURM_INVALID_GRES_TYPE")]),
        Group(.never, "name each generic resource once (--gres)", [Code(2102, "ESLURM_DUPLICATE_GRES")]),
        Group(.never, "ask for generic resources in another form (--gres for each node)", [Code(2122, "ESLURM_UNSUPPORTED_GRES")]),
        Group(
            .never, "name resources that the cluster has (scontrol show config, AccountingStorageTRES)",
            [Code(2115, "ESLURM_INVALID_TRES"), Code(2116, "ESLURM_INVALID_TRES_BILLING_WEIGHTS")]),
        Group(.never, "write a dependency as sbatch(1) shows, on jobs that exist (--dependency)", [Code(2038, "ESLURM_DEPENDENCY")]),
        Group(.never, "let no job depend on itself (--dependency)", [Code(2071, "ESLURM_CIRCULAR_DEPENDENCY")]),
        Group(
            .never, Advice.time,
            [Code(2051, "ESLURM_INVALID_TIME_LIMIT"), Code(2124, "ESLURM_INVALID_TIME_MIN_LIMIT"), Code(8000, "ESLURM_MISSING_TIME_LIMIT")]),
        Group(.never, "write a time that lies in the future (--begin, --deadline)", [Code(2054, "ESLURM_INVALID_TIME_VALUE")]),
        Group(.never, "write a nice value of 0 or more (--nice)", [Code(2123, "ESLURM_INVALID_NICE")]),
        Group(.never, "stay below MaxArraySize (scontrol show config)", [Code(2081, "ESLURM_INVALID_ARRAY")]),
        Group(.never, "name nodes that `sinfo -N` shows (--nodelist, --exclude)", [Code(2018, "ESLURM_INVALID_NODE_NAME")]),
        Group(.never, "name a label that you belong to (--mcs-label)", [Code(2099, "ESLURM_INVALID_MCS_LABEL")]),
        Group(
            .never, "name another distribution (--distribution)",
            [
                Code(2023, "ESLURM_BAD_DIST"), Code(2040, "ESLURM_TASKDIST_ARBITRARY_UNSUPPORTED", before: (24, 11)),
                Code(2041, "ESLURM_TASKDIST_REQUIRES_OVERCOMMIT", before: (24, 11)),
            ]),
        Group(
            .never, "write a burst buffer as the site's documentation shows (--bb)",
            [
                Code(2091, "ESLURM_INVALID_BURST_BUFFER_CHANGE"), Code(2092, "ESLURM_BURST_BUFFER_PERMISSION"),
                Code(2094, "ESLURM_INVALID_BURST_BUFFER_REQUEST"),
            ]),
        Group(.never, "write text that the site's plugin understands (--extra)", [Code(2171, "ESLURM_INVALID_EXTRA")]),
        Group(
            .never, "leave the option out: this cluster does not support it",
            [Code(2036, "ESLURM_NOT_SUPPORTED"), Code(2112, "ESLURM_X11_NOT_AVAIL"), Code(2126, "ESLURM_CONFIGLESS_DISABLED")]),
        Group(.never, "leave the option out: this cluster has it switched off", [Code(2037, "ESLURM_DISABLED")]),
        Group(
            .never, "see slurmctld's log: a plugin refused the request",
            [Code(8002, "ESLURM_PLUGIN_INVALID"), Code(8003, "ESLURM_PLUGIN_INCOMPLETE")]),
    ]
}
