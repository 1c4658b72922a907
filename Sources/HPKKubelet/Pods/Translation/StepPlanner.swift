import Kubernetes
import PodProtocol
import Slurm

/// Decides whether a pod's containers run as Slurm steps over several tasks or nodes, and with which options of srun.
///
/// A pod is parallel when its Slurm flags ask for more than one node or task, or when it bears ``mpiFlagsAnnotation``.
struct StepPlanner {
    /// Annotation with options in srun's notation for the containers' steps.
    static let mpiFlagsAnnotation = "slurm.hpk.io/mpi-flags"

    private let options: SrunOptions?
    private let isParallel: Bool
    /// The job may get more than one node.
    private let mayHaveSeveralNodes: Bool
    private let asksForPrivateNetwork: Bool

    /// - Throws: ``TranslationError`` that fails the pod for flags of either annotation.
    init(pod: Pod) throws(TranslationError) {
        let annotations = pod.metadata.annotations
        asksForPrivateNetwork = annotations[PlanBuilder.networkAnnotation] == NetworkMode.private.rawValue
        var size = JobSubmission(name: "size", comment: "", script: "", environment: [:], workingDirectory: "/")
        size.minNodes = 1
        size.maxNodes = 1
        size.tasks = 1
        if let text = annotations[JobPlanner.flagsAnnotation] {
            let flags = try Self.read("InvalidSlurmFlags", JobPlanner.flagsAnnotation) { () throws(FlagError) in try SbatchFlags.parse(text)
            }
            flags.apply(to: &size)
            Self.settleSize(of: &size, flags)
        }
        if let text = annotations[Self.mpiFlagsAnnotation] {
            options = try Self.read("InvalidMPIFlags", Self.mpiFlagsAnnotation) { () throws(FlagError) in try SrunOptions.parse(text) }
        } else {
            options = nil
        }
        mayHaveSeveralNodes = (size.minNodes ?? 1) > 1 || (size.maxNodes ?? .max) > 1
        isParallel = options != nil || mayHaveSeveralNodes || (size.tasks ?? 1) > 1 || (size.tasksPerNode ?? 1) > 1
    }

    private static func read<T>(
        _ reason: String, _ annotation: String, _ parse: () throws(FlagError) -> T
    ) throws(TranslationError) -> T {
        do {
            return try parse()
        } catch {
            throw TranslationError(.podFails(reason: reason), field: "metadata.annotations['\(annotation)']", message: "\(error)")
        }
    }

    /// How the containers are started; nil where the supervisor does it itself.
    func plan(_ settings: PlanSettings) -> StepPlan? {
        if isParallel { return StepPlan(kind: .parallel, options: options?.words ?? []) }
        return settings.containerSteps ? StepPlan(kind: .accounted) : nil
    }

    /// The pod's network: on several nodes it is the nodes' own.
    func network(_ wanted: NetworkMode) throws(TranslationError) -> NetworkMode {
        guard mayHaveSeveralNodes, wanted == .private else { return wanted }
        guard !asksForPrivateNetwork else {
            throw .unsupported(
                "metadata.annotations['\(PlanBuilder.networkAnnotation)']", "a pod on several nodes has the nodes' own network: use host")
        }
        return .host
    }

    /// Completes what the flags say about nodes and tasks, as sbatch would: one task a node where only nodes are named, and as many nodes
    /// as the tasks need where only tasks and tasks a node are. Otherwise a pod stays on one node.
    static func settleSize(of job: inout JobSubmission, _ flags: SbatchFlags) {
        let named = Set(flags.options.map(\.name))
        if !named.contains("ntasks"), named.contains("nodes") || named.contains("ntasks-per-node") { job.tasks = nil }
        guard named.contains("ntasks"), !named.contains("nodes"), let tasks = job.tasks, let perNode = job.tasksPerNode, perNode > 0 else {
            return
        }
        let nodes = (tasks + UInt32(perNode) - 1) / UInt32(perNode)
        job.minNodes = nodes
        job.maxNodes = nodes
    }
}
