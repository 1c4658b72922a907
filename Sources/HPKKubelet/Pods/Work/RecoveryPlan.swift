import Foundation
import Kubernetes
import PodProtocol
import Slurm

/// What stands of the pods when the node agent starts, and what follows from it: a pure value.
///
/// Truth lives in three places: the API server (pods), Slurm (jobs that bear a pod's UID) and the pods' directories (intent, journal).
struct RecoveryPlan: Sendable {
    /// What one pod's directory holds.
    struct Trace: Sendable, Equatable {
        var intent: SubmissionIntent?
        var events: [PodEvent] = []

        /// The job that the supervisor itself named.
        var startedJob: JobID? {
            for event in events.reversed() {
                if case .supervisorStarted(let start) = event.kind { return JobID(start) }
            }
            return nil
        }
    }

    /// By UID of each pod that the API server has.
    var pods: [String: PodRecovery] = [:]
    /// Pods whose submission may still be under way: Slurm is asked once more before they are submitted.
    var uncertain: Set<String> = []
    /// Jobs of pods that are gone, and doubles.
    var jobsToCancel: [JobID] = []
    /// Directories of pods that are gone.
    var directoriesToRemove: [String] = []
    /// Batches that are still needed, with the pods that need them.
    var batchesToKeep: [(batch: BatchRecord, pods: Set<String>)] = []
    /// Batches without pods, and those that Slurm never took: should it take one yet, its tasks find no pods.
    var batchesToRemove: [String] = []

    /// - Parameters:
    ///   - pods: Every pod that is bound to our node.
    ///   - traces: By UID, for each directory.
    ///   - batches: What was submitted together.
    ///   - jobs: The user's jobs that bear this cluster's comment.
    init(pods: [Pod], traces: [String: Trace], batches: [BatchRecord] = [], jobs: [ClusterJob]) {
        let (jobsByPod, strangers) = Self.assign(jobs, batches)
        var intents: [String: SubmissionIntent] = [:]
        for batch in batches {
            for task in batch.members.indices {
                let intent = batch.intent(of: task)
                if intents[intent.uid]?.jobID == nil { intents[intent.uid] = intent }
            }
        }
        var known: Set<String> = []
        var chosenJobs: Set<JobID> = []
        for pod in pods {
            let uid = pod.metadata.uid
            known.insert(uid)
            let trace = traces[uid]
            let intent = trace?.intent?.jobID == nil ? intents[uid] ?? trace?.intent : trace?.intent
            let candidates = (jobsByPod[uid] ?? []).sorted { $0.id < $1.id }
            let live = candidates.first { !$0.state.isFinal }
            // A recorded job that Slurm has lost gave way to another, whose record this agent's predecessor may not have written yet.
            let recorded = intent?.jobID.flatMap { id in live == nil || candidates.contains { $0.id == id } ? id : nil }
            let chosen = trace?.startedJob ?? recorded ?? (live ?? candidates.first)?.id
            if let chosen { chosenJobs.insert(chosen) }
            jobsToCancel += candidates.filter { $0.id != chosen && !$0.state.isFinal }.map(\.id)
            let wasRunning = pod.status.phase == .running
            self.pods[uid] = PodRecovery(
                jobID: chosen, events: trace?.events ?? [], imageIDs: intent?.imageIDs ?? [:],
                isDirectoryLost: trace == nil && chosen == nil && wasRunning)
            if chosen == nil, intent != nil { uncertain.insert(uid) }
        }
        for (uid, records) in jobsByPod where !known.contains(uid) { jobsToCancel += records.filter { !$0.state.isFinal }.map(\.id) }
        jobsToCancel += strangers.filter { !$0.state.isFinal && !chosenJobs.contains($0.id) }.map(\.id)
        jobsToCancel.sort()
        directoriesToRemove = traces.keys.filter { !known.contains($0) }.sorted()
        let takenBatches = Set(jobs.compactMap { job in if case .batch(let id) = job.comment.subject { id } else { nil } })
        for batch in batches {
            let pods = Set(batch.members.map(\.uid)).intersection(known)
            if pods.isEmpty || (batch.jobID == nil && !takenBatches.contains(batch.id)) {
                batchesToRemove.append(batch.id)
            } else {
                batchesToKeep.append((batch, pods))
            }
        }
    }

    /// Each pod's jobs, and jobs of batches that nobody knows.
    private static func assign(_ jobs: [ClusterJob], _ batches: [BatchRecord]) -> (byPod: [String: [JobRecord]], strangers: [JobRecord]) {
        let batches = Dictionary(batches.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var byPod: [String: [JobRecord]] = [:]
        var strangers: [JobRecord] = []
        for job in jobs {
            switch job.comment.subject {
            case .pod(let uid): byPod[uid, default: []].append(job.record)
            case .batch(let id):
                for record in job.record.tasks {
                    guard let task = record.id.task, let batch = batches[id], Int(task) < batch.members.count else {
                        strangers.append(record)
                        continue
                    }
                    byPod[batch.members[Int(task)].uid, default: []].append(record)
                }
            }
        }
        return (byPod, strangers)
    }
}
