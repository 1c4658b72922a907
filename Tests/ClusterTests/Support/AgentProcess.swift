import Foundation
import Testing

/// A real `hpk-kubelet`, run by the cluster's ordinary user for the time of a test.
final class AgentProcess: @unchecked Sendable {
    // Safe: `process` is only touched by the one test that holds the agent; suites with agents are serialised.
    let cluster: ClusterEnvironment
    let arguments: [String]
    let environment: [String: String]
    let logFile: String
    private var process: Process?

    init(_ cluster: ClusterEnvironment, arguments: [String] = [], environment: [String: String] = [:]) {
        self.cluster = cluster
        self.arguments = arguments
        var variables = cluster.variables
        variables["HOME"] = cluster.home
        variables["USER"] = cluster.user
        variables["LOGNAME"] = cluster.user
        for name in variables.keys where name.hasPrefix("HPK_") { variables[name] = nil }
        self.environment = variables.merging(environment) { $1 }
        logFile = "\(cluster["HPK_LOG_DIR"])/agent-\(UUID().uuidString.prefix(8)).log"
    }

    /// Runs a body with an agent whose node is ready, and stops the agent afterwards.
    static func running<T>(
        arguments: [String] = [], environment: [String: String] = [:], _ body: (AgentProcess) async throws -> T
    ) async throws -> T {
        let agent = AgentProcess(try ClusterEnvironment.required(), arguments: arguments, environment: environment)
        try agent.start()
        do {
            try await agent.waitUntilReady()
            let value = try await body(agent)
            agent.stop()
            return value
        } catch {
            agent.stop()
            let log = (try? String(contentsOfFile: agent.logFile, encoding: .utf8)) ?? ""
            print("the agent's log \(agent.logFile) ends with:\n\(log.suffix(8000))")
            throw error
        }
    }

    var isRunning: Bool { process?.isRunning ?? false }

    /// The running agent's process id.
    var processID: Int32? { process?.processIdentifier }

    /// What the agent has logged so far, over all its runs.
    var log: String { (try? String(contentsOfFile: logFile, encoding: .utf8)) ?? "" }

    func start() throws {
        let program = "\(cluster.programs)/hpk-kubelet"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments =
            ["--reuid=\(cluster.user)", "--regid=\(cluster.user)", "--init-groups", program, "run"]
            + [
                "--registry", "docker://\(cluster.registry)/", "--working-dir", cluster.home, "--log-level", "info",
                "--insecure-registry", cluster.registry, "--insecure-registry", cluster["HPK_CLUSTER_PRIVATE_REGISTRY"],
                "--kubelet-port", cluster["HPK_KUBELET_PORT"], "--supervisor-port", "0",
            ] + arguments
        process.environment = environment
        process.currentDirectoryURL = URL(fileURLWithPath: cluster.home)
        if !FileManager.default.fileExists(atPath: logFile) { FileManager.default.createFile(atPath: logFile, contents: nil) }
        let log = try FileHandle(forWritingTo: URL(fileURLWithPath: logFile))
        try log.seekToEnd()
        process.standardOutput = log
        process.standardError = log
        process.standardInput = FileHandle.nullDevice
        try process.run()
        self.process = process
    }

    /// Waits until the node is ready, as the API server sees it, by this run of the agent.
    func waitUntilReady() async throws {
        let kubectl = Kubectl(cluster: cluster, namespace: "default")
        try await kubectl.eventually("node hpk-kubelet is Ready", seconds: 60) {
            guard self.isRunning else { throw TimedOut(what: "hpk-kubelet ended at once, see \(self.logFile)", seconds: 0) }
            let result = try kubectl.run(
                "get", "node", "hpk-kubelet", "-o", "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}")
            // The node of an earlier run still counts as ready for a while, so the agent itself is asked as well.
            guard result.output == "True" else { return false }
            return try kubectl.run("get", "--raw", "/api/v1/nodes/hpk-kubelet/proxy/healthz").status == 0
        }
    }

    /// Ends the agent as kill -9 does.
    func kill() {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Asks the agent to end, and waits for it.
    func stop() {
        guard let process, process.isRunning else { return }
        process.terminate()
        let deadline = Date(timeIntervalSinceNow: 20)
        while process.isRunning && Date() < deadline { usleep(50_000) }
        if process.isRunning {
            Issue.record("hpk-kubelet did not end within 20 s of TERM; its log is \(logFile)")
            kill()
        }
    }
}
