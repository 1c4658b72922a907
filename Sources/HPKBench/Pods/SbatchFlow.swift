import Foundation

/// A model of the flow that HPK's first implementation has: one `sbatch` process a pod, one after the other, and files with exit codes
/// that are looked at every five seconds.
///
/// It is kind to that flow: one Apptainer a pod (no sandbox around it), no request to an API server, and a look costs nothing.
public struct SbatchFlow: Sendable {
    /// Seconds between two looks at the files.
    public static let pollSeconds = 5.0

    /// Image file, working folder and environment.
    public var jobs: BatchJobs

    public init(_ jobs: BatchJobs) {
        self.jobs = jobs
    }

    /// Seconds from `now` to the next look.
    ///
    /// - Parameter phase: seconds of the clock at which some look takes place.
    static func untilNextLook(_ now: Double, phase: Double) -> Double {
        let since = (now - phase).truncatingRemainder(dividingBy: pollSeconds)
        return pollSeconds - (since < 0 ? since + pollSeconds : since)
    }

    /// All pods at once; the looks fall at any moment, as the burst comes at any moment.
    public func burst(_ count: Int, phase: Double = Stopwatch.now + Double.random(in: 0..<pollSeconds)) async throws -> Measurement {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let watch = Stopwatch()
        let usage = ProcessUsage.now()
        for index in 0..<count { try await submit(index, in: folder) }
        let cpu = ProcessUsage.now().since(usage).childrenCPUSeconds
        let seen = try await poll(Set((0..<count).map { "\($0)" }), in: folder, phase: phase, watch: watch)
        return Measurement(operations: count, wallSeconds: watch.seconds, cpuSeconds: cpu, latencies: Distribution(seen))
    }

    /// Pods of which each is created when the end of the one before it was seen, as the steps of a workflow are.
    public func chain(_ count: Int) async throws -> Measurement {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let phase = Stopwatch.now + Double.random(in: 0..<Self.pollSeconds)
        let watch = Stopwatch()
        var latencies: [Double] = []
        for index in 0..<count {
            let own = Stopwatch()
            try await submit(index, in: folder)
            latencies += try await poll(["\(index)"], in: folder, phase: phase, watch: own)
        }
        return Measurement(operations: count, wallSeconds: watch.seconds, latencies: Distribution(latencies))
    }

    private func makeFolder() throws -> String {
        let folder = "\(jobs.folder)/sbatch-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    /// Looks at the files until each pod has its own; gives the seconds of each pod's sight.
    private func poll(_ names: Set<String>, in folder: String, phase: Double, watch: Stopwatch) async throws -> [Double] {
        var missing = names
        var seen: [Double] = []
        while !missing.isEmpty {
            try await Task.sleep(for: .seconds(Self.untilNextLook(Stopwatch.now, phase: phase)))
            let found = missing.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0).exitCode") }
            missing.subtract(found)
            seen += found.map { _ in watch.seconds }
            guard watch.seconds < 600 else { throw PodWatch.Failure(description: "\(missing.count) jobs left no exit code in 600 s") }
        }
        return seen
    }

    private func submit(_ index: Int, in folder: String) async throws {
        let script = "\(folder)/\(index).sh"
        let text = """
            #!/bin/sh
            #SBATCH --job-name=hpk-bench --mem=64 --signal=B:TERM@60 --output=\(folder)/\(index).out
            apptainer \(BatchJobs.Style.plain.arguments) \(jobs.image) true
            echo $? > \(folder)/\(index).exitCode

            """
        try Data(text.utf8).write(to: URL(filePath: script))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["sbatch", script]
        process.environment = jobs.environment
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { ended in
                if ended.terminationStatus == 0 { return continuation.resume() }
                continuation.resume(throwing: PodWatch.Failure(description: "sbatch ended with \(ended.terminationStatus)"))
            }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
    }
}
