import Foundation

/// What a command that ran to its end said.
public struct CommandOutput: Sendable {
    /// Exit code, or 128 and the signal.
    public var status: Int32
    /// Standard output.
    public var text: String
    /// Standard error.
    public var error: String

    /// Runs a command and waits for its end, on the calling thread: for commands that are quick, between measurements.
    ///
    /// - Throws: when it cannot be started.
    public static func run(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, input: String? = nil
    ) throws -> CommandOutput {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hpk-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        // Through files, so that a full pipe never stops the command.
        let files = ["in", "out", "err"].map { folder.appending(path: $0) }
        for (file, content) in zip(files, [input ?? "", "", ""]) { try Data(content.utf8).write(to: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        if let environment { process.environment = environment }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        process.waitUntilExit()
        return CommandOutput(
            status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
            text: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
            error: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
    }
}

/// A command that had to succeed did not.
public struct CommandFailed: Error, CustomStringConvertible {
    /// The command line.
    public let command: String
    /// What it said.
    public let output: CommandOutput

    /// The command, its exit code and its last words.
    public var description: String { "\(command) ended with \(output.status): \(output.error.suffix(1000))\(output.text.suffix(1000))" }
}
