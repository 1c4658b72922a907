import CSlurm
import Glibc
import Testing

@testable import Slurm

@Suite("Records of the cluster")
struct ClusterRecordsTests {
    /// A C copy of `text` that lives as long as the test program.
    private static func copy(_ text: String) -> UnsafeMutablePointer<CChar>? { strdup(text) }

    @Test("of an association give each limit at its place, and none where none is set")
    func association() {
        var info = slurmdb_assoc_rec_t()
        (info.acct, info.user, info.partition, info.max_tres_pj) = (Self.copy("ab"), Self.copy("me"), Self.copy("main"), Self.copy("1=16"))
        (info.is_def, info.max_jobs, info.max_submit_jobs, info.max_wall_pj) = (1, 10, 20, 30)
        (info.grp_jobs, info.grp_submit_jobs) = (Sentinel.notSet, Sentinel.infinite)
        let limits = AssociationLimits(decoding: &info)
        #expect(limits.account == "ab" && limits.user == "me" && limits.partition == "main" && limits.isDefault)
        #expect(limits.maxJobs == 10 && limits.maxSubmitJobs == 20 && limits.maxWallMinutes == 30 && limits.maxTRESPerJob == "1=16")
        #expect(limits.groupJobs == nil && limits.groupSubmitJobs == nil)
        for text in [info.acct, info.user, info.partition, info.max_tres_pj] { free(text) }
    }

    @Test("of a partition say who may use it")
    func partition() {
        var info = partition_info_t()
        (info.allow_accounts, info.deny_qos, info.qos_char) = (Self.copy("a,b"), Self.copy("low"), Self.copy("night"))
        (info.min_nodes, info.max_cpus_per_node, info.priority_tier, info.grace_time) = (2, Sentinel.infinite, 7, 60)
        info.flags = .init(hpk_slurm_partition_wants_reservation())
        let record = PartitionRecord(decoding: &info)
        #expect(record.allowedAccounts == ["a", "b"] && record.deniedAccounts.isEmpty && record.allowedQOS == nil)
        #expect(record.deniedQOS == ["low"] && record.qos == "night" && record.allowedGroups == nil && record.wantsReservation)
        #expect(record.minNodes == 2 && record.maxCPUsPerNode == nil && record.priorityTier == 7 && record.graceTimeSeconds == 60)
        for text in [info.allow_accounts, info.deny_qos, info.qos_char] { free(text) }
    }
}

@Suite("Records of the cluster, live", .tags(.slurm), .enabled(if: LiveSlurm.isAvailable, LiveSlurm.reason), .timeLimit(.minutes(1)))
struct ClusterRecordsLiveTests {
    @Test("say how nodes are built and who may use partitions")
    func live() async throws {
        let client = try await LiveSlurm.client()
        let nodes = try await client.nodes()
        #expect(!nodes.isEmpty && nodes.allSatisfy { $0.sockets > 0 && $0.coresPerSocket > 0 && $0.threadsPerCore > 0 })
        let partitions = try await client.partitions()
        #expect(partitions.contains { $0.isDefault && !$0.wantsReservation && $0.priorityTier > 0 })
        // The development cluster has no accounting: there are no associations, and that is no error.
        #expect(try await client.associations(ofUser: "nobody").isEmpty)
    }
}
