import Foundation
import Subprocess

/// Runs the programs that make and read images: Apptainer and unsquashfs. Never through a shell, always with a low priority.
struct CommandRunner: Sendable {
    /// Why a program gave no result.
    enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case notStarted(String)
        /// The end of what it printed, and how it ended.
        case failed(output: String, status: String)
        case timedOut(Duration)
        case cancelled

        var description: String {
            switch self {
            case .notStarted(let reason): reason
            case .failed(let output, let status): output.isEmpty ? "ended with \(status) and said nothing" : output
            case .timedOut(let limit): "not done after \(limit)"
            case .cancelled: "cancelled"
            }
        }
    }

    /// What every program is given, beside what the call adds. The agent's own environment may hold secrets and is not handed on.
    let environment: [String: String]
    private let clock: MonotonicClock

    /// - Parameter inherited: the agent's environment, of which only the search path, home, language and proxies are kept.
    init(inherited: [String: String] = ProcessInfo.processInfo.environment, clock: MonotonicClock = .system) {
        self.clock = clock
        let kept = [
            "PATH", "HOME", "LANG", "LC_ALL", "TZ", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
            "SSL_CERT_FILE", "SSL_CERT_DIR",
        ]
        var environment = inherited.filter { kept.contains($0.key) }
        if environment["PATH", default: ""].isEmpty { environment["PATH"] = "/usr/local/bin:/usr/bin:/bin" }
        self.environment = environment
    }

    /// Runs a program to its end and keeps the last of what it prints, both streams together.
    ///
    /// When the caller is cancelled or the time is over, the program's whole process group is ended: TERM, then KILL.
    func run(_ program: String, _ arguments: [String], environment extra: [String: String] = [:], timeLimit: Duration) async throws(Failure)
        -> String
    {
        do {
            return try await withThrowingTaskGroup(of: String?.self) { group in
                group.addTask { try await runToEnd(program, arguments, extra) }
                group.addTask {
                    try await clock.sleep(timeLimit)
                    return nil
                }
                defer { group.cancelAll() }
                guard let first = try await group.next(), let output = first else { throw Failure.timedOut(timeLimit) }
                return output
            }
        } catch {
            throw Self.failure(error)
        }
    }

    /// Runs a short program and gives its standard output; more than `limit` bytes is a failure.
    func output(of program: String, _ arguments: [String], limit: Int) async throws(Failure) -> [UInt8] {
        do {
            let result = try await Subprocess.run(
                .name("nice"), arguments: Self.niced(program, arguments), environment: values(), platformOptions: Self.options,
                input: .none,
                output: .bytes(limit: limit), error: .discarded)
            guard result.terminationStatus.isSuccess else { throw Failure.failed(output: "", status: "\(result.terminationStatus)") }
            return result.standardOutput
        } catch {
            throw Self.failure(error)
        }
    }

    private func runToEnd(_ program: String, _ arguments: [String], _ extra: [String: String]) async throws -> String {
        let result = try await Subprocess.run(
            .name("nice"), arguments: Self.niced(program, arguments), environment: values(extra), platformOptions: Self.options,
            input: .none,
            output: .sequence, error: .combinedWithOutput
        ) { execution in
            var tail: [UInt8] = []
            for try await piece in execution.standardOutput {
                piece.withUnsafeBytes { tail.append(contentsOf: $0) }
                if tail.count > 64 << 10 { tail.removeFirst(tail.count - (32 << 10)) }
            }
            return String(decoding: tail, as: UTF8.self)
        }
        guard result.terminationStatus.isSuccess else {
            throw Failure.failed(output: result.closureResult, status: "\(result.terminationStatus)")
        }
        return result.closureResult
    }

    /// Making a squashfs takes a whole processor for seconds; the agent's own work comes first.
    private static func niced(_ program: String, _ arguments: [String]) -> Arguments {
        Arguments(["-n", "10", "--", program] + arguments)
    }

    private static var options: PlatformOptions {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(3))]
        return options
    }

    private func values(_ extra: [String: String] = [:]) -> Environment {
        var values: [Environment.Key: String] = [:]
        for (name, value) in environment.merging(extra, uniquingKeysWith: { $1 }) {
            if let key = Environment.Key(rawValue: name) { values[key] = value }
        }
        return .custom(values)
    }

    private static func failure(_ error: any Error) -> Failure {
        if let failure = error as? Failure { return failure }
        return error is CancellationError || Task.isCancelled ? .cancelled : .notStarted(oneLine("\(error)", limit: 512))
    }
}
