import Foundation
import Kubernetes
import PodProtocol
import Testing

@testable import HPKBench

@Suite("A pod's life in stages")
struct PodTimelineTests {
    private static let second: Int64 = 1_000_000_000

    private static func sightings(_ times: [PodMilestone: Int64]) -> PodSightings {
        var sightings = PodSightings()
        sightings.times = times
        return sightings
    }

    @Test("each stage begins where the one before it ended")
    func stages() {
        let timeline = PodTimeline(
            created: 0, sightings: Self.sightings([.bound: Self.second, .running: 9 * Self.second, .ended: 20 * Self.second]),
            planned: 2 * Self.second, submitted: 3 * Self.second, stepStarted: 4 * Self.second, supervisor: 5 * Self.second,
            sandbox: 6 * Self.second, started: 8 * Self.second, exited: 18 * Self.second)
        #expect(
            timeline.seconds == [
                .bound: 1, .prepared: 1, .submitted: 1, .stepStarted: 1, .supervisor: 1, .sandbox: 1, .container: 2, .runningSeen: 1,
                .endSeen: 2,
            ])
        #expect(timeline.total == 20)
        #expect(timeline.ran == 10)
    }

    @Test("a time that is not known leaves out the two stages beside it, and clocks that disagree make no negative stage")
    func gaps() {
        let timeline = PodTimeline(
            created: 0, sightings: Self.sightings([.bound: 3 * Self.second]), planned: 2 * Self.second, submitted: 4 * Self.second,
            stepStarted: nil, supervisor: 6 * Self.second, sandbox: 7 * Self.second, started: nil, exited: nil)
        #expect(timeline.seconds == [.bound: 3, .prepared: 0, .submitted: 1, .sandbox: 1])
        #expect(timeline.total == nil)
    }

    @Test("the journal tells of supervisor, sandbox and container; lines that are none are passed over")
    func journal() throws {
        let exit = ContainerExit(exitCode: 0, reason: "Completed", startedAt: 3, finishedAt: 4 * Self.second)
        let kinds: [PodEvent.Kind] = [
            .sandboxReady(podAddresses: [], hostAddress: ""), .containerStarted(container: "main", restartCount: 0, containerID: ""),
            .containerExited(container: "main", restartCount: 0, exit: exit),
        ]
        var traces = PodTraces(directory: PodDirectory(path: "/nonexistent"))
        traces.journal = Data("torn\n".utf8)
        for (index, kind) in kinds.enumerated() {
            let event = PodEvent(sequence: UInt64(index + 1), time: Int64(index + 1) * Self.second, kind: kind)
            traces.journal += Data(try MessageCoding.encode(event)) + Data("\n".utf8)
        }
        let timeline = PodTimeline(created: 0, sightings: Self.sightings([.ended: 5 * Self.second]), traces: traces)
        #expect(timeline.seconds == [.container: 1, .endSeen: 2])
        #expect(timeline.ran == 1)
        #expect(PodTimeline.exitTime(in: traces) == 4 * Self.second)
    }

    @Test("a watcher remembers the first sight of each milestone")
    func sightings() throws {
        var seen = PodSightings()
        var pod = Pod(metadata: ObjectMeta(name: "a", uid: "u"))
        #expect(seen.see(pod, isGone: false, at: 1) == [])
        pod.spec.nodeName = "n"
        #expect(seen.see(pod, isGone: false, at: 2) == [.bound])
        pod.status.phase = .succeeded
        #expect(seen.see(pod, isGone: false, at: 3) == [.ended])
        #expect(seen.see(pod, isGone: true, at: 4) == [.gone])
        #expect(seen.hasSucceeded)
        #expect(seen.times == [.bound: 2, .ended: 3, .gone: 4])
    }

    @Test(
        "the last line of a log has the time of the container's last act",
        arguments: [
            ("1970-01-01T00:00:01.5Z stdout F a\n1970-01-01T00:00:02.000000007Z stdout F end\n", 2_000_000_007 as Int64?),
            ("1970-01-01T00:00:01.5Z stdout F a", 1_500_000_000), ("", nil), ("nonsense\n", nil),
            ("1970-01-01T00:00:01Z stdout F a\n", nil),
        ])
    func lastLine(log: String, time: Int64?) {
        #expect(LogEnd.time(ofLastLineIn: Data(log.utf8)) == time)
    }
}
