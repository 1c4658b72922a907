import Foundation
import Logging
import NIOPosix
import PodProtocol
import Slurm
import Synchronization
import Testing

@testable import HPKKubelet

/// A Slurm whose answers the test gives.
private actor ScriptedSlurm: JobSubmitting {
    private(set) var submissions: [JobSubmission] = []
    private(set) var jobs: [ClusterJob] = []
    private(set) var looks = 0
    /// Each call's fate in order: an error, and whether Slurm took the job all the same. Without one it is taken.
    private var fates: [(error: SubmissionRefusal, applied: Bool)] = []
    /// Calls wait until the gate opens.
    private var gate: [CheckedContinuation<Void, Never>]?

    func refuse(_ answer: SubmissionQueue.Answer, applied: Bool = false) {
        fates.append((SubmissionRefusal(answer, message: "\(answer)"), applied))
    }

    func closeGate() { gate = [] }

    func openGate() {
        let waiting = gate ?? []
        gate = nil
        for call in waiting { call.resume() }
    }

    func submit(_ submission: JobSubmission) async throws -> JobID {
        submissions.append(submission)
        let id = JobID(rawValue: UInt32(100 * submissions.count))
        let fate = fates.isEmpty ? nil : fates.removeFirst()
        if gate != nil { await withCheckedContinuation { gate?.append($0) } }
        if fate?.applied ?? true {
            let comment = try #require(JobComment(parsing: submission.comment ?? ""))
            var record = JobRecord(
                id: id, name: submission.name, state: JobState(.pending), stateReason: StateReason(rawValue: 0, text: "None"))
            if let tasks = submission.arrayTasks { record.arrayTasks = ArrayTasks(0..<tasks) }
            jobs.append(ClusterJob(comment: comment, record: record))
        }
        if let fate { throw fate.error }
        return id
    }

    func podJobs() async throws -> [ClusterJob] {
        looks += 1
        return jobs
    }
}

@Suite("Submitting pods alone and together", .timeLimit(.minutes(1)))
struct JobSubmitterTests {
    private struct Bench {
        let folder: TemporaryFolder
        let slurm = ScriptedSlurm()
        let store: PodDirectoryStore
        let batches: BatchStore
        let submitter: JobSubmitter

        init() async throws {
            folder = try TemporaryFolder()
            store = PodDirectoryStore(root: folder.path + "/pods", threads: .singleton)
            batches = BatchStore(root: folder.path + "/batches", threads: .singleton)
            // A clock that runs a thousand times as fast, so that no test waits for a pause.
            submitter = JobSubmitter(
                JobSubmitter.Surroundings(
                    cluster: "c", jobs: slurm, store: store, batches: batches, script: { "#!/bin/sh\n: \($0)\n" },
                    limits: { SubmissionQueue.Limits() }, uptime: { JobFeed.monotonicSeconds() * 1000 },
                    sleep: { try? await Task.sleep(for: .microseconds(Int($0 * 1000) + 1)) }, logger: Logger(label: "test")))
        }

        func request(_ uid: String, cpus: UInt16 = 1, waits: @escaping @Sendable (String) -> Void = { _ in }) async throws -> JobSubmitter.Request {
            try FileManager.default.createDirectory(atPath: "\(store.root)/\(uid)", withIntermediateDirectories: true)
            var job = JobSubmission(
                name: "n/\(uid)", comment: JobComment(cluster: "c", uid: uid)?.description, script: "own", workingDirectory: "/\(uid)")
            job.cpusPerTask = cpus
            return JobSubmitter.Request(
                intent: SubmissionIntent(uid: uid, namespace: "n", name: uid, imageIDs: ["main": "i"]), submission: job, waits: waits)
        }

        /// Submits a pod once the first call is under way.
        func largeAfterFirst(_ request: JobSubmitter.Request) async throws -> JobID {
            while await slurm.submissions.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
            return try await submitter.submit(request)
        }

        /// Submits one pod whose call stays under way, then the others, which therefore wait; opens the gate and gives all jobs.
        func submitBehindFirst(_ uids: [String], whenWaiting: () async throws -> Void = {}) async throws -> [String: JobID] {
            await slurm.closeGate()
            let first = try await request("first")
            let requests = try await uids.asyncMap { try await request($0) }
            return try await withThrowingTaskGroup(of: (String, JobID).self) { group in
                group.addTask { ("first", try await submitter.submit(first)) }
                while await slurm.submissions.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
                for request in requests { group.addTask { (request.intent.uid, try await submitter.submit(request)) } }
                while await submitter.waitingCount < uids.count { try await Task.sleep(for: .milliseconds(1)) }
                try await whenWaiting()
                await slurm.openGate()
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
        }
    }

