import Slurm

/// What was last heard of Slurm.
public struct SlurmObservation: Sendable, Equatable {
    /// The usable nodes together, from the last answer; nil before the first.
    public var totals: ClusterTotals?
    /// slurm.conf's `ClusterName`; empty before the first answer.
    public var clusterName = ""
    /// Whether the last request was answered.
    public var isReachable = false
    /// Why not, in Slurm's words; empty while it is.
    public var problem = "not asked yet"

    /// Nothing heard yet.
    public init() {}

    /// An answer.
    public init(totals: ClusterTotals, clusterName: String) {
        self.totals = totals
        self.clusterName = clusterName
        isReachable = true
        problem = ""
    }

    /// The same with the news that a request failed: what was known of the nodes stays.
    public func failing(_ problem: String) -> SlurmObservation {
        var copy = self
        copy.isReachable = false
        copy.problem = problem
        return copy
    }
}

/// Names under which Kubernetes knows Slurm's generic resources.
public enum ExtendedResources {
    /// All that this agent knows.
    public static let names = ["nvidia.com/gpu", "amd.com/gpu"]

    /// Words in the type of a `gpu` gres that tell AMD's products; every other one counts as NVIDIA's.
    private static let amdWords = [
        "amd", "radeon", "instinct", "gfx", "mi50", "mi60", "mi100", "mi200", "mi210", "mi250", "mi300", "mi325", "mi350",
    ]

    /// `nvidia.com/gpu` and `amd.com/gpu` out of the cluster's `gpu` gres; resources of which there are none are left out.
    public static func gpus(_ gres: GresCounts) -> [String: UInt64] {
        let all = gres.byName["gpu"] ?? 0
        let amd = gres.byType.filter { $0.key.hasPrefix("gpu:") && isAMD($0.key.dropFirst(4)) }
            .reduce(UInt64(0)) { $0.addingReportingOverflow($1.value).overflow ? .max : $0 + $1.value }
        return ["nvidia.com/gpu": all > amd ? all - amd : 0, "amd.com/gpu": min(amd, all)].filter { $0.value > 0 }
    }

    /// The gres that a job asks for by each name. Where both vendors' devices are there, the type tells them apart, as long as a vendor has
    /// only one: Slurm knows no "one of these types", so a vendor of several is asked for as `gpu`, and a flag of the pod can be more exact.
    public static func gres(_ counts: GresCounts) -> [String: String] {
        let types = counts.byType.filter { $0.key.hasPrefix("gpu:") && $0.value > 0 }.keys
        let amd = types.filter { isAMD($0.dropFirst(4)) }
        let others = types.filter { !isAMD($0.dropFirst(4)) }
        guard !amd.isEmpty, (gpus(counts)["nvidia.com/gpu"] ?? 0) > 0 else { return ["nvidia.com/gpu": "gpu", "amd.com/gpu": "gpu"] }
        return [
            "nvidia.com/gpu": others.count == 1 ? others[0] : "gpu", "amd.com/gpu": amd.count == 1 ? amd[0] : "gpu",
        ]
    }

    private static func isAMD(_ type: Substring) -> Bool {
        let type = type.lowercased()
        return amdWords.contains { type.hasPrefix($0) }
    }
}
