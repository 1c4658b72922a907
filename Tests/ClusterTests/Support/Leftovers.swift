import Foundation
import Testing

/// What may be left of pods that are gone: jobs, folders, processes.
struct Leftovers: Sendable {
    let cluster: ClusterEnvironment
    let namespace: String
    /// UIDs of the pods that were there.
    let uids: [String]

    /// Each thing that is left, in words.
    func found() throws -> [String] {
        let jobs = try SlurmCommands(cluster: cluster).unfinishedJobs(namespace: namespace).map { "job \($0.id) \($0.name) \($0.state)" }
        let folders = uids.filter { FileManager.default.fileExists(atPath: "\(cluster.home)/.hpk/pods/\($0)") }.map { "folder of \($0)" }
        let processes = RunningProcess.all.filter { process in
            process.arguments.contains { argument in uids.contains { argument.contains($0) } }
        }
        return jobs + folders + processes.map { "process \($0.id) \($0.arguments.prefix(4))" }
    }

    /// Waits until nothing is left; what is left after that time is an issue of the test.
    func mustVanish(seconds: Double = 20) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var left = try found()
        while !left.isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(300))
            left = try found()
        }
        #expect(left.isEmpty, "left of the pods of \(namespace)")
    }
}

extension SlurmCommands {
    /// Jobs of a namespace's pods that Slurm has not ended yet.
    func unfinishedJobs(namespace: String) throws -> [(id: String, name: String, state: String)] {
        try jobs(namespace: namespace).filter { ["PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING"].contains($0.state) }
    }

    /// The jobs of a namespace's pods that have ended, as Slurm's own log of ended jobs has them: states by id, `123_4` for a task of an
    /// array. A job that ended twice has two states.
    func endedJobs(namespace: String) throws -> [String: [String]] {
        let log = (cluster["SLURM_CONF"] as NSString).deletingLastPathComponent + "/completed-jobs.log"
        var states: [String: [String]] = [:]
        for line in try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n") {
            let fields = Dictionary(
                line.split(separator: " ").compactMap { field -> (String, String)? in
                    let parts = field.split(separator: "=", maxSplits: 1)
                    return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
                }, uniquingKeysWith: { first, _ in first })
            guard let name = fields["Name"], name.hasPrefix(namespace + "/") else { continue }
            let task = fields["ArrayJobId"].flatMap { array in fields["ArrayTaskId"].map { "\(array)_\($0)" } }
            states[task ?? fields["JobId"] ?? "", default: []].append(fields["JobState"] ?? "")
        }
        return states
    }
}
