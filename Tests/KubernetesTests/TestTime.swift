import Foundation
import Synchronization

@testable import Kubernetes

/// A clock that moves only when somebody sleeps on it or a test moves it.
final class TestTime: Sendable {
    private struct State {
        var uptime = Duration.zero
        var slept: [Duration] = []
    }

    private let state = Mutex(State())
    private let start = Date(timeIntervalSince1970: 1_764_000_000)

    /// What was slept so far.
    var slept: [Duration] { state.withLock { $0.slept } }

    func advance(by duration: Duration) { state.withLock { $0.uptime += duration } }

    var source: TimeSource {
        TimeSource(
            now: { self.start.addingTimeInterval(self.state.withLock { $0.uptime / .seconds(1) }) },
            uptime: { self.state.withLock { $0.uptime } },
            sleep: { duration in
                try Task.checkCancellation()
                self.state.withLock { state in
                    state.slept.append(duration)
                    state.uptime += duration
                }
            },
            random: { 0.5 })
    }
}
