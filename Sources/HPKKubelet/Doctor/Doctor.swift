/// Looks at everything that the agent needs, each check on its own and for a limited time.
public struct Doctor: Sendable {
    /// One check.
    struct Check: Sendable {
        var name: String
        /// Longest time that it may take.
        var limit = Duration.seconds(15)
        var run: @Sendable () async -> DoctorFinding
    }

    private let configuration: KubeletConfiguration
    private let probes: DoctorProbes
    private let timeLimit: Duration?

    /// A doctor for one configuration.
    ///
    /// - Parameter timeLimit: replaces the checks' own limits; for tests.
    public init(_ configuration: KubeletConfiguration, probes: DoctorProbes, timeLimit: Duration? = nil) {
        self.configuration = configuration
        self.probes = probes
        self.timeLimit = timeLimit
    }

    /// Runs all checks side by side; findings come in the checks' order.
    public func examine() async -> DoctorReport {
        // libslurm is tried in a forked child, which holds copies of every open pipe while it lives: before any check starts a program.
        _ = await Self.run(
            Check(name: "libslurm") { [probes] in
                _ = try? await probes.slurmSetup()
                return DoctorFinding("libslurm", .ok, "")
            }, limit: timeLimit ?? .seconds(15))
        let checks =
            SlurmChecks(configuration: configuration, probes: probes).all + SandboxChecks(configuration: configuration, probes: probes).all
            + FileChecks(configuration: configuration, probes: probes).all + ServerChecks(configuration: configuration, probes: probes).all
        return await withTaskGroup(of: (Int, DoctorFinding).self) { group in
            for (index, check) in checks.enumerated() {
                group.addTask { (index, await Self.run(check, limit: timeLimit ?? check.limit)) }
            }
            var findings: [Int: DoctorFinding] = [:]
            for await (index, finding) in group { findings[index] = finding }
            return DoctorReport(findings: checks.indices.compactMap { findings[$0] })
        }
    }

    /// A check that does not heed its cancellation, as one within a C call, is left behind: the report does not wait for it.
    private static func run(_ check: Check, limit: Duration) async -> DoctorFinding {
        let (stream, continuation) = AsyncStream<DoctorFinding>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let work = Task {
            continuation.yield(await check.run())
            continuation.finish()
        }
        let timer = Task {
            try await Task.sleep(for: limit)
            continuation.yield(
                DoctorFinding(
                    check.name, .failure, "no answer within \(limit)",
                    advice: "Find out what hangs: a file system, a server or the network."))
            continuation.finish()
        }
        defer {
            work.cancel()
            timer.cancel()
        }
        for await finding in stream { return finding }
        return DoctorFinding(check.name, .failure, "the check was cancelled")
    }
}