    @Test("A lone pod goes as a plain job, with its intent on disk before and after")
    func lone() async throws {
        let bench = try await Bench()
        let id = try await bench.submitter.submit(try await bench.request("a"))
        #expect(id == JobID(rawValue: 100))
        let jobs = await bench.slurm.submissions
        #expect(jobs.map(\.name) == ["n/a"])
        #expect(jobs.first?.arrayTasks == nil)
        while try await bench.store.intent(of: "a")?.jobID != id { try await Task.sleep(for: .milliseconds(1)) }
        #expect(!FileManager.default.fileExists(atPath: bench.batches.directory.path))
    }

    @Test("Pods that wait together go as one array: the file names each task's pod, and bears the array's id when Slurm has answered")
    func array() async throws {
        let bench = try await Bench()
        let uids = (0..<20).map { "web-\($0)" }
        let ids = try await bench.submitBehindFirst(uids)
        let jobs = await bench.slurm.submissions
        #expect(jobs.count == 2)
        let array = try #require(jobs.last)
        #expect(array.arrayTasks == 20)
        #expect(array.name == "n/web-*")
        #expect(Set(uids.compactMap { ids[$0] }) == Set((0..<20).map { JobID(array: 200, task: $0) }))
        guard case .batch(let batch)? = JobComment(parsing: array.comment ?? "")?.subject else {
            Issue.record("no batch in \(array.comment ?? "")")
            return
        }
        let path = bench.batches.directory.batch(batch)
        #expect(array.script == "#!/bin/sh\n: \(path)\n")
        #expect(array.standardOutput == bench.batches.directory.output(batch))
        #expect(array.appendsOutput)
        var record: BatchRecord?
        while record?.jobID == nil {
            record = try BatchRecord(reading: Array(try Data(contentsOf: URL(fileURLWithPath: path))), subject: path)
        }
        #expect(record?.jobID == JobID(rawValue: 200))
        for (uid, id) in ids where uid != "first" {
            let task = try #require(id.task)
            #expect(record?.members[Int(task)].uid == uid)
            #expect(try await bench.store.intent(of: uid) == nil, "the batch is the intent")
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        for uid in uids {
            #expect(FileManager.default.fileExists(atPath: path))
            try await bench.batches.podRemoved(uid)
        }
        #expect(!FileManager.default.fileExists(atPath: path), "the file goes with the last of its pods")
    }

    @Test("Another shape goes in a call of its own")
    func shapes() async throws {
        let bench = try await Bench()
        let large = try await bench.request("large", cpus: 4)
        async let other = bench.largeAfterFirst(large)
        let ids = try await bench.submitBehindFirst(["a", "b"]) {
            while await bench.submitter.waitingCount < 3 { try await Task.sleep(for: .milliseconds(1)) }
        }
        #expect(try await other.task == nil)
        #expect(ids["a"]?.rawValue == ids["b"]?.rawValue)
        #expect(await bench.slurm.submissions.count == 3)
    }

    @Test("An array whose answer is lost is found in Slurm's list by its batch, and is not submitted again")
    func lostAnswer() async throws {
        let bench = try await Bench()
        let ids = try await bench.submitBehindFirst(["a", "b", "c"]) { await bench.slurm.refuse(.unknown("time-out"), applied: true) }
        #expect(await bench.slurm.submissions.count == 2)
        #expect(Set(ids.values.map(\.rawValue)) == [100, 200])
        #expect(await bench.slurm.looks >= 1)
    }

    @Test("An array that Slurm did not get after all goes again in a new batch, and the old file is gone before")
    func lostCall() async throws {
        let bench = try await Bench()
        let ids = try await bench.submitBehindFirst(["a", "b", "c"]) { await bench.slurm.refuse(.unknown("time-out"), applied: false) }
        let arrays = await bench.slurm.submissions.filter { $0.arrayTasks != nil }
        #expect(arrays.count == 2)
        #expect(arrays[0].comment != arrays[1].comment)
        #expect(ids["a"]?.rawValue == 300)
        guard case .batch(let lost)? = JobComment(parsing: arrays[0].comment ?? "")?.subject else { return }
        #expect(!FileManager.default.fileExists(atPath: bench.batches.directory.batch(lost)))
    }

    @Test("A pod that waits is told the reason once, and can be taken back")
    func waits() async throws {
        let bench = try await Bench()
        for _ in 0..<5 { await bench.slurm.refuse(.tooMany(everybody: true, "full")) }
        let (reasons, mailbox) = AsyncStream.makeStream(of: String.self)
        let submission = Task { try await bench.submitter.submit(try await bench.request("a") { mailbox.yield($0) }) }
        var iterator = reasons.makeAsyncIterator()
        #expect(await iterator.next() == "full")
        #expect(try await submission.value == JobID(rawValue: 600))
        mailbox.finish()
        #expect(await iterator.next() == nil, "it was told again")

        let other = try await Bench()
        for _ in 0..<1000 { await other.slurm.refuse(.unavailable("down")) }
        let (told, told2) = AsyncStream.makeStream(of: String.self)
        let waiting = Task { try await other.submitter.submit(try await other.request("b") { told2.yield($0) }) }
        for await reason in told where reason == "down" { break }
        // Whether it waits at this instant or a call is under way.
        await other.submitter.withdraw("b")
        await #expect(throws: SubmissionWithdrawn.self) { try await waiting.value }
    }

    @Test("What Slurm will never take fails with its words")
    func rejected() async throws {
        let bench = try await Bench()
        await bench.slurm.refuse(.rejected(code: 2000))
        let error = await #expect(throws: SubmissionFailure.self) { try await bench.submitter.submit(try await bench.request("a")) }
        #expect(error?.message.contains("2000") == true)
    }

    @Test("An array's name is what its pods' names have in common")
    func names() {
        #expect(ArrayPlanner.name(of: ["n/web-1", "n/web-2"]) == "n/web-*")
        #expect(ArrayPlanner.name(of: ["n/a", "n/b"]) == "n/*")
        #expect(ArrayPlanner.name(of: ["n/a", "n/a"]) == "n/a*")
        #expect(ArrayPlanner.name(of: ["n/" + String(repeating: "x", count: 300) + "1", "n/" + String(repeating: "x", count: 300) + "2"]).utf8.count <= 201)
    }
}

extension Sequence where Element: Sendable {
    fileprivate func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
        var values: [T] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}

@Suite("Batch files")
struct BatchStoreTests {
    private static func record(_ id: String, job: UInt32? = nil, _ uids: [String]) -> BatchRecord {
        BatchRecord(
            id: id, cluster: "c", jobID: job.map { JobID(rawValue: $0) },
            members: uids.map { BatchRecord.Member(uid: $0, namespace: "n", name: $0, imageIDs: [:]) })
    }

