import Foundation
import Testing

@testable import HPKKubelet

@Suite("Agent identity")
struct AgentIdentityTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("hpk-identity-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test("A restart has the same identity; another host with the same folder has another")
    func persists() throws {
        try withDirectory { directory in
            let first = try AgentIdentity.acquire(stateDirectory: directory, hostname: "a").text
            #expect(try AgentIdentity.acquire(stateDirectory: directory, hostname: "a").text == first)
            #expect(try AgentIdentity.acquire(stateDirectory: directory, hostname: "b").text != first)
            let mode = try FileManager.default.attributesOfItem(atPath: directory + "/identity")[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test("Two agents on one host cannot share a folder")
    func locked() throws {
        try withDirectory { directory in
            let first = try AgentIdentity.acquire(stateDirectory: directory, hostname: "a")
            let failure = #expect(throws: StartupFailure.self) { try AgentIdentity.acquire(stateDirectory: directory, hostname: "a") }
            #expect(failure?.status == .temporary)
            #expect(failure?.problem.contains(directory) == true)
            withExtendedLifetime(first) {}
        }
    }

    @Test("A damaged file is written anew", arguments: ["", "garbage\n", String(repeating: "x", count: 5000)])
    func damaged(content: String) throws {
        try withDirectory { directory in
            try content.write(toFile: directory + "/identity", atomically: true, encoding: .utf8)
            let text = try AgentIdentity.acquire(stateDirectory: directory, hostname: "a").text
            #expect(UUID(uuidString: String(text.dropFirst(2))) != nil)
            #expect(try AgentIdentity.acquire(stateDirectory: directory, hostname: "a").text == text)
        }
    }

    @Test("A folder that is not there is named")
    func missing() {
        let failure = #expect(throws: StartupFailure.self) { try AgentIdentity.acquire(stateDirectory: "/nowhere/at/all", hostname: "a") }
        #expect(failure?.status == .noInput)
        #expect(failure?.problem.contains("/nowhere/at/all/identity") == true)
    }
}
