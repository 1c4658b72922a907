import Foundation
import Logging
import Testing

@testable import Slurm

extension Tag {
    /// Runs against a real Slurm.
    @Tag static var slurm: Self
}

/// The real Slurm that live tests use: the one that `HPK_CLUSTER_ENV` (a file of the development cluster) or `SLURM_CONF` names.
enum LiveSlurm {
    static let reason: Comment = "no Slurm to test against: set HPK_CLUSTER_ENV to the development cluster's env file, or SLURM_CONF"

    /// Variables of the cluster's env file, over those of this process.
    static let environment: [String: String] = {
        var variables = ProcessInfo.processInfo.environment
        guard let path = variables["HPK_CLUSTER_ENV"], let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            return variables
        }
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let equals = line.firstIndex(of: "="), !line[..<equals].isEmpty else { continue }
            let name = String(line[..<equals])
            // PATH is written in terms of itself.
            if name != "PATH" { variables[name] = String(line[line.index(after: equals)...]).replacing("\\", with: "") }
        }
        return variables
    }()

    static var configurationFile: String? { environment["SLURM_CONF"] }
    static var isAvailable: Bool { configurationFile != nil }

    /// slurmctld limits this user's requests: `rl_enable`, from which it exempts root.
    static let limitsRate: Bool = {
        guard getuid() != 0, let path = configurationFile, let file = try? SlurmConfigurationFile(path: path) else { return false }
        return file.value("SlurmctldParameters")?.contains("rl_enable") == true
    }()

    /// One client for all tests of this process.
    private static let shared = Task { try await makeClient() }

    static func client() async throws -> SlurmClient { try await shared.value }

    static func makeClient(_ change: (inout SlurmConfiguration) -> Void = { _ in }) async throws -> SlurmClient {
        var configuration = SlurmConfiguration(configurationFile: configurationFile, threads: 4)
        change(&configuration)
        var logger = Logger(label: "test")
        logger.logLevel = .error
        return try await SlurmClient(configuration: configuration, logger: logger)
    }

    /// A job that runs `body` in a shell, on one CPU, with little memory.
    static func job(_ body: String, _ change: (inout JobSubmission) -> Void = { _ in }) -> JobSubmission {
        var job = JobSubmission(name: "hpk-slurm-test", comment: UUID().uuidString, script: "#!/bin/sh\n\(body)\n")
        job.memory = .perNode(megabytes: 16)
        job.timeLimit = .minutes(5)
        change(&job)
        return job
    }

    /// Runs a Slurm command and gives its output.
    static func run(_ command: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [command] + arguments
        process.environment = environment.filter { !$0.key.hasPrefix("SBATCH_") }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.standardError
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandFailed(command: command, arguments: arguments, status: process.terminationStatus)
        }
        return String(decoding: data, as: UTF8.self)
    }

    struct CommandFailed: Error {
        let command: String
        let arguments: [String]
        let status: Int32
    }
}

extension SlurmClient {
    /// Asks for the job until `condition` holds. Slurm pushes ends, but no beginnings, so this has to ask.
    func wait(for id: JobID, _ condition: (JobRecord) -> Bool) async throws -> JobRecord {
        for _ in 0..<600 {
            let record = try #require(try await job(id))
            if condition(record) { return record }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Timeout(what: "job \(id): \(String(describing: try await job(id)?.state))")
    }

    struct Timeout: Error {
        let what: String
    }
}

/// The first push about `id` that `condition` lets pass, within 30 s.
func firstPush(_ pushes: AsyncStream<JobPush>, about id: JobID, where condition: @escaping @Sendable (JobPush) -> Bool = { _ in true })
    async throws -> JobPush
{
    try await withThrowingTaskGroup(of: JobPush?.self) { group in
        group.addTask {
            for await push in pushes where push.number == id.rawValue && condition(push) { return push }
            return nil
        }
        group.addTask {
            try await Task.sleep(for: .seconds(30))
            return nil
        }
        defer { group.cancelAll() }
        guard let push = try await group.next() ?? nil else { throw SlurmClient.Timeout(what: "push about job \(id)") }
        return push
    }
}
