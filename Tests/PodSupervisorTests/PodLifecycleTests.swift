import PodProtocol
import Testing

@testable import PodSupervisor

private let second: Int64 = 1_000_000_000

@Suite("A pod's life") struct PodLifecycleTests {
    private func waiting(_ container: String, _ pause: String) -> PodLifecycle.Action {
        .report(
            .containerWaiting(
                container: container, reason: "CrashLoopBackOff",
                message: "back-off \(pause) restarting failed container=\(container) pod=pod_ns(u)"))
    }

    @Test("containers start side by side, and the pod ends when all have ended")
    func parallel() {
        var pod = PodLifecycle(plan: plan(containers: ["a", "b"]))
        #expect(pod.begin() == [.start(container: 0, restartCount: 0), .start(container: 1, restartCount: 0)])
        #expect(pod.begin() == [])
        #expect(pod.started(0, at: 0) == [])
        #expect(pod.started(1, at: 0) == [])
        #expect(pod.exited(0, succeeded: true, at: 0) == [])
        #expect(pod.exited(1, succeeded: true, at: 0) == [.report(.finished), .finish(succeeded: true)])
        #expect(pod.exited(1, succeeded: true, at: 0) == [])
    }

    @Test("init containers run one after the other before the others")
    func initOrder() {
        var pod = PodLifecycle(plan: plan(inits: ["i", "j"]))
        #expect(pod.begin() == [.start(container: 0, restartCount: 0)])
        #expect(pod.exited(0, succeeded: true, at: 0) == [.start(container: 1, restartCount: 0)])
        #expect(pod.exited(1, succeeded: true, at: 0) == [.start(container: 2, restartCount: 0)])
        #expect(pod.exited(2, succeeded: true, at: 0) == [.report(.finished), .finish(succeeded: true)])
    }

    @Test("a failed init container ends a pod that is never restarted")
    func initFails() {
        var pod = PodLifecycle(plan: plan(inits: ["i"]))
        _ = pod.begin()
        #expect(pod.exited(0, succeeded: false, at: 0) == [.report(.finished), .finish(succeeded: false)])
    }

    @Test("a failed init container is tried again otherwise", arguments: [RestartPolicy.onFailure, .always])
    func initRetried(policy: RestartPolicy) {
        var pod = PodLifecycle(plan: plan(policy, inits: ["i"]))
        _ = pod.begin()
        #expect(pod.exited(0, succeeded: false, at: 0) == [.start(container: 0, restartCount: 1)])
        #expect(pod.exited(0, succeeded: false, at: second) == [waiting("i", "10s"), .wake(container: 0, at: 11 * second)])
        #expect(pod.timerFired(0, at: 11 * second) == [.start(container: 0, restartCount: 2)])
        #expect(pod.exited(0, succeeded: true, at: 12 * second) == [.start(container: 1, restartCount: 0)])
    }

    @Test(
        "the restart policy decides what is started again",
        arguments: [
            (RestartPolicy.never, true, false), (.never, false, false), (.onFailure, true, false), (.onFailure, false, true),
            (.always, true, true), (.always, false, true),
        ])
    func policy(policy: RestartPolicy, succeeded: Bool, restarts: Bool) {
        var pod = PodLifecycle(plan: plan(policy))
        _ = pod.begin()
        _ = pod.started(0, at: 0)
        let actions = pod.exited(0, succeeded: succeeded, at: second)
        #expect(actions == (restarts ? [.start(container: 0, restartCount: 1)] : [.report(.finished), .finish(succeeded: succeeded)]))
    }

    @Test("the pause doubles from ten seconds to five minutes, and a long run forgets it")
    func backoff() {
        var pod = PodLifecycle(plan: plan(.always))
        _ = pod.begin()
        var now: Int64 = 0
        #expect(pod.exited(0, succeeded: false, at: now) == [.start(container: 0, restartCount: 1)])
        let pauses: [(Int64, String)] = [
            (10, "10s"), (20, "20s"), (40, "40s"), (80, "1m20s"), (160, "2m40s"), (300, "5m0s"), (300, "5m0s"),
        ]
        for (count, (seconds, words)) in pauses.enumerated() {
            let until = now + seconds * second
            #expect(pod.exited(0, succeeded: false, at: now) == [waiting("a", words), .wake(container: 0, at: until)])
            #expect(pod.timerFired(0, at: until - 1) == [.wake(container: 0, at: until)])
            #expect(pod.timerFired(0, at: until) == [.start(container: 0, restartCount: count + 2)])
            now = until
        }
        now += 600 * second
        #expect(pod.exited(0, succeeded: false, at: now) == [.start(container: 0, restartCount: 9)])
        #expect(pod.exited(0, succeeded: false, at: now) == [waiting("a", "10s"), .wake(container: 0, at: now + 10 * second)])
    }

