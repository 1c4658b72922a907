import Foundation
import Glibc
import Testing

@testable import Slurm

@Suite("The client, against a real Slurm", .tags(.slurm), .enabled(if: LiveSlurm.isAvailable, LiveSlurm.reason), .timeLimit(.minutes(3)))
struct SlurmClientTests {
    @Test("submits a job, hears of its end and finds it in the record", arguments: [(Int32(0), JobState.Base.completed), (3, .failed)])
    func completes(code: Int32, state: JobState.Base) async throws {
        let client = try await LiveSlurm.client()
        let pushes = client.pushes
        let job = LiveSlurm.job("test \"$A\" = 'x y\nz' && exit \(code); exit 99") {
            $0.environment = ["PATH": "/usr/bin:/bin", "A": "x y\nz"]
            $0.pushEndpoint = client.pushEndpoint
            $0.userComment = "for the test"
        }
        let id = try await client.submit(job)
        let push = try await firstPush(pushes, about: id)
        #expect(push.kind == .complete)
        let record = try await client.wait(for: id) { $0.state.isReleased }
        #expect(record.state.base == state)
        #expect(record.exitStatus.exitCode == code)
        #expect(record.name == job.name)
        #expect(record.ownComment == job.comment)
        #expect(record.comment == job.wireComment)
        #expect(record.userID == getuid())
        #expect(record.nodeList != nil && record.batchHost != nil)
        #expect(record.workingDirectory == "/")
        let times = try [#require(record.submitTime), #require(record.startTime), #require(record.endTime)]
        #expect(times == times.sorted())
        #expect(record.timeLimitMinutes == 5)
        #expect(record.restartCount == 0)
    }

    @Test("cancels a job that waits; a second time there is nothing to do")
    func cancelPending() async throws {
        let client = try await LiveSlurm.client()
        let pushes = client.pushes
        let id = try await client.submit(
            LiveSlurm.job("exit 0") {
                $0.hold = true
                $0.pushEndpoint = client.pushEndpoint
            })
        let waiting = try #require(try await client.job(id))
        #expect(waiting.state == JobState(.pending))
        #expect(waiting.stateReason.isHeld)
        #expect(waiting.stateReason.text.hasPrefix("JobHeld"))
        #expect(try await client.cancel(id))
        #expect(try await firstPush(pushes, about: id).kind == .complete)
        #expect(try await client.job(id)?.state.base == .cancelled)
        #expect(try await client.cancel(id) == false)
    }

    @Test("cancels a job that runs")
    func cancelRunning() async throws {
        let client = try await LiveSlurm.client()
        let pushes = client.pushes
        // Slurm counts a job as running before its script runs; without a process there is no signal that ends it.
        let mark = "/tmp/hpk-slurm-test-\(UUID().uuidString)"
        defer { unlink(mark) }
        let id = try await client.submit(LiveSlurm.job(": > \(mark); exec sleep 600") { $0.pushEndpoint = client.pushEndpoint })
        _ = try await client.wait(for: id) { $0.state.base == .running && access(mark, F_OK) == 0 }
        #expect(try await client.cancel(id))
        #expect(try await firstPush(pushes, about: id).kind == .complete)
        let record = try await client.wait(for: id) { $0.state.isReleased }
        #expect(record.state.base == .cancelled)
        #expect(record.exitStatus.signal == SIGTERM)
    }

    @Test("signals the batch script alone")
    func signalBatch() async throws {
        let client = try await LiveSlurm.client()
        let mark = "/tmp/hpk-slurm-test-\(UUID().uuidString)"
        defer { unlink(mark) }
        let id = try await client.submit(LiveSlurm.job("trap 'exit 7' TERM; sleep 600 & : > \(mark); wait"))
        _ = try await client.wait(for: id) { $0.state.base == .running && access(mark, F_OK) == 0 }
        #expect(try await client.cancel(id, signal: SIGTERM, scope: .batchScript))
        let record = try await client.wait(for: id) { $0.state.isReleased }
        #expect(record.state.base == .failed)
        #expect(record.exitStatus.exitCode == 7)
    }

    @Test("does not take a job that Slurm does not know for an error")
    func unknownJob() async throws {
        let client = try await LiveSlurm.client()
        let id = JobID(rawValue: 66_000_001)
        #expect(try await client.job(id) == nil)
        #expect(try await client.cancel(id) == false)
        #expect(try await client.cancel(id, signal: SIGTERM, scope: .batchScript) == false)
    }

    @Test("hears when a job goes back to the queue, and sees that it restarted")
    func requeue() async throws {
        let client = try await LiveSlurm.client()
        let pushes = client.pushes
        let id = try await client.submit(
            LiveSlurm.job("sleep 600") {
                $0.requeue = true
                $0.pushEndpoint = client.pushEndpoint
            })
        _ = try await client.wait(for: id) { $0.state.base == .running }
        _ = try LiveSlurm.run("scontrol", ["requeuehold", id.description])
        #expect(try await firstPush(pushes, about: id).kind == .complete)
        let record = try await client.wait(for: id) { $0.state.base == .pending && !$0.state.flags.contains(.completing) }
        #expect(!record.state.isFinal)
        #expect(record.restartCount == 1)
        try await client.cancel(id)
    }

    @Test("takes submissions from four at once, and loses none")
    func concurrentSubmitters() async throws {
        let client = try await LiveSlurm.client()
        let name = "hpk-four-\(UUID().uuidString.prefix(8))"
        let ids = try await withThrowingTaskGroup(of: [JobID].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var ids: [JobID] = []
                    for _ in 0..<25 {
                        ids.append(
                            try await client.submit(
                                LiveSlurm.job("exit 0") {
                                    $0.name = name
                                    $0.hold = true
                                }))
                    }
                    return ids
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(ids).count == 100)
        let held = try await client.jobs(ofUser: getuid()).filter { $0.name == name }
        #expect(Set(held.map(\.id)) == Set(ids))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for id in ids {
                group.addTask {
                    let found = try await client.cancel(id)
                    #expect(found)
                }
            }
            try await group.waitForAll()
        }
        let left = try await client.jobs(ofUser: getuid()).filter { $0.name == name && !$0.state.isFinal }
        #expect(left.isEmpty)
    }

    @Test(
        "says which part of a submission Slurm does not like",
        arguments: [
            ("ESLURM_INVALID_PARTITION_NAME", { @Sendable (job: inout JobSubmission) in job.partition = "nowhere" }),
            ("ESLURM_INVALID_FEATURE", { job in job.constraint = "nothing-has-this" }),
            ("ESLURM_INVALID_NODE_NAME", { job in job.nodeList = "nowhere" }),
            ("ESLURM_INVALID_GRES", { job in job.gres = "unicorn:1" }),
            ("ESLURM_DEPENDENCY", { job in job.dependency = "nonsense" }),
            ("EINVAL", { job in job.name = "a\0b" }),
            ("EINVAL", { job in job.environment = ["A=B": "c"] }),
            ("EINVAL", { job in (job.tasks, job.cpusPerTask) = (1 << 31, 60_000) }),
        ] as [(String, @Sendable (inout JobSubmission) -> Void)])
    func refusals(name: String, change: @Sendable (inout JobSubmission) -> Void) async throws {
        let client = try await LiveSlurm.client()
        let error = try await #require(throws: SlurmError.self) {
            let id = try await client.submit(LiveSlurm.job("exit 0", change))
            try await client.cancel(id)
        }
        #expect(error.name == name)
        #expect(error.retryAdvice == .never)
        #expect(!error.mayHaveBeenApplied)
        #expect(!error.whatToDo.isEmpty)
    }

    @Test("lists nodes and partitions and adds them up")
    func cluster() async throws {
        let client = try await LiveSlurm.client()
        let nodes = try await client.nodes()
        let partitions = try await client.partitions()
        let listed = try LiveSlurm.run("sinfo", ["-h", "-N", "-o", "%N"]).split(separator: "\n")
        #expect(Set(nodes.map(\.name)) == Set(listed.map { $0.trimmingCharacters(in: .whitespaces) }))
        #expect(partitions.contains { $0.isDefault && $0.isUp && $0.totalNodes > 0 })
        let totals = try await client.totals()
        #expect(totals.nodes > 0 && totals.cpus >= UInt64(totals.nodes) && totals.memoryMegabytes > 0)
    }

    @Test("knows the controller, its version and its limits")
    func settings() async throws {
        let client = try await LiveSlurm.client()
        let settings = try await client.settings()
        #expect(settings.clusterName == client.clusterName)
        #expect(!settings.controllerVersion.isEmpty)
        #expect(
            settings.maxJobCount > 0 && settings.maxArraySize > 0 && settings.minJobAgeSeconds > 0 && settings.messageTimeoutSeconds > 0)
        let controllers = try await client.ping()
        #expect(controllers.first?.isUp == true)
        #expect(SlurmVersion.fits(compiled: .compiled, runtime: .runtime))
    }

    @Test("a request whose task was cancelled before it began is not made")
    func cancelledTask() async throws {
        let client = try await LiveSlurm.client()
        let name = "hpk-cancelled-\(UUID().uuidString.prefix(8))"
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.submit(LiveSlurm.job("exit 0") { $0.name = name })
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await client.jobs(ofUser: getuid()).allSatisfy { $0.name != name })
    }
}
