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
                if case .supervisorStarted(let start) = event.kind { return JobID(rawValue: start.jobID) }
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

    /// - Parameters:
    ///   - pods: Every pod that is bound to our node.
    ///   - traces: By UID, for each directory.
    ///   - jobs: The user's jobs that bear a UID of this cluster's pods.
    init(pods: [Pod], traces: [String: Trace], jobs: [(uid: String, record: JobRecord)]) {
        var jobsByPod: [String: [JobRecord]] = [:]
        for (uid, record) in jobs { jobsByPod[uid, default: []].append(record) }
        var known: Set<String> = []
        for pod in pods {
            let uid = pod.metadata.uid
            known.insert(uid)
            let trace = traces[uid]
            let candidates = (jobsByPod[uid] ?? []).sorted { $0.id < $1.id }
            let chosen = trace?.startedJob ?? trace?.intent?.jobID ?? (candidates.first { !$0.state.isFinal } ?? candidates.first)?.id
            jobsToCancel += candidates.filter { $0.id != chosen && !$0.state.isFinal }.map(\.id)
            let wasRunning = pod.status.phase == .running
            self.pods[uid] = PodRecovery(
                jobID: chosen, events: trace?.events ?? [], imageIDs: trace?.intent?.imageIDs ?? [:],
                isDirectoryLost: trace == nil && chosen == nil && wasRunning)
            if chosen == nil, trace?.intent != nil { uncertain.insert(uid) }
        }
        for (uid, record) in jobs where !known.contains(uid) && !record.state.isFinal { jobsToCancel.append(record.id) }
        directoriesToRemove = traces.keys.filter { !known.contains($0) }.sorted()
    }
}
