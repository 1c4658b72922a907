import Foundation
import Kubernetes
import Slurm

/// What the checks ask of the world, one closure each, so that every broken thing can be tried without breaking it.
public struct DoctorProbes: Sendable {
    /// slurmctld and its cluster, as far as the checks look.
    public struct SlurmCluster: Sendable {
        /// Each controller and, when it did not answer, why.
        public var controllers: [(host: String, problem: String?)]
        public var partitions: [Partition]
        public var usableNodes: Int
        public var unusableNodes: Int
        /// Host names of the compute nodes.
        public var hostnames: Set<String>

        /// One partition.
        public struct Partition: Sendable {
            public var name: String
            public var isUp: Bool
            public var isDefault: Bool
            public var nodes: Int
        }
    }

    /// One right that is asked for.
    public struct AccessQuestion: Sendable, Hashable {
        public var verb: String
        /// `resource` or `resource/subresource`.
        public var resource: String
        public var group = ""
        public var namespace: String?
    }

    /// A mounted file system.
    public struct FileSystem: Sendable, Equatable {
        /// As in /proc/mounts: `ext4`, `nfs4`, `lustre`.
        public var type: String
        public var freeBytes: UInt64
    }

    /// The kubelet port's certificate.
    public struct ServingCertificate: Sendable {
        /// Seconds since 1970.
        public var notAfter: Int64
        /// Whether it is good for the kubelet address.
        public var coversAddress: Bool
    }

    public var now: @Sendable () -> Date
    public var userName: @Sendable () -> String
    public var userID: @Sendable () -> UInt32
    public var hostname: @Sendable () -> String
    // Slurm
    public var slurmVersions: @Sendable () -> (compiled: String, runtime: String?, fits: Bool)
    /// Everything that is checked before libslurm is started in this process, which a bad slurm.conf would end.
    public var slurmSetup: @Sendable () async throws -> SlurmSetup
    public var slurmCluster: @Sendable () async throws -> SlurmCluster
    // Host
    /// Path of a program; nil when PATH has none.
    public var find: @Sendable (String) -> String?
    /// Runs a program to its end and returns what it printed; throws with its words when it fails.
    public var run: @Sendable (String, [String]) async throws -> String
    /// 0, or errno of access(2) for reading and writing.
    public var accessError: @Sendable (String) -> Int32
    /// Text of a file; nil when it cannot be read.
    public var text: @Sendable (String) -> String?
    /// Mode bits; nil when there is no such file.
    public var mode: @Sendable (String) -> UInt32?
    /// Makes a file in the folder, runs it when asked to, and removes it.
    public var tryFolder: @Sendable (String, _ runsProgram: Bool) async throws -> FileSystem
    // API server
    public var connection: @Sendable () throws -> ClusterConnection
    /// The server's version and the time in its Date header.
    public var server: @Sendable () async throws -> (version: String, date: Date?)
    public var allowed: @Sendable (AccessQuestion) async throws -> Bool
    // Kubelet port
    public var certificate: @Sendable (_ certificate: String, _ key: String, _ address: String) throws -> ServingCertificate
    /// Whether an agent runs now with the configuration's state directory.
    public var agentRuns: @Sendable () -> Bool
    /// 0, or errno of bind(2).
    public var bindError: @Sendable (_ address: String, _ port: Int) -> Int32
}
