import Foundation
import Testing

@testable import Slurm

@Suite("Job arrays")
struct ArrayTasksTests {
    @Test(
        "Slurm's texts are read",
        arguments: [
            ("0", [0]), ("0-3", [0, 1, 2, 3]), ("0-3,7", [0, 1, 2, 3, 7]), ("1-9:4", [1, 5, 9]), ("0-1,5%2", [0, 1, 5]), ("3,4", [3, 4]),
        ] as [(String, [UInt32])])
    func read(text: String, indices: [UInt32]) throws {
        let tasks = try #require(ArrayTasks(text))
        #expect(tasks == ArrayTasks(indices))
        #expect(tasks.count == indices.count)
        for index in UInt32(0)...20 { #expect(tasks.contains(index) == indices.contains(index)) }
        #expect(!tasks.isTruncated)
        #expect(ArrayTasks(tasks.description) == tasks)
    }

    @Test(
        "Malformed texts are none", arguments: ["", "a", "-", "3-1", "1,,2", "5,4", "1-2:0", "1-2:x", "1:2:3", "4294967296", "1,1", " 1"])
    func malformed(text: String) {
        #expect(ArrayTasks(text) == nil)
    }

    @Test(
        "A text that was cut off says so, and its last number is not trusted",
        arguments: [("0-3,7,1...", [0, 1, 2, 3, 7]), ("0-...", [])] as [(String, [UInt32])])
    func truncated(text: String, indices: [UInt32]) throws {
        let tasks = try #require(ArrayTasks(text))
        #expect(tasks.isTruncated)
        #expect(tasks.ranges == ArrayTasks(indices).ranges)
    }

    @Test("Indices are put in order and joined", arguments: [([5, 1, 0, 2], "0-2,5"), ([], ""), ([9], "9")] as [([UInt32], String)])
    func ranges(indices: [UInt32], text: String) {
        #expect(ArrayTasks(indices).description == text)
    }

    @Test(
        "A task's id is written as Slurm writes it and read back",
        arguments: [("123_4", JobID(array: 123, task: 4)), ("7_0", JobID(array: 7, task: 0))])
    func identifiers(text: String, id: JobID) throws {
        #expect(JobID(text) == id)
        #expect(id.description == text)
        #expect(String(decoding: try JSONEncoder().encode([id]), as: UTF8.self) == "[\"\(text)\"]")
        #expect(try JSONDecoder().decode([JobID].self, from: Data("[\"\(text)\"]".utf8)) == [id])
        #expect(JobID(rawValue: id.rawValue) < id && id < JobID(array: id.rawValue, task: 5) && id < JobID(rawValue: id.rawValue + 1))
    }

    @Test("Other texts are no ids", arguments: ["1_", "_1", "1_2_3", "0_1", "1_-2", "1_[2-3]", "1.2"])
    func noIdentifiers(text: String) {
        #expect(JobID(text) == nil)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([JobID].self, from: Data("[\"\(text)\"]".utf8)) }
    }

    @Test("Cancellations name each array once")
    func cancelWords() {
        let jobs = [
            JobID(array: 5, task: 3), JobID(rawValue: 9), JobID(array: 5, task: 1), JobID(array: 5, task: 2), JobID(array: 7, task: 0),
            JobID(rawValue: 9),
        ]
        #expect(CancelWord.words(for: jobs).map(\.text) == ["5_[1-3]", "7_0", "9"])
        #expect(CancelWord.words(for: []).isEmpty)
    }

    @Test("A record of waiting tasks stands for each of them")
    func waitingTasks() {
        var record = JobRecord(
            id: JobID(rawValue: 4), name: "n", state: JobState(.pending), stateReason: StateReason(rawValue: 0, text: "None"))
        #expect(record.tasks == [record])
        record.arrayTasks = ArrayTasks("0,2-3")
        #expect(record.tasks.map(\.id) == [0, 2, 3].map { JobID(array: 4, task: $0) })
        #expect(record.tasks.allSatisfy { $0.arrayTasks == nil && $0.number == 4 })
    }
}
