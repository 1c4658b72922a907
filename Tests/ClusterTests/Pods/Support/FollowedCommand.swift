import Foundation

/// A `kubectl` that goes on while the test looks at what it has written so far.
final class FollowedCommand: @unchecked Sendable {
    // Safe: `process` is started in init and afterwards only asked whether it runs, or ended, by the one test that holds this.
    private let process = Process()
    private let kubectl: Kubectl
    private let file: URL

    init(_ kubectl: Kubectl, _ arguments: String...) throws {
        self.kubectl = kubectl
        file = FileManager.default.temporaryDirectory.appendingPathComponent("hpk-test-\(UUID().uuidString)")
        try Data().write(to: file)
        var environment = kubectl.cluster.variables
        environment["KUBECONFIG"] = kubectl.cluster["HPK_ADMIN_KUBECONFIG"]
        process.executableURL = URL(fileURLWithPath: "\(kubectl.cluster.programs)/kubectl")
        process.arguments = ["--namespace", kubectl.namespace] + arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: file)
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        if process.isRunning { process.terminate() }
        try? FileManager.default.removeItem(at: file)
    }

    var isRunning: Bool { process.isRunning }

    func output() throws -> String { String(decoding: try Data(contentsOf: file), as: UTF8.self) }

    /// Waits until a text has come.
    func wait(for text: String, seconds: Double = 30) async throws {
        try await kubectl.eventually("the command writes \(text)", seconds: seconds) { try self.output().contains(text) }
    }

    /// Waits until the command ends by itself.
    func end(seconds: Double = 30) async throws {
        try await kubectl.eventually("the command ends", seconds: seconds) { !self.process.isRunning }
    }
}
