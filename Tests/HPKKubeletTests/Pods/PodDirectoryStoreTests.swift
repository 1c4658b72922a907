import Foundation
import NIOPosix
import PodProtocol
import Slurm
import Testing

@testable import HPKKubelet

@Suite("Pods' directories")
struct PodDirectoryStoreTests {
    private static let settings = ConnectionSettings(endpoints: ["h:1"], certificateAuthority: "c", serverName: "s", token: "t")

    private static func plan(_ uid: String) -> LaunchPlan {
        LaunchPlan(
            uid: uid, namespace: "n", name: "p", nodeName: "node", hostname: "p",
            containers: [], initProgram: "/init")
    }

    private static func intent(_ job: UInt32?) -> SubmissionIntent {
        SubmissionIntent(uid: "u", namespace: "n", name: "p", jobID: job.map { JobID(rawValue: $0) }, imageIDs: ["c": "i"])
    }

    @Test("One file says what to run and how to reach the agent; later settings override it, an older agent's files are read too")
    func connection() async throws {
        let folder = try TemporaryFolder()
        let store = PodDirectoryStore(root: folder.path + "/pods", threads: .singleton)
        try await store.write(plan: Self.plan("u"), connection: Self.settings)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/pods/u") == ["plan.json"])
        // Another process has nothing in memory.
        let other = PodDirectoryStore(root: folder.path + "/pods", threads: .singleton)
        #expect(try await other.connection(of: "u") == Self.settings)
        var moved = Self.settings
        moved.endpoints = ["h:2"]
        try await other.write(moved, of: "u")
        #expect(try await other.connection(of: "u") == moved)
        #expect(try await PodDirectoryStore(root: folder.path + "/pods", threads: .singleton).connection(of: "u") == moved)
        // A plan that is written anew makes the older settings void.
        try await other.write(plan: Self.plan("u"), connection: Self.settings)
        #expect(try await PodDirectoryStore(root: folder.path + "/pods", threads: .singleton).connection(of: "u") == Self.settings)
    }

    @Test("The newest whole record of a submission counts, whatever a crash left of the last one")
    func intents() async throws {
        let folder = try TemporaryFolder()
        let store = PodDirectoryStore(root: folder.path, threads: .singleton)
        try await store.write(plan: Self.plan("u"), connection: Self.settings)
        #expect(try await store.intent(of: "u") == nil)
        try await store.write(Self.intent(nil))
        #expect(try await store.intent(of: "u") == Self.intent(nil))
        let path = folder.path + "/u/intent.json"
        let torn = try #require(FileHandle(forWritingAtPath: path))
        try torn.seekToEnd()
        try torn.write(contentsOf: Data("\n{\"uid\":\"u".utf8))
        try torn.close()
        #expect(try await store.intent(of: "u") == Self.intent(nil))
        try await store.write(Self.intent(7))
        #expect(try await store.intent(of: "u") == Self.intent(7))
    }

    @Test("A directory goes with all that is in it, known or not")
    func removal() async throws {
        let folder = try TemporaryFolder()
        let store = PodDirectoryStore(root: folder.path, threads: .singleton)
        for extra in ["", "logs/c", "logs/c/other", "strange/deep"] {
            try await store.write(plan: Self.plan("u"), connection: Self.settings)
            try await store.write(Self.intent(1))
            if !extra.isEmpty {
                try FileManager.default.createDirectory(atPath: "\(folder.path)/u/\(extra)", withIntermediateDirectories: true)
                try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/u/\(extra)/0.log"))
            }
            try await store.remove("u")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
            try await store.remove("u")
        }
    }
}
