import Foundation
import Glibc
import Kubernetes
import Synchronization

/// A real `hpk-kubelet` (a release build), run by the cluster's ordinary user with a state folder and a node of its own, for the time of
/// a benchmark.
public final class BenchAgent: Sendable {
    /// What went wrong with it.
    public struct Failure: Error, CustomStringConvertible {
        /// For people.
        public let description: String
    }

    /// The node that it is.
    public let nodeName: String
    /// The folder that `--working-dir` names.
    public let workingDirectory: String
    private let current: Mutex<Process>
    private let start: @Sendable () throws -> Process
    private let client: KubernetesClient
    private let logFile: String
    private var process: Process { current.withLock { $0 } }
    private let isWrapped: Bool

    /// Folder of the pods' directories, on what stands for the shared file system.
    public var podsDirectory: String { "\(workingDirectory)/.hpk/pods" }
    /// The state directory.
    public var stateDirectory: String { "\(workingDirectory)/.hpk" }
    /// The running program.
    public var observed: ObservedProcess { ObservedProcess(process.processIdentifier) }

    /// Starts an agent, lets the body use it when its node is ready, and stops it; its folder and its node are removed.
    ///
    /// - Parameters:
    ///   - arguments: further arguments of `hpk-kubelet run`.
    ///   - wrapper: a command that runs the agent as its last arguments (strace); it must become or end with the agent.
    public static func running<T>(
        on cluster: BenchCluster, client: KubernetesClient, logLevel: String = "warning",
        arguments: (_ workingDirectory: String) throws -> [String] = { _ in [] },
        wrapper: (_ workingDirectory: String) -> [String] = { _ in [] }, _ body: (BenchAgent) async throws -> T
    ) async throws -> T {
        let agent = try BenchAgent(cluster, client, logLevel: logLevel, arguments: arguments, wrapper: wrapper)
        do {
            try await agent.waitUntilReady()
            let value = try await body(agent)
            await agent.stop()
            return value
        } catch {
            let log = (try? String(contentsOfFile: agent.logFile, encoding: .utf8)) ?? ""
            await agent.stop()
            throw Failure(description: "\(error)\nthe agent's log ends with:\n\(log.suffix(3000))")
        }
    }

    private init(
        _ cluster: BenchCluster, _ client: KubernetesClient, logLevel: String, arguments: (String) throws -> [String],
        wrapper: (String) -> [String]
    ) throws {
        self.client = client
        let number = String(UInt32.random(in: .min ... .max), radix: 16)
        nodeName = "bench-\(number)"
        workingDirectory = "\(cluster.home)/bench-\(number)"
        logFile = "\(workingDirectory)/agent.log"
        let files = FileManager.default
        try files.createDirectory(atPath: workingDirectory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        guard files.createFile(atPath: logFile, contents: nil, attributes: [.posixPermissions: 0o600]) else {
            throw Failure(description: "cannot create \(logFile)")
        }
        let registry = cluster["HPK_CLUSTER_REGISTRY"]
        let wrapping = wrapper(workingDirectory)
        isWrapped = !wrapping.isEmpty
        let command =
            wrapping + [
                "\(cluster.programs)/hpk-kubelet", "run", "--nodename", nodeName, "--registry", "docker://\(registry)/",
                "--insecure-registry", registry, "--working-dir", workingDirectory, "--log-level", logLevel,
                "--kubelet-port", cluster["HPK_KUBELET_PORT"], "--supervisor-port", "0",
            ] + (try arguments(workingDirectory))
        let (folder, output, environment) = (workingDirectory, logFile, cluster.commandEnvironment)
        start = {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = command
            process.environment = environment
            process.currentDirectoryURL = URL(filePath: folder)
            let log = try FileHandle(forWritingTo: URL(filePath: output))
            try log.seekToEnd()
            process.standardOutput = log
            process.standardError = log
            process.standardInput = FileHandle.nullDevice
            try process.run()
            return process
        }
        current = Mutex(try start())
    }

    /// Kills the agent as a crash would, and starts it again.
    public func crash() throws {
        let old = process
        kill(old.processIdentifier, SIGKILL)
        old.waitUntilExit()
        let new = try start()
        current.withLock { $0 = new }
    }

    /// Waits until the agent's log has a line with these words that was not there before; the line.
    public func line(with words: String, after lines: Int, seconds: Double) async throws -> String {
        let deadline = Stopwatch.now + seconds
        while Stopwatch.now < deadline {
            let text = (try? String(contentsOfFile: logFile, encoding: .utf8)) ?? ""
            let found = text.split(separator: "\n").filter { $0.contains(words) }
            if found.count > lines, let last = found.last { return String(last) }
            guard process.isRunning else { throw Failure(description: "hpk-kubelet ended") }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Failure(description: "hpk-kubelet did not say '\(words)' within \(Int(seconds)) s")
    }

    private func waitUntilReady() async throws {
        let deadline = Stopwatch.now + 60
        while Stopwatch.now < deadline {
            guard process.isRunning else { throw Failure(description: "hpk-kubelet ended at once") }
            if let node = try? await client.get(Node.self, nodeName),
                node.status.conditions.contains(where: { $0.type == "Ready" && $0.status == "True" })
            {
                return
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Failure(description: "node \(nodeName) was not ready within 60 s")
    }

    private func stop() async {
        kill(agentID, SIGTERM)
        let deadline = Stopwatch.now + 20
        while process.isRunning, Stopwatch.now < deadline { try? await Task.sleep(for: .milliseconds(50)) }
        if process.isRunning {
            kill(agentID, SIGKILL)
            process.waitUntilExit()
        }
        try? await client.delete(Node.self, nodeName)
        try? await client.delete(Lease.self, nodeName, namespace: "kube-node-lease")
        try? FileManager.default.removeItem(atPath: workingDirectory)
    }

    /// The agent itself, where a wrapper runs it as its child.
    private var agentID: Int32 { (isWrapped ? observed.children.first?.id : nil) ?? process.processIdentifier }
}
