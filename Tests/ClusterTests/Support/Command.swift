import Foundation

/// A command that was run to its end.
struct CommandResult: Sendable {
    var status: Int32
    var output: String
    var error: String
}

/// A command that failed although it had to succeed.
struct CommandFailure: Error, CustomStringConvertible {
    var command: String
    var result: CommandResult

    var description: String { "\(command) ended with \(result.status): \(result.error.suffix(2000)) \(result.output.suffix(2000))" }
}

/// Runs commands for tests.
enum Command {
    /// Runs a program to its end. Output goes through files, so that a full pipe never stops the command.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, input: String? = nil, directory: String? = nil
    ) throws -> CommandResult {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hpk-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ["in", "out", "err"].map { folder.appendingPathComponent($0) }
        for (file, text) in zip(files, [input ?? "", "", ""]) { try Data(text.utf8).write(to: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        if let environment { process.environment = environment }
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        process.waitUntilExit()
        return CommandResult(
            status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
            output: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
            error: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
    }
}
