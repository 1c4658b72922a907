import Foundation
import Slurm

/// The same containers as plain batch jobs, submitted through libslurm: what the machine can do without Kubernetes.
public struct BatchJobs: Sendable {
    /// How a job runs its container.
    public enum Style: String, Sendable {
        /// As a careful user does: nothing of the home folder or environment, nothing else.
        case plain
        /// With what a pod has besides: all ids mapped, and a writable root.
        case podLike

        /// Arguments of Apptainer before the image.
        var arguments: String {
            switch self {
            case .plain: "--silent exec --containall"
            case .podLike: "--silent exec --containall --fakeroot --writable-tmpfs"
            }
        }
    }

    /// Ends of jobs, as slurmctld pushes them.
    public actor Ends {
        private var ended: [JobID: Int64] = [:]
        private var waiting: (missing: Set<JobID>, continuation: CheckedContinuation<Void, Never>)?

        public init() {}

        /// Takes in pushes until the task is cancelled.
        public func follow(_ client: SlurmClient) async {
            for await push in client.pushes {
                guard push.kind == .complete else { continue }
                take(JobID(rawValue: push.number), at: WallClock.now)
            }
        }

        /// Returns when all the jobs have ended; gives the times.
        ///
        /// A lost push is made good by a query every few seconds.
        public func wait(for ids: Set<JobID>, client: SlurmClient) async -> [JobID: Int64] {
            let query = Task {
                while !Task.isCancelled {
                    try await Task.sleep(for: .seconds(5))
                    for record in try await client.jobs() where ids.contains(record.id) && record.state.isFinal {
                        self.take(record.id, at: WallClock.now)
                    }
                }
            }
            defer { query.cancel() }
            let missing = ids.subtracting(ended.keys)
            if !missing.isEmpty { await withCheckedContinuation { waiting = (missing, $0) } }
            return ended.filter { ids.contains($0.key) }
        }

        private func take(_ id: JobID, at time: Int64) {
            if ended[id] == nil { ended[id] = time }
            guard waiting?.missing.remove(id) != nil, waiting?.missing.isEmpty == true else { return }
            let continuation = waiting?.continuation
            waiting = nil
            continuation?.resume()
        }
    }

    /// The image file.
    public var image: String
    /// A folder for the jobs' output.
    public var folder: String
    /// Environment of the jobs.
    public var environment: [String: String]

    public init(image: String, folder: String, environment: [String: String]) {
        self.image = image
        self.folder = folder
        self.environment = environment
    }

    /// The batch script of one container.
    func script(_ style: Style) -> String {
        "#!/bin/sh\nexec apptainer \(style.arguments) \(image) true\n"
    }

    /// Submits all jobs at once, by four callers, and waits for their ends.
    public func run(_ count: Int, _ style: Style, client: SlurmClient, ends: Ends) async throws -> Measurement {
        let watch = Stopwatch()
        let begin = WallClock.now
        let ids = try await submit(count, script: script(style), client: client)
        let times = await ends.wait(for: Set(ids), client: client)
        return Measurement(
            operations: count, wallSeconds: watch.seconds,
            latencies: Distribution(times.values.compactMap { WallClock.seconds(begin, $0) }))
    }

    /// Submits the same script many times; `pace` are seconds between two submissions, 0 for all at once by four callers.
    public func submit(_ count: Int, script: String, client: SlurmClient, pace: Double = 0) async throws -> [JobID] {
        var job = JobSubmission(name: "hpk-bench", script: script, environment: environment, workingDirectory: folder)
        job.standardOutput = "\(folder)/%j.out"
        job.memory = .perNode(megabytes: 64)
        job.pushEndpoint = client.pushEndpoint
        let submission = job
        if pace > 0 {
            var ids: [JobID] = []
            for _ in 0..<count {
                ids.append(try await client.submit(submission))
                try await Task.sleep(for: .seconds(pace))
            }
            return ids
        }
        return try await withThrowingTaskGroup(of: [JobID].self) { group in
            for caller in 0..<4 {
                let share = count / 4 + (caller < count % 4 ? 1 : 0)
                group.addTask {
                    var ids: [JobID] = []
                    for _ in 0..<share { ids.append(try await client.submit(submission)) }
                    return ids
                }
            }
            return try await group.reduce(into: [JobID]()) { $0 += $1 }
        }
    }
}
