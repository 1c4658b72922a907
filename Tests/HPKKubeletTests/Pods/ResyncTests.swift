import Kubernetes
import Testing

@testable import HPKKubelet

@Suite("Comparing a status with what the API server shows")
struct ResyncTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var isTold: Bool
        var change: @Sendable (inout PodStatus) -> Void
    }

    private static let own: PodStatus = {
        var main = ContainerStatus(name: "main", restartCount: 1, image: "i")
        main.state.running = ContainerStateRunning(startedAt: Timestamp(secondsSince1970: 10))
        main.ready = true
        var status = PodStatus(phase: .running, containerStatuses: [main])
        status.podIP = "10.0.0.7"
        status.conditions = [PodCondition(type: "Ready", status: .true)]
        return status
    }()

    static let rows = [
        Row(testDescription: "the same", isTold: true) { _ in },
        Row(testDescription: "a condition of another controller", isTold: true) {
            $0.conditions.append(PodCondition(type: "PodScheduled", status: .true))
        },
        Row(testDescription: "another time of a condition", isTold: true) {
            $0.conditions[0].lastTransitionTime = Timestamp(secondsSince1970: 99)
        },
        Row(testDescription: "another start", isTold: true) {
            $0.containerStatuses[0].state.running = ContainerStateRunning(startedAt: Timestamp(secondsSince1970: 11))
        },
        Row(testDescription: "another phase", isTold: false) { $0.phase = .failed },
        Row(testDescription: "a reason", isTold: false) { $0.reason = "NodeLost" },
        Row(testDescription: "a message", isTold: false) { $0.message = "lost" },
        Row(testDescription: "no address", isTold: false) { $0.podIP = nil },
        Row(testDescription: "not ready, as the node controller says of a lost node", isTold: false) { $0.conditions[0].status = .false },
        Row(testDescription: "a condition removed", isTold: false) { $0.conditions = [] },
        Row(testDescription: "no container", isTold: false) { $0.containerStatuses = [] },
        Row(testDescription: "another container", isTold: false) { $0.containerStatuses[0].name = "other" },
        Row(testDescription: "another count of restarts", isTold: false) { $0.containerStatuses[0].restartCount = 0 },
        Row(testDescription: "a container not ready", isTold: false) { $0.containerStatuses[0].ready = false },
        Row(testDescription: "a container that waits", isTold: false) {
            $0.containerStatuses[0].state = ContainerState(waiting: ContainerStateWaiting(reason: "X"))
        },
        Row(testDescription: "a container that ended", isTold: false) {
            $0.containerStatuses[0].state.running = nil
            $0.containerStatuses[0].state.terminated = ContainerStateTerminated(exitCode: 1)
        },
    ]

    @Test("Only what the agent decides counts", arguments: rows)
    func told(row: Row) {
        var seen = Self.own
        row.change(&seen)
        #expect(Self.own.isTold(by: seen) == row.isTold)
    }
}