    @Test("What was written is read again, and what belongs to no batch goes")
    func roundTrip() async throws {
        let folder = try TemporaryFolder()
        let written = BatchStore(root: folder.path, threads: .singleton)
        try await written.write(Self.record("one", ["a", "b"]))
        try await written.write(Self.record("two", job: 7, ["c"]))
        try folder.write("one.out", "words")
        try folder.write("stray.out", "words")
        try folder.write("one.batch.new-x", "torn")
        try folder.write("bad.batch", "{}")
        let (records, problems) = try await BatchStore(root: folder.path, threads: .singleton).load()
        #expect(Set(records.map(\.id)) == ["one", "two"])
        #expect(records.first { $0.id == "two" }?.job(of: 0) == JobID(array: 7, task: 0))
        #expect(problems.count == 1)
        #expect(Set(try FileManager.default.contentsOfDirectory(atPath: folder.path)) == ["one.batch", "two.batch", "one.out", "bad.batch"])
    }

    @Test("A folder that is not there holds no batch")
    func missing() async throws {
        let (records, problems) = try await BatchStore(root: "/nowhere/batches", threads: .singleton).load()
        #expect(records.isEmpty && problems.isEmpty)
    }

    @Test(
        "A malformed file is told, never trusted",
        arguments: ["", "x", "{", "{}", String(repeating: " ", count: 64) + "{}", String(repeating: "a", count: 1000)])
    func malformed(text: String) {
        #expect(throws: MessageError.self) { try BatchRecord(reading: Array(text.utf8), subject: "f") }
    }

    @Test("A table that is shorter than its record is refused")
    func shortTable() throws {
        let bytes = try #require(try Self.record("one", ["a", "b"]).encoded())
        #expect(throws: MessageError.self) { try BatchRecord(reading: Array(bytes.dropFirst(BatchTable.slotSize)), subject: "f") }
        #expect(try Self.record("one", ["../a"]).encoded() == nil)
    }
}
