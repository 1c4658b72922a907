import Glibc
import PodProtocol
import Testing

@testable import PodSupervisor

@Suite("a task of a job array")
struct BatchMemberTests {
    @Test("finds its pod's directory by its index")
    func found() throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/one.batch"
        try FileSystem.write(path, try #require(BatchTable.encode(["a", "b"])) + Array("{\"members\":[]}\n".utf8), mode: 0o600)
        #expect(try BatchMember.directory(batch: path, pods: "/pods", task: 0).path == "/pods/a")
        #expect(try BatchMember.directory(batch: path, pods: "/pods", task: 1).path == "/pods/b")
        for task: UInt32? in [2, 3, .max, nil] {
            #expect(throws: Failure.self) { try BatchMember.directory(batch: path, pods: "/pods", task: task) }
        }
    }

    @Test("leaves where the node agent has taken the submission back")
    func gone() throws {
        let folder = try TemporaryDirectory()
        #expect(throws: SystemError.self) { try BatchMember.directory(batch: "\(folder.path)/none", pods: "/pods", task: 0) }
    }
}
