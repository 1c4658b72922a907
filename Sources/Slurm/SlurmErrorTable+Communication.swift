/// Failures on the way to slurmctld.
extension SlurmErrorTable {
    static let communication: [Group] = [
        Group(.never, "nothing: what is known is still true", [Code(1900, "SLURM_NO_CHANGE_IN_DATA")]),
        Group(
            .never, "compare the versions of libslurm and slurmctld (scontrol version)",
            [
                Code(1000, "SLURM_UNEXPECTED_MSG_ERROR"), Code(1006, "SLURM_PROTOCOL_IO_STREAM_VERSION_ERROR"),
                Code(1008, "SLURM_PROTOCOL_INSANE_MSG_LENGTH"),
            ]),
        Group(
            .never, "libslurm and slurmctld are too far apart: install the libslurm of the cluster's release",
            [Code(1005, "SLURM_PROTOCOL_VERSION_ERROR")]),
        Group(
            .never, "the cluster wants TLS: set TLSType and its certificates in this host's slurm.conf",
            [Code(13000, "ESLURM_TLS_REQUIRED")]),
        Group(
            .never, Advice.plugin,
            [
                Code(1009, "SLURM_MPI_PLUGIN_NAME_INVALID"), Code(1010, "SLURM_MPI_PLUGIN_PRELAUNCH_SETUP_FAILED"),
                Code(1011, "SLURM_PLUGIN_NAME_INVALID"), Code(7400, "ESLURM_LUA_INVALID_STATE"), Code(7401, "ESLURM_LUA_INVALID_SYNTAX"),
                Code(7402, "ESLURM_LUA_FUNC_NOT_FOUND"), Code(7403, "ESLURM_LUA_FUNC_INVALID_RC"), Code(7404, "ESLURM_LUA_FUNC_FAILED"),
                Code(7405, "ESLURM_LUA_FUNC_FAILED_RUNTIME_ERROR"), Code(7406, "ESLURM_LUA_FUNC_FAILED_ENOMEM"),
                Code(7407, "ESLURM_LUA_FUNC_FAILED_GARBAGE_COLLECTOR"), Code(7408, "ESLURM_LUA_INVALID_CONVERSION_TYPE"),
                Code(8004, "ESLURM_PLUGIN_NOT_LOADED"), Code(8005, "ESLURM_PLUGIN_NOTFOUND"), Code(8006, "ESLURM_PLUGIN_ACCESS_ERROR"),
                Code(8007, "ESLURM_PLUGIN_DLOPEN_FAILED"), Code(8008, "ESLURM_PLUGIN_INIT_FAILED"),
                Code(8009, "ESLURM_PLUGIN_MISSING_NAME"), Code(8010, "ESLURM_PLUGIN_BAD_VERSION"),
            ]),
        Group(
            .whenReachable, Advice.munge,
            [
                Code(1007, "SLURM_PROTOCOL_AUTHENTICATION_ERROR"), Code(6000, "ESLURM_AUTH_CRED_INVALID"),
                Code(6001, "ESLURM_AUTH_FOPEN_ERROR", before: (24, 11)), Code(6001, "ESLURM_AUTH_EXPIRED", since: (24, 11)),
                Code(6002, "ESLURM_AUTH_NET_ERROR"), Code(6003, "ESLURM_AUTH_UNABLE_TO_SIGN"), Code(6004, "ESLURM_AUTH_BADARG"),
                Code(6005, "ESLURM_AUTH_MEMORY"), Code(6006, "ESLURM_AUTH_INVALID"), Code(6007, "ESLURM_AUTH_UNPACK"),
                Code(6008, "ESLURM_AUTH_SKIP"), Code(6009, "ESLURM_AUTH_UNABLE_TO_GENERATE_TOKEN"), Code(6010, "ESLURM_AUTH_NOBODY"),
                Code(6011, "ESLURM_AUTH_SOCKET_INVALID_PEER"),
            ]),
        Group(
            .whenReachable, "\(Advice.reach); \(Advice.munge)", mayHaveBeenApplied: true,
            [Code(1013, "SLURM_COMMUNICATIONS_MISSING_SOCKET_ERROR")]),
        Group(
            .whenReachable, Advice.reach,
            [
                Code(1001, "SLURM_COMMUNICATIONS_CONNECTION_ERROR"), Code(1012, "SLURM_UNKNOWN_FORWARD_ADDR"),
                Code(1021, "SLURM_COMMUNICATIONS_CONNECT_TIMEOUT"), Code(1800, "SLURMCTLD_COMMUNICATIONS_CONNECTION_ERROR"),
            ]),
        Group(
            .whenReachable, Advice.busy, mayHaveBeenApplied: true,
            [
                Code(1019, "SLURM_COMMUNICATIONS_REJECTED"), Code(1804, "SLURMCTLD_COMMUNICATIONS_BACKOFF"),
                Code(1805, "SLURMCTLD_COMMUNICATIONS_HARD_DROP"), Code(4034, "ESLURMD_TOO_MANY_RPCS"),
            ]),
        Group(
            .whenReachable, Advice.reach, mayHaveBeenApplied: true,
            [
                Code(1002, "SLURM_COMMUNICATIONS_SEND_ERROR"), Code(1003, "SLURM_COMMUNICATIONS_RECEIVE_ERROR"),
                Code(1004, "SLURM_COMMUNICATIONS_SHUTDOWN_ERROR"), Code(1014, "SLURM_COMMUNICATIONS_INVALID_INCOMING_FD"),
                Code(1015, "SLURM_COMMUNICATIONS_INVALID_OUTGOING_FD"), Code(1016, "SLURM_COMMUNICATIONS_INVALID_FD"),
                Code(1017, "SLURM_BLOCKED_ON_READ"), Code(1018, "SLURM_BLOCKED_ON_WRITE"),
                Code(1020, "SLURM_COMMUNICATIONS_QUIESCE_TIMEOUT"), Code(1022, "SLURM_COMMUNICATIONS_WRITE_TIMEOUT"),
                Code(1023, "SLURM_COMMUNICATIONS_READ_TIMEOUT"), Code(1801, "SLURMCTLD_COMMUNICATIONS_SEND_ERROR"),
                Code(1802, "SLURMCTLD_COMMUNICATIONS_RECEIVE_ERROR"), Code(1803, "SLURMCTLD_COMMUNICATIONS_SHUTDOWN_ERROR"),
                Code(5000, "SLURM_PROTOCOL_SOCKET_IMPL_ZERO_RECV_LENGTH"), Code(5001, "SLURM_PROTOCOL_SOCKET_IMPL_NEGATIVE_RECV_LENGTH"),
                Code(5002, "SLURM_PROTOCOL_SOCKET_IMPL_NOT_ALL_DATA_SENT"), Code(5003, "ESLURM_PROTOCOL_INCOMPLETE_PACKET"),
                Code(5004, "SLURM_PROTOCOL_SOCKET_IMPL_TIMEOUT"), Code(5005, "SLURM_PROTOCOL_SOCKET_ZERO_BYTES_SENT"),
            ]),
        Group(
            .whenReachable, "only a backup controller answered; it is tried again",
            [
                Code(2027, "ESLURM_IN_STANDBY_MODE"), Code(2041, "ESLURM_TAKEOVER_NO_HEARTBEAT", since: (24, 11)),
                Code(2131, "ESLURM_IN_STANDBY_USE_BACKUP"),
            ]),
    ]
}
