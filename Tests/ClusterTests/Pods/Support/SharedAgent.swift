import Testing

/// One running agent and one namespace that all tests of a suite share: starting both for each test would take longer than the tests.
struct SharedAgent: Sendable {
    @TaskLocal static var current: SharedAgent?

    let agent: AgentProcess
    let kubectl: Kubectl

    var cluster: ClusterEnvironment { kubectl.cluster }
    var slurm: SlurmCommands { SlurmCommands(cluster: cluster) }

    /// The agent of the suite that the test belongs to.
    static func required() throws -> SharedAgent {
        try #require(current, "the suite lacks the trait .sharedAgent")
    }

    /// Folder below which the agent takes local images.
    static func imageFolder(_ cluster: ClusterEnvironment) -> String { "\(cluster.home)/allowed-images" }
}

/// Starts the agent before the first test of a suite, and ends it after the last.
struct SharedAgentTrait: SuiteTrait, TestScoping {
    var isRecursive: Bool { false }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let cluster = try ClusterEnvironment.required()
        let arguments = ["--log-level", "debug", "--image-path", SharedAgent.imageFolder(cluster)]
        try await AgentProcess.running(arguments: arguments) { agent in
            try await Kubectl.withNamespace("pods") { kubectl in
                try await SharedAgent.$current.withValue(SharedAgent(agent: agent, kubectl: kubectl)) { try await function() }
            }
        }
    }
}

extension Trait where Self == SharedAgentTrait {
    /// The suite's tests use ``SharedAgent``.
    static var sharedAgent: Self { SharedAgentTrait() }
}
