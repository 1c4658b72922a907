import Foundation
import Kubernetes
import Synchronization

/// A clock that jumps to the end of each wait.
final class JumpingClock: Sendable {
    private let elapsed = Mutex(Duration.zero)
    private static let start = Date(timeIntervalSince1970: 1_700_000_000)

    var source: TimeSource {
        TimeSource(
            now: { [self] in Self.start.addingTimeInterval(elapsed.withLock { $0 } / .seconds(1)) },
            uptime: { [self] in elapsed.withLock { $0 } },
            sleep: { [self] duration in
                try Task.checkCancellation()
                elapsed.withLock { $0 += duration }
                await Task.yield()
            }, random: { 0.5 })
    }
}
