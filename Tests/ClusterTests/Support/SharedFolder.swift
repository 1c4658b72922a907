import Foundation

/// A folder of the cluster's user that pods mount, and whose files show what ran.
struct SharedFolder: Sendable {
    let path: String

    init(_ cluster: ClusterEnvironment) throws {
        path = "\(cluster.home)/test-\(UUID().uuidString.prefix(8).lowercased())"
        let result = try Command.run("/usr/bin/install", ["-d", "-o", cluster.user, "-g", cluster.user, path])
        guard result.status == 0 else { throw CommandFailure(command: "install -d \(path)", result: result) }
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The lines of a file; none where the file is missing.
    func lines(of file: String) -> [String] {
        let text = (try? String(contentsOfFile: "\(path)/\(file)", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    var files: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}
