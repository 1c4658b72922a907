import Kubernetes
import Testing

/// How a pod looks after its job's end.
struct JobEnd: Sendable {
    var phase: PodPhase
    /// `status.reason`; nil for an end that the containers tell by themselves.
    var reason: String?
    /// Must stand in `status.message`.
    var message = ""
    /// Exit codes that the container may have ended with; empty for one that never ran.
    var exitCodes: [Int] = []
    /// The container's own reason: of its termination, or of its waiting where it never ran.
    var containerReason: String?
    /// Slurm's last word on the job, in the annotation.
    var jobState: String
    /// Reasons of events that the pod must have.
    var events: [String] = []

    func check(_ pod: Pod, _ events: [SeenEvent]) {
        let name = "pod \(pod.metadata.name): \(PodBoard.summary(of: pod))"
        #expect(pod.status.phase == phase, "\(name)")
        #expect(pod.status.reason == reason, "\(name)")
        #expect(pod.status.message?.contains(message) ?? message.isEmpty, "\(name)")
        let state = pod.mainState
        if exitCodes.isEmpty {
            #expect(state?.waiting?.reason == containerReason, "\(name)")
        } else {
            #expect(exitCodes.contains(state?.terminated?.exitCode ?? -1), "\(name)")
            if let containerReason { #expect(state?.terminated?.reason == containerReason, "\(name)") }
        }
        #expect(pod.jobState == jobState, "\(name)")
        #expect(pod.pendingReason?.isEmpty ?? true, "\(name): an ended job waits for nothing")
        #expect(pod.status.containerStatuses.allSatisfy { !$0.ready }, "\(name)")
        #expect(pod.status.conditions.first { $0.type == "Ready" }?.status == .false, "\(name)")
        let reasons = Set(events.filter { $0.pod == pod.metadata.name }.map(\.reason))
        #expect(Set(self.events + ["Scheduled"]).isSubset(of: reasons), "\(name) has the events \(reasons.sorted())")
    }
}
