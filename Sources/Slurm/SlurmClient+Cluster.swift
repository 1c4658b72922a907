import CSlurm

extension SlurmClient {
    /// One slurmctld, first the primary, then the backups in slurm.conf's order.
    public struct ControllerStatus: Sendable, Equatable {
        /// Host name, as slurm.conf writes it.
        public var host: String
        /// nil when it answered.
        public var error: SlurmError?
        /// It answered.
        public var isUp: Bool { error == nil }
    }

    /// All nodes.
    ///
    /// - Throws: `SlurmError`.
    public func nodes() async throws -> [NodeRecord] {
        try await request(.urgent) { try SlurmMessages.nodes() }
    }

    /// All partitions.
    ///
    /// - Throws: `SlurmError`.
    public func partitions() async throws -> [PartitionRecord] {
        try await request(.urgent) { try SlurmMessages.partitions() }
    }

    /// What the usable nodes have together.
    ///
    /// - Throws: `SlurmError`.
    public func totals() async throws -> ClusterTotals {
        ClusterTotals(try await nodes())
    }

    /// slurmctld's settings: version, limits and waiting times.
    ///
    /// - Throws: `SlurmError`.
    public func settings() async throws -> ClusterSettings {
        try await request(.urgent) { try SlurmMessages.settings() }
    }

    /// slurmctld's statistics: requests by type and user, schedulers, counts of jobs. Every user may ask for them.
    ///
    /// - Throws: `SlurmError`.
    public func statistics() async throws -> SlurmStatistics {
        try await request(.urgent) { try SlurmMessages.statistics() }
    }

    /// Sets slurmctld's statistics to zero. Only operators and administrators of Slurm may.
    ///
    /// - Throws: `SlurmError`, for an ordinary user `ESLURM_ACCESS_DENIED`.
    public func resetStatistics() async throws {
        try await request(.urgent) {
            let code = hpk_slurm_reset_statistics()
            guard code == 0 else { throw SlurmError(code: code, operation: "reset slurmctld's statistics") }
        }
    }

    /// Asks each controller whether it is there. One that does not answer takes up to `MessageTimeout`.
    ///
    /// - Throws: `CancellationError`, or a `SlurmError` when the client was shut down.
    public func ping() async throws -> [ControllerStatus] {
        let hosts = setup.controllers.map(\.name)
        return try await request(.urgent) {
            hosts.enumerated().map { index, host in
                let code = hpk_slurm_ping(Int32(index))
                return ControllerStatus(host: host, error: code == 0 ? nil : SlurmError(code: code, operation: "ping \(host)"))
            }
        }
    }
}
