import Foundation
import Glibc
import Testing

@testable import Slurm

@Suite(
    "Job arrays, against a real Slurm", .tags(.slurm), .enabled(if: LiveSlurm.isAvailable, LiveSlurm.reason), .timeLimit(.minutes(3)))
struct LiveArrayTests {
    private static func array(_ tasks: UInt32, _ body: String, _ change: (inout JobSubmission) -> Void = { _ in }) -> JobSubmission {
        LiveSlurm.job(body) {
            $0.arrayTasks = tasks
            change(&$0)
        }
    }

    /// Records of the array's tasks, one for each that slurmctld still has.
    private static func tasks(of array: JobID, _ client: SlurmClient) async throws -> [UInt32: JobRecord] {
        let records = try await client.jobs(ofUser: getuid()).filter { $0.id.rawValue == array.rawValue }.flatMap(\.tasks)
        return Dictionary(records.compactMap { record in record.id.task.map { ($0, record) } }, uniquingKeysWith: { first, _ in first })
    }

    private static func settled(
        _ array: JobID, _ client: SlurmClient, _ condition: ([UInt32: JobRecord]) -> Bool
    ) async throws -> [UInt32: JobRecord] {
        for _ in 0..<600 {
            let tasks = try await tasks(of: array, client)
            if condition(tasks) { return tasks }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw SlurmClient.Timeout(what: "array \(array)")
    }

    @Test("Each task has a state, an end and a push of its own")
    func states() async throws {
        let client = try await LiveSlurm.client()
        let pushes = client.pushes
        let id = try await client.submit(
            Self.array(4, "exit $SLURM_ARRAY_TASK_ID") { $0.pushEndpoint = client.pushEndpoint })
        let tasks = try await Self.settled(id, client) { $0.count == 4 && $0.values.allSatisfy { $0.state.isReleased } }
        for task in UInt32(0)..<4 {
            let record = try #require(tasks[task])
            #expect(record.id == JobID(array: id.rawValue, task: task))
            #expect(record.state.base == (task == 0 ? .completed : .failed))
            #expect(record.exitStatus.exitCode == Int32(task))
            #expect(try await client.job(record.id)?.number == record.number)
        }
        var numbers = Set(tasks.values.map(\.number))
        #expect(numbers.count == 4)
        for await push in pushes where numbers.remove(push.number) != nil && numbers.isEmpty { break }
    }

    @Test("Waiting tasks are one record that names each, however many gaps there are; some are cancelled by one call and vanish")
    func waiting() async throws {
        let client = try await LiveSlurm.client()
        let id = try await client.submit(Self.array(400, "exit 0") { $0.hold = true })
        let records = try await client.jobs(ofUser: getuid()).filter { $0.id.rawValue == id.rawValue }
        #expect(records.count == 1)
        #expect(records.first?.arrayTasks?.description == "0-399")
        let odd = (UInt32(0)..<200).map { JobID(array: id.rawValue, task: $0 * 2 + 1) }
        let failures = await client.cancel(odd)
        #expect(failures.isEmpty)
        let left = try await Self.tasks(of: id, client)
        #expect(Set(left.keys) == Set((UInt32(0)..<200).map { $0 * 2 }))
        #expect(left.values.allSatisfy { $0.state.base == .pending })
        #expect(try await client.job(JobID(array: id.rawValue, task: 2))?.state.base == .pending)
        #expect(try await client.job(JobID(array: id.rawValue, task: 3)) == nil)
        let again = await client.cancel(odd)
        #expect(again.isEmpty, "a task that is over is no failure")
        try await client.cancel(id)
        let ended = try await Self.tasks(of: id, client)
        #expect(ended.values.allSatisfy { $0.state.base == .cancelled })
    }

    @Test("One running task is cancelled, signalled or requeued, and no other")
    func single() async throws {
        let client = try await LiveSlurm.client()
        let pushes = client.pushes
        let marks = "/tmp/hpk-array-\(UUID().uuidString)"
        defer { for task in 0..<4 { unlink("\(marks)-\(task)") } }
        let id = try await client.submit(
            Self.array(4, "trap 'exit 9' TERM; : > \(marks)-$SLURM_ARRAY_TASK_ID; sleep 600 & wait") {
                $0.requeue = true
                $0.pushEndpoint = client.pushEndpoint
            })
        let running = try await Self.settled(id, client) { tasks in
            tasks.count == 4 && tasks.values.allSatisfy { $0.state.base == .running }
                && (0..<4).allSatisfy { access("\(marks)-\($0)", F_OK) == 0 }
        }
        let cancelled = JobID(array: id.rawValue, task: 1)
        let none = await client.cancel([cancelled])
        #expect(none.isEmpty)
        let number = try #require(running[1]?.number)
        for await push in pushes where push.number == number { break }
        #expect(try await client.cancel(JobID(array: id.rawValue, task: 2), signal: SIGTERM, scope: .batchScript))
        _ = try LiveSlurm.run("scontrol", ["requeuehold", "\(id)_3"])
        let tasks = try await Self.settled(id, client) {
            $0[1]?.state.isReleased == true && $0[2]?.state.isReleased == true && $0[3]?.state.base == .pending
        }
        #expect(tasks[0]?.state.base == .running)
        #expect(tasks[1]?.state.base == .cancelled)
        #expect(tasks[2]?.state.base == .failed && tasks[2]?.exitStatus.exitCode == 9)
        #expect(tasks[3]?.restartCount == 1 && tasks[3]?.number == running[3]?.number)
        try await client.cancel(id)
    }

    @Test("Plain jobs and tasks of several arrays are cancelled together")
    func mixed() async throws {
        let client = try await LiveSlurm.client()
        let plain = try await client.submit(LiveSlurm.job("exit 0") { $0.hold = true })
        let one = try await client.submit(Self.array(5, "exit 0") { $0.hold = true })
        let two = try await client.submit(Self.array(5, "exit 0") { $0.hold = true })
        let failures = await client.cancel([plain, JobID(array: one.rawValue, task: 0), two, JobID(rawValue: 66_000_002)])
        #expect(failures.isEmpty)
        #expect(try await client.job(plain)?.state.base == .cancelled)
        #expect(try await Self.tasks(of: one, client).keys.sorted() == [1, 2, 3, 4])
        #expect(try await client.job(two)?.state.base == .cancelled)
        try await client.cancel(one)
    }

    @Test("An array that is too large is refused as such, and MaxArraySize itself is not")
    func size() async throws {
        let client = try await LiveSlurm.client()
        let most = try await client.settings().maxArraySize
        let error = try await #require(throws: SlurmError.self) {
            try await client.cancel(try await client.submit(Self.array(most + 1, "exit 0") { $0.hold = true }))
        }
        #expect(error.name == "ESLURM_INVALID_ARRAY")
        let id = try await client.submit(Self.array(most, "exit 0") { $0.hold = true })
        try await client.cancel(id)
        await #expect(throws: SlurmError.self) { try await client.submit(Self.array(0, "exit 0")) }
    }
}
