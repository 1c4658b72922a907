/// Requests that do not fit the state of the cluster or of a job.
extension SlurmErrorTable {
    static let states: [Group] = [
        Group(
            .afterDelay, "the nodes are busy; it is tried again",
            [
                Code(2016, "ESLURM_NODES_BUSY"), Code(2035, "ESLURM_FRAGMENTATION"), Code(2059, "ESLURM_PORTS_BUSY"),
                Code(2079, "ESLURM_INTERCONNECT_BUSY"), Code(2177, "ESLURM_MAX_POWERED_NODES"), Code(2179, "ESLURM_PREEMPTION_REQUIRED"),
                Code(7205, "ESLURM_TOPO_INSUFFICIENT_RESOURCES"),
            ]),
        Group(
            .afterDelay, "the nodes are down, drained or starting: see `sinfo -R`; it is tried again",
            [Code(2022, "ESLURM_INTERCONNECT_FAILURE"), Code(2068, "ESLURM_NODE_NOT_AVAIL"), Code(2120, "ESLURM_REBOOT_IN_PROGRESS")]),
        Group(.afterDelay, "nothing is free now; it is tried again", [Code(2078, "ESLURM_CAN_NOT_START_IMMEDIATELY")]),
        Group(.afterDelay, "the partition takes no jobs now: see `sinfo -s`", [Code(2070, "ESLURM_PARTITION_NOT_AVAIL")]),
        Group(.afterDelay, "the partition is down: see `sinfo -s`", [Code(2101, "ESLURM_PARTITION_DOWN")]),
        Group(
            .afterDelay, Advice.limit,
            [
                Code(2050, "ESLURM_ACCOUNTING_POLICY"), Code(2074, "ESLURM_QOS_THRES"), Code(2076, "ESLURM_STEP_LIMIT"),
                Code(2093, "ESLURM_BURST_BUFFER_LIMIT"), Code(7005, "ESLURM_OVER_ALLOCATE"),
            ]),
        Group(
            .afterDelay, "slurmctld holds MaxJobCount jobs; it is tried again when some have ended",
            [Code(2007, "ESLURM_MAX_JOB_COUNT", since: (26, 5))]),
        Group(.afterDelay, "the administrator has stopped submissions; it is tried again", [Code(2105, "ESLURM_SUBMISSIONS_DISABLED")]),
        Group(.afterDelay, "jobs of higher priority wait; it is tried again", [Code(2013, "ESLURM_NOT_TOP_PRIORITY")]),
        Group(
            .afterDelay, "slurmctld put it off; it is tried again",
            [
                Code(2100, "ESLURM_BURST_BUFFER_WAIT"), Code(2125, "ESLURM_DEFER"), Code(2188, "ESLURM_STEP_QUEUED"),
                Code(7015, "ESLURM_ROLLUP_IN_PROGRESS"), Code(7105, "ESLURM_FED_JOB_LOCK"),
            ]),
        Group(
            .never, Advice.reservation,
            [
                Code(2052, "ESLURM_RESERVATION_ACCESS"), Code(2053, "ESLURM_RESERVATION_INVALID"), Code(2058, "ESLURM_RESERVATION_OVERLAP"),
                Code(2080, "ESLURM_RESERVATION_EMPTY"), Code(2082, "ESLURM_RESERVATION_NAME_DUP"), Code(2104, "ESLURM_RSV_ALREADY_STARTED"),
                Code(2109, "ESLURM_CORE_RESERVATION_UPDATE"), Code(2128, "ESLURM_RESERVATION_NO_SKIP"),
            ]),
        Group(.afterDelay, "the nodes are reserved; it is tried again", [Code(2055, "ESLURM_RESERVATION_BUSY")]),
        Group(.afterDelay, "the reservation has not begun or is over", [Code(2056, "ESLURM_RESERVATION_NOT_USABLE")]),
        Group(.afterDelay, "the nodes are under maintenance; it is tried again", [Code(2118, "ESLURM_RESERVATION_MAINT")]),
        Group(
            .afterDelay, "the job is between two states; it is tried again",
            [
                Code(2020, "ESLURM_TRANSITION_STATE_NO_UPDATE"), Code(2103, "ESLURM_JOB_SETTING_DB_INX"),
                Code(2172, "ESLURM_JOB_SIGNAL_FAILED"),
            ]),
        Group(.afterDelay, "the job has not started: it can be cancelled, not signalled", [Code(2024, "ESLURM_JOB_PENDING")]),
        Group(.afterDelay, "the job does not run: it can be cancelled, not signalled", [Code(2085, "ESLURM_JOB_NOT_RUNNING")]),
        Group(.afterDelay, "the job is suspended: see `scontrol resume`", [Code(2077, "ESLURM_JOB_SUSPENDED")]),
        Group(.afterDelay, "the job is held: see `scontrol release`", [Code(2042, "ESLURM_JOB_HELD")]),
        Group(.afterDelay, "the job is being set up; it is tried again", [Code(2061, "ESLURM_PROLOG_RUNNING")]),
        Group(
            .never, "look at the state of the job (scontrol show job): the request does not fit it",
            [
                Code(2039, "ESLURM_BATCH_ONLY"), Code(2073, "ESLURM_JOB_NOT_PENDING"), Code(2083, "ESLURM_JOB_STARTED"),
                Code(2086, "ESLURM_JOB_NOT_PENDING_NOR_RUNNING"), Code(2087, "ESLURM_JOB_NOT_SUSPENDED"),
                Code(2088, "ESLURM_JOB_NOT_FINISHED"), Code(2096, "ESLURM_CANNOT_MODIFY_CRON_JOB"),
                Code(2098, "ESLURM_CANNOT_CANCEL_CRON_JOB"), Code(2160, "ESLURM_JOB_TIMEOUT_KILLED"),
                Code(2161, "ESLURM_JOB_NODE_FAIL_KILLED"), Code(2181, "ESLURM_INVALID_JOB_STATE"),
            ]),
        Group(
            .never, Advice.requestBug,
            [
                Code(2062, "ESLURM_NO_STEPS"), Code(2064, "ESLURM_STEPS_DRAINED", since: (26, 5)), Code(2106, "ESLURM_NOT_HET_JOB"),
                Code(2107, "ESLURM_NOT_HET_JOB_LEADER"), Code(2108, "ESLURM_NOT_WHOLE_HET_JOB"), Code(2135, "ESLURM_INVALID_CONTAINER_ID"),
                Code(2136, "ESLURM_EMPTY_JOB_ID"), Code(2137, "ESLURM_INVALID_JOB_ID_ZERO"), Code(2138, "ESLURM_INVALID_JOB_ID_NEGATIVE"),
                Code(2139, "ESLURM_INVALID_JOB_ID_TOO_LARGE"), Code(2140, "ESLURM_INVALID_JOB_ID_NON_NUMERIC"),
                Code(2141, "ESLURM_EMPTY_JOB_ARRAY_ID"), Code(2142, "ESLURM_INVALID_JOB_ARRAY_ID_NEGATIVE"),
                Code(2143, "ESLURM_INVALID_JOB_ARRAY_ID_TOO_LARGE"), Code(2144, "ESLURM_INVALID_JOB_ARRAY_ID_NON_NUMERIC"),
                Code(2145, "ESLURM_INVALID_HET_JOB_AND_ARRAY"), Code(2146, "ESLURM_EMPTY_HET_JOB_COMP"),
                Code(2147, "ESLURM_INVALID_HET_JOB_COMP_NEGATIVE"), Code(2148, "ESLURM_INVALID_HET_JOB_COMP_TOO_LARGE"),
                Code(2149, "ESLURM_INVALID_HET_JOB_COMP_NON_NUMERIC"), Code(2150, "ESLURM_EMPTY_STEP_ID"),
                Code(2151, "ESLURM_INVALID_STEP_ID_NEGATIVE"), Code(2152, "ESLURM_INVALID_STEP_ID_TOO_LARGE"),
                Code(2153, "ESLURM_INVALID_STEP_ID_NON_NUMERIC"), Code(2154, "ESLURM_EMPTY_HET_STEP"),
                Code(2155, "ESLURM_INVALID_HET_STEP_ZERO"), Code(2156, "ESLURM_INVALID_HET_STEP_NEGATIVE"),
                Code(2157, "ESLURM_INVALID_HET_STEP_TOO_LARGE"), Code(2158, "ESLURM_INVALID_HET_STEP_NON_NUMERIC"),
                Code(2159, "ESLURM_INVALID_HET_STEP_JOB"), Code(2162, "ESLURM_EMPTY_LIST"), Code(2173, "ESLURM_SIGNAL_JOBS_INVALID"),
                Code(2185, "ESLURM_INVALID_SLUID"), Code(2186, "ESLURM_EXTERN_ONLY"), Code(2189, "ESLURM_INVALID_EXTERNAL_JOB"),
            ]),
        Group(
            .afterDelay, "see slurmctld's log; it is tried again",
            [Code(2090, "ESLURM_INTERNAL"), Code(2095, "ESLURM_PRIO_RESET_FAIL"), Code(7013, "ESLURM_NO_RPC_STATS")]),
        Group(.afterDelay, "slurmctld cannot write its state: check the disk of StateSaveLocation", [Code(2019, "ESLURM_WRITING_TO_FILE")]),
        Group(
            .afterDelay, "slurmdbd does not answer slurmctld; it is tried again",
            [Code(7000, "ESLURM_DB_CONNECTION"), Code(7008, "ESLURM_DB_CONNECTION_INVALID")]),
    ]
}
