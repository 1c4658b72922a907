import Foundation

/// A child process that answers each line with a line.
final class ObservedChild: Sendable {
    private let input: FileHandle
    private let output: FileHandle
    private let queue = DispatchQueue(label: "hpk-bench.child")

    /// Starts the program; it ends when its input does.
    init(program: String, environment: [String: String]) throws {
        let process = Process()
        let (toChild, fromChild) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: program)
        process.environment = environment
        process.standardInput = toChild
        process.standardOutput = fromChild
        try process.run()
        input = toChild.fileHandleForWriting
        output = fromChild.fileHandleForReading
    }

    /// Writes a line and returns the next one without its end; what there is when the child ends.
    func exchange(_ line: String) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [input, output] in
                continuation.resume(
                    with: Result {
                        try input.write(contentsOf: Data(line.utf8))
                        var answer = Data()
                        while let bytes = try output.read(upToCount: 1), !bytes.isEmpty, bytes != Data("\n".utf8) { answer += bytes }
                        return String(decoding: answer, as: UTF8.self)
                    })
            }
        }
    }

    func end() { try? input.close() }
}
