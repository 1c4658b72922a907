import Foundation
import Logging
import Slurm

/// Submit, query and cancel by the Slurm library, by plain C on the same libslurm, and by Slurm's commands. All jobs are held: they ask
/// slurmctld alone, and no node.
public struct SlurmBenchmark: Sendable {
    /// How much is done.
    public struct Settings: Sendable {
        /// Rounds; each contender is measured once a round.
        public var rounds = 7
        /// Jobs that the library and C submit, and cancel, in a measurement.
        public var jobs = 400
        /// Commands in a measurement.
        public var commands = 60
        /// Tasks of an array.
        public var arrayTasks = 1000
        /// Jobs in Slurm's queue for the queries.
        public var queued = [1000, 10_000]
        /// Queries in a measurement.
        public var queries = 5

        public init() {}
    }

    /// The contenders.
    enum Contender: String, CaseIterable {
        case library = "Slurm library"
        case plainC = "plain C"
        case commands = "commands"
        case unchanged = "Slurm library, nothing changed"
    }

    static let logger = Logger(label: "hpk-bench") { _ in SwiftLogNoOpLogHandler() }

    let cluster: BenchCluster
    let settings: Settings
    let say: @Sendable (String) -> Void

    /// - Parameter say: takes a line for people on what goes on.
    public init(cluster: BenchCluster, settings: Settings, say: @escaping @Sendable (String) -> Void) {
        self.cluster = cluster
        self.settings = settings
        self.say = say
    }

    /// Measures everything, and leaves no job behind.
    public func run(_ report: inout BenchmarkReport) async throws {
        let client = try await SlurmClient(
            configuration: SlurmConfiguration(threads: 4, listensForPushes: false), logger: Self.logger)
        let jobs = HeldJobs(client: client)
        let plain = try PlainC(cluster: cluster)
        do {
            var results = SlurmResults(settings: settings)
            try await jobs.cancelAll()
            // The queries come first: slurmctld remembers the jobs of the other parts for a while after their cancellation.
            for count in settings.queued {
                say("\(count) jobs into the queue")
                try await jobs.fill(to: count)
                results.queries.append((count, try await jobs.count(), try await queries(jobs, plain)))
            }
            try await jobs.cancelAll()
            results.submitOne = try await submissions(callers: 1, jobs, plain)
            results.submitFour = try await submissions(callers: 4, jobs, plain)
            results.array = try await arrays(jobs, plain)
            results.cancel = try await cancellations(jobs, plain)
            results.fill(&report)
        } catch {
            plain.end()
            try? await jobs.cancelAll()
            await client.shutdown()
            throw error
        }
        plain.end()
        try await jobs.cancelAll()
        await client.shutdown()
    }

    private func rounds(
        _ what: String, _ contenders: [(Contender, @Sendable (Int) async throws -> Measurement)]
    ) async throws -> RoundResults {
        say(what)
        return try await InterleavedRounds(
            rounds: settings.rounds, contenders.map { InterleavedRounds.Contender($0.0.rawValue, measure: $0.1) }
        ).run()
    }

    private func submissions(callers: Int, _ jobs: HeldJobs, _ plain: PlainC) async throws -> RoundResults {
        let settings = settings
        let command = ["sbatch", "--quiet", "--hold", "--job-name=hpk-bench", "--output=/dev/null", "--chdir=/", "--wrap=exit 0"]
        return try await rounds(
            "submit, \(callers == 1 ? "one caller" : "\(callers) callers")",
            [
                (.library, { _ in try await jobs.thenCancelled { try await jobs.submit(settings.jobs, callers: callers) } }),
                (.plainC, { _ in try await jobs.thenCancelled { try await plain.order("submit \(callers) \(settings.jobs)") } }),
                (
                    .commands,
                    { _ in
                        try await jobs.thenCancelled {
                            try await SlurmCommands.run(Array(repeating: command, count: settings.commands), callers: callers)
                        }
                    }
                ),
            ])
    }

    private func arrays(_ jobs: HeldJobs, _ plain: PlainC) async throws -> RoundResults {
        let tasks = settings.arrayTasks
        return try await rounds(
            "an array of \(tasks)",
            [
                (.library, { _ in try await jobs.thenCancelled { try await jobs.submitArray(tasks) } }),
                (.plainC, { _ in try await jobs.thenCancelled { try await plain.order("array \(tasks)") } }),
            ])
    }

    private func cancellations(_ jobs: HeldJobs, _ plain: PlainC) async throws -> RoundResults {
        let settings = settings
        return try await rounds(
            "cancel",
            [
                (
                    .library,
                    { _ in
                        _ = try await jobs.submit(settings.jobs, callers: 4)
                        return try await jobs.cancelOneByOne()
                    }
                ),
                (
                    .plainC,
                    { _ in
                        _ = try await plain.order("submit 4 \(settings.jobs)")
                        return try await plain.order("cancel")
                    }
                ),
                (
                    .commands,
                    { _ in
                        _ = try await jobs.submit(settings.commands, callers: 4)
                        return try await SlurmCommands.run(await jobs.takeIDs().map { ["scancel", "\($0)"] })
                    }
                ),
            ])
    }

    private func queries(_ jobs: HeldJobs, _ plain: PlainC) async throws -> RoundResults {
        let (count, user) = (settings.queries, cluster.user)
        return try await rounds(
            "query",
            [
                (.library, { _ in try await jobs.query(count) }),
                (.unchanged, { _ in try await jobs.queryUnchanged(count * 10) }),
                (.plainC, { _ in try await plain.order("query \(count)") }),
                (
                    .commands,
                    { _ in
                        let command = ["squeue", "--noheader", "--all", "--user=\(user)", "--format=%i %T"]
                        return try await SlurmCommands.run(Array(repeating: command, count: max(1, count / 2)))
                    }
                ),
            ])
    }
}
