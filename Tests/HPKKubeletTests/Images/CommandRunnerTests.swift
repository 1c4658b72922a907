import Testing

@testable import HPKKubelet

@Suite struct CommandRunnerTests {
    @Test("A program gets the search path, home and proxies of the agent, and none of its secrets")
    func environment() async throws {
        let runner = CommandRunner(inherited: [
            "PATH": "/usr/bin:/bin", "HOME": "/h", "https_proxy": "p", "AWS_SECRET": "hunter2", "KUBECONFIG": "k",
        ])
        let output = try await runner.run("env", [], environment: ["EXTRA": "e"], timeLimit: .seconds(30))
        #expect(Set(output.split(separator: "\n")) == ["PATH=/usr/bin:/bin", "HOME=/h", "https_proxy=p", "EXTRA=e"])
    }

    @Test("Arguments reach the program as they are, and a failure carries its words")
    func arguments() async throws {
        let runner = CommandRunner()
        let hostile = ["$(id)", "a b", "'", "\"", ";", "--", "-n", "*"]
        #expect(try await runner.run("printf", ["%s|"] + hostile, timeLimit: .seconds(30)) == hostile.map { $0 + "|" }.joined())
        let error = await #expect(throws: CommandRunner.Failure.self) {
            try await runner.run("sh", ["-c", "echo out; echo err >&2; exit 3"], timeLimit: .seconds(30))
        }
        #expect(error == .failed(output: "out\nerr\n", status: "exited(3)"))
    }

    @Test("A program that takes too long is ended, with its children", .timeLimit(.minutes(1)))
    func timeLimit() async throws {
        // The pipe stays open while a child lives, so the call would not return before.
        let error = await #expect(throws: CommandRunner.Failure.self) {
            try await CommandRunner().run("sh", ["-c", "sleep 600 & wait"], timeLimit: .milliseconds(100))
        }
        #expect(error == .timedOut(.milliseconds(100)))
    }

    @Test("A cancelled call ends its program", .timeLimit(.minutes(1)))
    func cancellation() async throws {
        let task = Task { () async throws in try await CommandRunner().run("sleep", ["600"], timeLimit: .seconds(600)) }
        task.cancel()
        let result = await task.result
        #expect(throws: CommandRunner.Failure.cancelled) { try result.get() }
    }

    @Test("A program that is not there is an error that names it")
    func missing() async throws {
        let error = await #expect(throws: CommandRunner.Failure.self) {
            try await CommandRunner().run("no-such-program", [], timeLimit: .seconds(30))
        }
        #expect(error?.description.contains("no-such-program") == true)
    }

    @Test("Output over the limit is a failure, not a flood")
    func flood() async throws {
        await #expect(throws: CommandRunner.Failure.self) { try await CommandRunner().output(of: "yes", [], limit: 1000) }
    }
}
