import Foundation
import Logging
import PodProtocol
import Slurm

/// Takes pods that are ready and brings their jobs to Slurm: alone, or many as one array, as ``SubmissionQueue`` decides.
///
/// Before a call its pods' intent is on disk. Where the answer to a call is lost, Slurm's list is asked whether it has a job with the call's
/// comment, so that no pod is submitted twice.
public actor JobSubmitter {
    /// A pod that is ready.
    struct Request: Sendable {
        var intent: SubmissionIntent
        var submission: JobSubmission
        /// Told what the pod waits for, each time that changes.
        var waits: @Sendable (String) -> Void
    }

    /// What it works with.
    struct Surroundings: Sendable {
        /// Tells this cluster's jobs from those of other mini clouds of the same user.
        var cluster: String
        var jobs: any JobSubmitting
        var store: PodDirectoryStore
        var batches: BatchStore
        /// The script of an array: runs the supervisor of the task's pod.
        var script: @Sendable (_ batchFile: String) throws -> String
        /// Bounds that slurmctld sets; asked until they are known.
        var limits: @Sendable () async -> SubmissionQueue.Limits?
        /// Told of each new job or array before its pods are, and when its submission began.
        var given: @Sendable (_ id: JobID, _ began: Double) async -> Void = { _, _ in }
        var uptime: @Sendable () -> Double = JobFeed.monotonicSeconds
        /// Waits for seconds of that clock, or until the task is cancelled.
        var sleep: @Sendable (Double) async -> Void = { try? await Task.sleep(for: .seconds($0)) }
        var logger: Logger
    }

    private struct Pod {
        var request: Request
        var answer: CheckedContinuation<JobID, any Error>
        var isWithdrawn = false
        var told: String?
    }

    private let around: Surroundings
    private var queue = SubmissionQueue()
    private var pods: [String: Pod] = [:]
    private var batches: [Int: BatchRecord] = [:]
    private var knowsLimits = false
    private var wake: Task<Void, Never>?

    init(_ surroundings: Surroundings) {
        around = surroundings
        // Until slurmctld has told its own: Slurm's default of MaxArraySize.
        queue.limits = SubmissionQueue.Limits(arrayTasks: 1000)
    }

    /// Submits a pod's job and returns its id, however long Slurm takes to accept it.
    ///
    /// - Throws: ``SubmissionFailure`` where it never will; ``SubmissionWithdrawn``.
    func submit(_ request: Request) async throws -> JobID {
        let uid = request.intent.uid
        guard pods[uid] == nil else { throw SubmissionFailure(message: "the pod is being submitted already") }
        return try await withCheckedThrowingContinuation { continuation in
            pods[uid] = Pod(request: request, answer: continuation)
            queue.add(uid, JobGroup(namespace: request.intent.namespace, request.submission))
            advance(afterReturn: false)
            tell(uid, queue.reason(of: uid))
        }
    }

    /// The pod is not wanted any more. If its call is under way, ``submit(_:)`` still returns the job.
    func withdraw(_ uid: String) {
        if queue.withdraw(uid) {
            pods.removeValue(forKey: uid)?.answer.resume(throwing: SubmissionWithdrawn())
        } else {
            pods[uid]?.isWithdrawn = true
        }
    }

    /// Pods that wait for a call.
    var waitingCount: Int { queue.waitingCount }

    // MARK: Steps

    private func advance(afterReturn: Bool) {
        wake?.cancel()
        wake = nil
        while let step = queue.next(at: around.uptime(), afterReturn: afterReturn) {
            switch step {
            case .submit(let call): Task { await self.make(call) }
            case .lookUp(let calls): Task { await self.lookUp(calls) }
            }
        }
        guard let time = queue.wakeTime(at: around.uptime()), time > -Double.infinity else { return }
        let seconds = max(0.001, time - around.uptime())
        wake = Task {
            await around.sleep(seconds)
            if !Task.isCancelled { self.advance(afterReturn: true) }
        }
    }

    private func make(_ call: SubmissionQueue.Call) async {
        let requests = call.pods.compactMap { pods[$0]?.request }
        guard requests.count == call.pods.count else { return finish(call, .unavailable("a pod was lost")) }
        do {
            if requests.count > 1 { try await submitArray(requests, call) } else { try await submitAlone(requests[0], call) }
        } catch {
            let refusal = error as? SubmissionRefusal ?? SubmissionRefusal(.unavailable("\(error)"), message: "\(error)")
            var answer = refusal.answer
            if case .unknown = answer {
            } else if let record = batches.removeValue(forKey: call.number) {
                do { try await around.batches.remove(record.id) } catch { answer = .unavailable("\(error)") }
            }
            around.logger.warning("Slurm did not take jobs", metadata: ["pods": "\(call.pods.count)", "error": "\(refusal.message)"])
            finish(call, answer, message: refusal.message)
        }
        await learnLimits()
    }

    private func submitAlone(_ request: Request, _ call: SubmissionQueue.Call) async throws {
        try await around.store.write(request.intent)
        let began = around.uptime()
        let id = try await around.jobs.submit(request.submission)
        await around.given(id, began)
        succeed(call) { _ in id }
        var intent = request.intent
        intent.jobID = id
        await record { try await self.around.store.write(intent) }
    }

    private func submitArray(_ requests: [Request], _ call: SubmissionQueue.Call) async throws {
        var record = BatchRecord(
            id: BatchRecord.newID(), cluster: around.cluster,
            members: requests.map {
                BatchRecord.Member(
                    uid: $0.intent.uid, namespace: $0.intent.namespace, name: $0.intent.name, imageIDs: $0.intent.imageIDs)
            })
        batches[call.number] = record
        let submission = try ArrayPlanner.submission(
            of: requests.map(\.submission), batch: record.id, cluster: around.cluster, directory: around.batches.directory,
            script: around.script(around.batches.directory.batch(record.id)))
        try await around.batches.write(record)
        let began = around.uptime()
        let id = try await around.jobs.submit(submission)
        await around.given(id, began)
        batches[call.number] = nil
        around.logger.info("submitted pods as one job array", metadata: ["pods": "\(requests.count)", "job": "\(id)"])
        succeed(call) { JobID(array: id.rawValue, task: UInt32($0)) }
        record.jobID = id
        let complete = record
        await self.record { try await self.around.batches.complete(complete) }
    }

    /// What is recorded after Slurm has answered only makes a restart quicker: the comment finds the job as well.
    private func record(_ body: () async throws -> Void) async {
        do { try await body() } catch { around.logger.warning("a job's id was not recorded", metadata: ["error": "\(error)"]) }
    }

    private func lookUp(_ calls: [SubmissionQueue.Call]) async {
        do {
            let jobs = try await around.jobs.podJobs()
            var found: [Int: JobID] = [:]
            for call in calls { found[call.number] = job(of: call, in: jobs) }
            for call in calls where found[call.number] == nil {
                // The array of a batch whose file is gone runs nothing, should it still come.
                guard let record = batches[call.number] else { continue }
                try await around.batches.remove(record.id)
                batches[call.number] = nil
            }
            let lost = queue.lookedUp(Set(found.keys), reason: "", at: around.uptime())
            for call in calls {
                guard let id = found[call.number] else { continue }
                await adopt(id, call)
            }
            for call in lost { for uid in call.pods { dropIfWithdrawn(uid) } }
        } catch {
            _ = queue.lookedUp(nil, reason: "\(error)", at: around.uptime())
        }
        tellAll()
        advance(afterReturn: true)
    }

    private func job(of call: SubmissionQueue.Call, in jobs: [ClusterJob]) -> JobID? {
        let subject: JobComment.Subject = batches[call.number].map { .batch($0.id) } ?? .pod(call.pods[0])
        let ids = jobs.filter { $0.comment.subject == subject }.sorted { $0.record.id < $1.record.id }
        return (ids.first { !$0.record.state.isFinal } ?? ids.first)?.record.id
    }

    private func adopt(_ id: JobID, _ call: SubmissionQueue.Call) async {
        around.logger.notice("found jobs whose submission was not answered", metadata: ["job": "\(id)", "pods": "\(call.pods.count)"])
        if var record = batches.removeValue(forKey: call.number) {
            record.jobID = JobID(rawValue: id.rawValue)
            for (task, uid) in call.pods.enumerated() { answer(uid, .success(JobID(array: id.rawValue, task: UInt32(task)))) }
            let complete = record
            await self.record { try await self.around.batches.complete(complete) }
        } else if let uid = call.pods.first, var intent = pods[uid]?.request.intent {
            intent.jobID = id
            answer(uid, .success(id))
            let complete = intent
            await self.record { try await self.around.store.write(complete) }
        }
    }

    /// Asks slurmctld for its bounds; until it has answered, it is asked again with each call.
    func learnLimits() async {
        guard !knowsLimits, let limits = await around.limits() else { return }
        knowsLimits = true
        queue.limits = limits
    }

    // MARK: Answers

    private func succeed(_ call: SubmissionQueue.Call, _ id: (Int) -> JobID) {
        for (task, uid) in call.pods.enumerated() { answer(uid, .success(id(task))) }
        finish(call, .taken)
    }

    private func finish(_ call: SubmissionQueue.Call, _ answer: SubmissionQueue.Answer, message: String = "") {
        let rejected = queue.finish(call, answer, at: around.uptime())
        for uid in rejected { self.answer(uid, .failure(SubmissionFailure(message: message))) }
        if answer != .taken {
            for uid in call.pods { dropIfWithdrawn(uid) }
            tellAll()
        }
        advance(afterReturn: true)
    }

    private func dropIfWithdrawn(_ uid: String) {
        if pods[uid]?.isWithdrawn == true, queue.withdraw(uid) { answer(uid, .failure(SubmissionWithdrawn())) }
    }

    private func answer(_ uid: String, _ result: Result<JobID, any Error>) {
        pods.removeValue(forKey: uid)?.answer.resume(with: result)
    }

    private func tellAll() {
        for (uid, reason) in queue.reasons { tell(uid, reason) }
    }

    private func tell(_ uid: String, _ reason: String?) {
        guard let reason, pods[uid]?.told != reason else { return }
        pods[uid]?.told = reason
        pods[uid]?.request.waits(reason)
    }
}

/// The pod was taken back before its job was submitted.
struct SubmissionWithdrawn: Error {}

/// What a submitter asks of Slurm.
public protocol JobSubmitting: ClusterJobs {
    /// Submits a job, or with `arrayTasks` an array.
    ///
    /// - Throws: ``SubmissionRefusal``.
    func submit(_ submission: JobSubmission) async throws -> JobID
}

/// Looks for the jobs of this cluster's pods, whoever submitted them.
public protocol ClusterJobs: Sendable {
    /// The user's jobs that bear the comment of this cluster, ended ones that Slurm remembers included.
    func podJobs() async throws -> [ClusterJob]
}

/// A job of this cluster's pods.
public struct ClusterJob: Sendable {
    /// What it runs.
    public var comment: JobComment
    /// Slurm's record: a job, a task of an array, or tasks that wait together.
    public var record: JobRecord

    /// Pairs the two.
    public init(comment: JobComment, record: JobRecord) {
        self.comment = comment
        self.record = record
    }
}
