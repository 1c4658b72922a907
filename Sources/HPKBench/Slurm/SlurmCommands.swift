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
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<callers {
                let share = stride(from: caller, to: commands.count, by: callers).map { commands[$0] }
                group.addTask { try await onThread { for command in share { try run(command) } } }
            }
            try await group.waitForAll()
        }
        let wall = watch.seconds
        let used = ProcessUsage.now().since(usage)
        return Measurement(operations: commands.count, wallSeconds: wall, cpuSeconds: used.childrenCPUSeconds)
    }

    private static func run(_ command: [String]) throws {
        var words = command.map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        let code = hpk_run_command(words)
        guard code == 0 else { throw Failure(description: "\(command.joined(separator: " ")) ended with \(code)") }
    }

    private static func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
        }
    }
}
