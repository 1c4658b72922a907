import Foundation
import Testing

@testable import PodProtocol

@Suite("Which task of a job array runs which pod")
struct BatchTableTests {
    private static let uid = "6f0d2c1e-33c8-4b8e-9a43-0d7b1f0a2b3c"

    @Test("Every task finds its pod in a slot of fixed length")
    func slots() throws {
        let uids = [Self.uid, "a", String(repeating: "x", count: 63)]
        let bytes = try #require(BatchTable.encode(uids))
        #expect(bytes.count == 3 * BatchTable.slotSize)
        for (index, uid) in uids.enumerated() {
            #expect(BatchTable.decode(bytes[(index * BatchTable.slotSize)..<((index + 1) * BatchTable.slotSize)]) == uid)
        }
    }

    @Test("What could leave the pods' folder, or does not fit, has no slot", arguments: ["", "..", "a/b", "a b", "a\n", "ä", String(repeating: "x", count: 64)])
    func unfit(uid: String) {
        #expect(BatchTable.encode([uid]) == nil)
    }

    @Test(
        "Bytes that are no slot give no pod",
        arguments: [
            "", "short\n", String(repeating: " ", count: 63) + "\n", String(repeating: "a", count: 64),
            "a b" + String(repeating: " ", count: 60) + "\n", "../" + String(repeating: " ", count: 60) + "\n",
            "{" + String(repeating: " ", count: 62) + "\n",
        ])
    func malformed(slot: String) {
        #expect(BatchTable.decode(Array(slot.utf8)) == nil)
    }

    @Test("A start that was written before there were arrays is read, and names a plain job")
    func olderStart() throws {
        let text = #"{"attempt":1,"host":"c1","jobID":12,"processID":3}"#
        let start = try MessageCoding.decode(SupervisorStart.self, from: Array(text.utf8), subject: "start")
        #expect(start.jobName == "12")
        let task = SupervisorStart(jobID: 12, arrayJobID: 10, arrayTaskID: 0, attempt: 0, host: "c1", processID: 3)
        #expect(task.jobName == "10_0")
        #expect(try MessageCoding.decode(SupervisorStart.self, from: MessageCoding.encode(task), subject: "start") == task)
    }
}
