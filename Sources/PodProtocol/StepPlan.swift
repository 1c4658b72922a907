/// Makes the pod's containers Slurm steps: each is started by `srun` in the pod's job, not by the supervisor itself.
public struct StepPlan: Codable, Sendable, Equatable {
    public enum Kind: String, Codable, Sendable {
        /// One step of one task a container, beside the supervisor, so that sites which account by step see it. The container is as it would
        /// be without.
        case accounted
        /// Every task of the job, on every node of it, runs the container's command; Slurm's and PMI's variables reach it.
        case parallel
    }

    public var kind: Kind
    /// Further options of `srun` for the containers, each a whole word (`--mpi=pmi2`), checked by the node agent.
    public var options: [String]

    public init(kind: Kind, options: [String] = []) {
        self.kind = kind
        self.options = options
    }
}
