import CMesh
import Foundation
import Glibc
import Synchronization

/// A network namespace that lives as long as this object, held by a process of its own.
public final class NetworkNamespace: Sendable {
    private let lifeline = Pipe()
    /// The process that holds it.
    public let process: Int32

    /// Makes one, with the loopback device up. Needs root.
    public init() throws {
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        // It ends when this program does, however that comes about: then its standard input ends.
        holder.arguments = ["--net", "/bin/sh", "-c", "echo; exec cat"]
        holder.standardInput = lifeline
        let said = Pipe()
        holder.standardOutput = said
        try holder.run()
        process = holder.processIdentifier
        // The line comes from within.
        _ = said.fileHandleForReading.availableData
        try ip("link", "set", "lo", "up")
    }

    deinit { kill(process, SIGKILL) }

    /// Its file.
    public var path: String { "/proc/\(process)/ns/net" }

    /// Runs ip(8) in it.
    public func ip(_ arguments: String...) throws { _ = try run(["/usr/sbin/ip"] + arguments) }

    /// Starts a program in the namespace.
    public func start(_ command: [String]) throws -> (process: Process, output: Pipe) {
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/usr/bin/nsenter")
        program.arguments = ["--net=\(path)"] + command
        let output = Pipe()
        program.standardOutput = output
        program.standardError = output
        try program.run()
        return (program, output)
    }

    /// Ends a program at once. Threads of a pool block signals, and so do the programs that they start: TERM would do nothing.
    public static func end(_ program: Process) {
        guard program.isRunning else { return }
        kill(program.processIdentifier, SIGKILL)
        program.waitUntilExit()
    }

    /// A program failed.
    public struct Failed: Error, CustomStringConvertible {
        public let description: String
    }

    /// Runs a program in the namespace to its end, and gives what it says.
    public func run(_ command: [String]) throws -> String {
        let (program, output) = try start(command)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        program.waitUntilExit()
        guard program.terminationStatus == 0 else { throw Failed(description: "\(command.joined(separator: " ")): \(text)") }
        return text
    }

    /// Does something on a thread that is in the namespace.
    public func within<T: Sendable>(_ body: @escaping @Sendable () throws -> T) throws -> T {
        let result = Mutex<Result<T, any Error>?>(nil)
        let isDone = DispatchSemaphore(value: 0)
        let path = path
        Thread.detachNewThread {
            let outcome = Result {
                let number = open(path, O_RDONLY | O_CLOEXEC)
                defer { close(number) }
                guard number >= 0, hpk_mesh_enter(number) == 0 else { throw Failed(description: "cannot enter \(path)") }
                return try body()
            }
            result.withLock { $0 = outcome }
            isDone.signal()
        }
        isDone.wait()
        return try result.withLock { try $0?.get() } ?? { throw Failed(description: "nothing was done") }()
    }
}
