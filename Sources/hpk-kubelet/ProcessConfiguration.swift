import Foundation
import HPKKubelet

/// The configuration of this process: its file, environment and flags.
enum ProcessConfiguration {
    static func load(_ flags: SettingFlags) throws -> LoadedConfiguration {
        let environment = ProcessInfo.processInfo.environment
        let loader = ConfigurationLoader(
            environment: environment, currentDirectory: FileManager.default.currentDirectoryPath, programDirectory: programDirectory)
        var file: ConfigurationFile?
        if let path = flags.config ?? environment["HPK_CONFIG"].flatMap({ $0.isEmpty ? nil : $0 }) {
            file = try ConfigurationFile.read(path, currentDirectory: loader.currentDirectory)
        }
        return try loader.load(file: file, flags: flags.values)
    }

    /// Folder of the running executable, links resolved.
    private static var programDirectory: String? {
        guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return nil }
        return URL(fileURLWithPath: path).deletingLastPathComponent().path
    }
}
