import Kubernetes
import PodProtocol
import Slurm
import Testing

@testable import HPKKubelet

@Suite("Containers as Slurm steps", .tags(.translation))
struct StepPlannerTests {
    struct Row: Sendable {
        var flags: String?
        var mpiFlags: String?
        var steps: StepPlan?
        /// Least and most nodes, tasks, tasks a node of the job.
        var size: [UInt32?]

        init(_ flags: String?, _ mpiFlags: String? = nil, _ steps: StepPlan?, _ size: UInt32?...) {
            self.flags = flags
            self.mpiFlags = mpiFlags
            self.steps = steps
            self.size = size
        }
    }

    static let parallel = StepPlan(kind: .parallel)

    static let rows = [
        Row(nil, nil, nil, 1, 1, 1, nil),
        Row("--partition=main --mem=1G", nil, nil, 1, 1, 1, nil),
        Row("--ntasks=1 --nodes=1", nil, nil, 1, 1, 1, nil),
        Row("--nodes=1", nil, nil, 1, 1, nil, nil),
        Row("--nodes=2 --ntasks=4", nil, parallel, 2, 2, 4, nil),
        Row("-N 2", nil, parallel, 2, 2, nil, nil),
        Row("-N 1-3", nil, parallel, 1, 3, nil, nil),
        Row("--ntasks=4", nil, parallel, 1, 1, 4, nil),
        Row("--ntasks-per-node=4", nil, parallel, 1, 1, nil, 4),
        Row("--ntasks=8 --ntasks-per-node=3", nil, parallel, 3, 3, 8, 3),
        Row("--ntasks=8 --ntasks-per-node=2 --nodes=4", nil, parallel, 4, 4, 8, 2),
        Row(nil, "", parallel, 1, 1, 1, nil),
        Row(nil, "-np 4 --mpi=pmi2", StepPlan(kind: .parallel, options: ["--ntasks=4", "--mpi=pmi2"]), 1, 1, 1, nil),
        Row("-N 2", "--mpi=pmix", StepPlan(kind: .parallel, options: ["--mpi=pmix"]), 2, 2, nil, nil),
    ]

    private static func pod(_ annotations: [String: String?]) -> Pod {
        Fixture.pod { $0.metadata.annotations = annotations.compactMapValues { $0 } }
    }

    @Test("follow from the pod's Slurm flags, and so does the job's size", arguments: rows)
    func table(row: Row) throws {
        let pod = Self.pod([JobPlanner.flagsAnnotation: row.flags, StepPlanner.mpiFlagsAnnotation: row.mpiFlags])
        #expect(try Fixture.build(pod).plan.steps == row.steps)
        let job = try JobPlanner.submission(pod: pod, settings: Fixture.settings(), podDirectory: "/shared/pods/1")
        #expect([job.minNodes, job.maxNodes, job.tasks, job.tasksPerNode.map(UInt32.init)] == row.size)
    }

    @Test("are asked for by the setting for every pod that is not parallel anyway")
    func setting() throws {
        let settings = Fixture.settings { $0.containerSteps = true }
        #expect(try Fixture.build(Fixture.pod(), settings: settings).plan.steps == StepPlan(kind: .accounted))
        let parallel = Self.pod([JobPlanner.flagsAnnotation: "-n 2"])
        #expect(try Fixture.build(parallel, settings: settings).plan.steps == Self.parallel)
    }

    @Test(
        "with bad flags fail the pod",
        arguments: [
            ("--output=/tmp/x", "--output"), ("/bin/sh -c id", "/bin/sh"), ("--mpi='pmi2", "no end"), ("--ntasks=many", "--ntasks"),
            ("--multi-prog", "--multi-prog"),
        ])
    func badFlags(flags: String, words: String) throws {
        let error = try #require(
            Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(Self.pod([StepPlanner.mpiFlagsAnnotation: flags])) })
        #expect(error.effect == .podFails(reason: "InvalidMPIFlags"))
        #expect(error.field == "metadata.annotations['slurm.hpk.io/mpi-flags']")
        #expect(error.message.contains(words), "\(error.message)")
    }

    @Test("on several nodes have the nodes' network")
    func network() throws {
        let settings = Fixture.settings { $0.defaultNetwork = .private }
        #expect(try Fixture.build(Self.pod([JobPlanner.flagsAnnotation: "-N 2"]), settings: settings).plan.network == .host)
        #expect(try Fixture.build(Self.pod([JobPlanner.flagsAnnotation: "-n 2"]), settings: settings).plan.network == .private)
        let wish = Self.pod([JobPlanner.flagsAnnotation: "-N 2", PlanBuilder.networkAnnotation: "private"])
        let error = try #require(Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(wish) })
        #expect(error.effect == .podFails(reason: "Unsupported"))
    }
}
