import Foundation

/// A folder that is gone after the test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "kubernetes-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and gives its path.
    @discardableResult
    func write(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
        let file = "\(path)/\(name)"
        if mode & 0o111 == 0 {
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        } else {
            // Another process makes the file: a fork of another test in between would inherit our descriptor, and the kernel refuses to
            // run a file that somebody has open for writing.
            try Data(text.utf8).write(to: URL(fileURLWithPath: file + ".text"))
            let copy = try Process.run(URL(fileURLWithPath: "/bin/cp"), arguments: [file + ".text", file])
            copy.waitUntilExit()
        }
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        return file
    }
}
