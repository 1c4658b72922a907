import CBench
import Foundation
import Glibc

/// Slurm's commands as subprocesses, one after the other or by several callers at a time.
struct SlurmCommands: Sendable {
    /// A command that had to succeed did not.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a command once for each list of arguments; `callers` threads share the lists.
    ///
    /// - Returns: wall time, and the processor time of the children.
    static func run(_ commands: [[String]], callers: Int = 1) async throws -> Measurement {
        let usage = ProcessUsage.now()
        let watch = Stopwatch()
        let latencies = try await withThrowingTaskGroup(of: [Double].self) { group in
            for caller in 0..<callers {
                let share = stride(from: caller, to: commands.count, by: callers).map { commands[$0] }
                group.addTask {
                    try await onThread {
                        try share.map { command in
                            let watch = Stopwatch()
                            try run(command)
                            return watch.seconds
                        }
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let wall = watch.seconds
        let used = ProcessUsage.now().since(usage)
        return Measurement(
            operations: commands.count, wallSeconds: wall, cpuSeconds: used.childrenCPUSeconds,
            latencies: Distribution(latencies))
    }

    private static func run(_ command: [String]) throws {
        var words = command.map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        let code = hpk_run_command(words)
        guard code == 0 else { throw Failure(description: "\(command.joined(separator: " ")) ended with \(code)") }
    }

    private static func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<T, any Error>) in
            Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
        }
    }
}