    @Test("what cannot be made is tried again as the same instance")
    func notCreated() {
        var pod = PodLifecycle(plan: plan())
        _ = pod.begin()
        let report = PodLifecycle.Action.report(.containerWaiting(container: "a", reason: "R", message: "m"))
        #expect(pod.notCreated(0, reason: "R", message: "m", at: 0) == [report, .wake(container: 0, at: 10 * second)])
        #expect(pod.timerFired(0, at: 10 * second) == [.start(container: 0, restartCount: 0)])
        #expect(pod.notCreated(0, reason: "R", message: "m", at: 10 * second) == [report, .wake(container: 0, at: 30 * second)])
        #expect(
            pod.stop(graceSeconds: 5, reason: "x", at: 11 * second) == [
                .report(.stopping(reason: "x")), .report(.finished), .finish(succeeded: false),
            ])
    }

    @Test("a stop asks running containers, then kills what is left after the grace")
    func stop() {
        var pod = PodLifecycle(plan: plan(.always, containers: ["a", "b", "c"]))
        _ = pod.begin()
        _ = pod.started(0, at: 0)
        _ = pod.started(1, at: 0)
        #expect(
            pod.stop(graceSeconds: 30, reason: "Deleted", at: 0) == [
                .report(.stopping(reason: "Deleted")), .terminate(container: 0), .terminate(container: 1), .wakeForKill(at: 30 * second),
            ])
        // The third was being started: the stop reaches it as soon as it runs.
        #expect(pod.started(2, at: second) == [.terminate(container: 2)])
        #expect(pod.exited(0, succeeded: false, at: second) == [])
        #expect(pod.graceEnded(at: 29 * second) == [.wakeForKill(at: 30 * second)])
        #expect(pod.graceEnded(at: 30 * second) == [.kill(container: 1), .kill(container: 2)])
        #expect(pod.exited(1, succeeded: false, at: 31 * second) == [])
        #expect(pod.exited(2, succeeded: false, at: 31 * second) == [.report(.finished), .finish(succeeded: false)])
        #expect(pod.stop(graceSeconds: 0, reason: "again", at: 32 * second) == [])
    }

    @Test("a later stop shortens the grace and never lengthens it")
    func shorten() {
        var pod = PodLifecycle(plan: plan())
        _ = pod.begin()
        _ = pod.started(0, at: 0)
        _ = pod.stop(graceSeconds: 30, reason: "x", at: 0)
        #expect(pod.stop(graceSeconds: 60, reason: "y", at: second) == [])
        #expect(pod.stop(graceSeconds: 5, reason: "y", at: second) == [.wakeForKill(at: 6 * second)])
        #expect(pod.stop(graceSeconds: 0, reason: "z", at: 2 * second) == [.kill(container: 0)])
        #expect(pod.isStopping)
    }

    @Test("a stop without grace kills at once, also what is being started")
    func killAtOnce() {
        var pod = PodLifecycle(plan: plan(containers: ["a", "b"]))
        _ = pod.begin()
        _ = pod.started(0, at: 0)
        #expect(
            pod.stop(graceSeconds: -3, reason: "x", at: 0) == [
                .report(.stopping(reason: "x")), .kill(container: 0), .kill(container: 1),
            ])
        #expect(pod.started(1, at: 1) == [.kill(container: 1)])
    }

    @Test("a stop before the first container ends the pod")
    func stopEarly() {
        var pod = PodLifecycle(plan: plan(inits: ["i"]))
        #expect(
            pod.stop(graceSeconds: 30, reason: "x", at: 0) == [
                .report(.stopping(reason: "x")), .report(.finished), .finish(succeeded: false),
            ])
        #expect(pod.begin() == [])
    }

    @Test("a stop during an init container keeps the others from starting")
    func stopDuringInit() {
        var pod = PodLifecycle(plan: plan(inits: ["i"]))
        _ = pod.begin()
        _ = pod.started(0, at: 0)
        _ = pod.stop(graceSeconds: 30, reason: "x", at: 0)
        #expect(pod.exited(0, succeeded: true, at: 1) == [.report(.finished), .finish(succeeded: false)])
    }

    @Test("a stop during the pause ends with the last result", arguments: [true, false])
    func stopInPause(succeeded: Bool) {
        var pod = PodLifecycle(plan: plan(.always))
        _ = pod.begin()
        _ = pod.exited(0, succeeded: succeeded, at: 0)
        _ = pod.exited(0, succeeded: succeeded, at: 0)
        #expect(
            pod.stop(graceSeconds: 30, reason: "x", at: 0) == [
                .report(.stopping(reason: "x")), .report(.finished), .finish(succeeded: succeeded),
            ])
        #expect(pod.timerFired(0, at: 100 * second) == [])
    }

    @Test("instances are counted on from an earlier attempt")
    func laterAttempt() {
        var pod = PodLifecycle(plan: plan(.onFailure), firstRestartCount: { $0 == "a" ? 3 : 0 })
        #expect(pod.begin() == [.start(container: 0, restartCount: 3)])
        #expect(pod.exited(0, succeeded: false, at: 0) == [.start(container: 0, restartCount: 4)])
    }

    @Test("news of unknown containers is passed over")
    func unknown() {
        var pod = PodLifecycle(plan: plan())
        _ = pod.begin()
        #expect(pod.started(7, at: 0) == [])
        #expect(pod.exited(-1, succeeded: true, at: 0) == [])
        #expect(pod.notCreated(7, reason: "", message: "", at: 0) == [])
        #expect(pod.timerFired(0, at: 0) == [])
        #expect(pod.graceEnded(at: 0) == [])
    }

    @Test(
        "pauses are written as Go writes durations",
        arguments: [(0.0, "0s"), (0.5, "500ms"), (10, "10s"), (80, "1m20s"), (300, "5m0s"), (3600, "1h0m0s"), (2.5, "2.5s")])
    func durations(seconds: Double, text: String) {
        #expect(RestartPause.describe(seconds) == text)
    }
}
