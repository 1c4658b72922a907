import Synchronization

/// What references named a moment ago: pods of one image come in bursts, and each look at the shared folder is several operations there.
///
/// Kept so short that an image counts as in use all the time (``ImageCatalog/entry(_:)`` marks it), and that what other agents find out
/// about a tag is soon seen here.
final class RecentImages: Sendable {
    private static let lifetime = Duration.seconds(10)
    private static let capacity = 256

    private struct Known {
        var name: ImageCatalog.Name
        var entry: ImageCatalog.Entry
        var since: Duration
    }

    private let clock: MonotonicClock
    private let known = Mutex<[String: Known]>([:])

    init(clock: MonotonicClock) { self.clock = clock }

    subscript(reference: String) -> (name: ImageCatalog.Name, entry: ImageCatalog.Entry)? {
        get {
            let now = clock.now()
            return known.withLock { known in
                guard let found = known[reference], now - found.since < Self.lifetime else { return nil }
                return (found.name, found.entry)
            }
        }
        set {
            let now = clock.now()
            known.withLock { known in
                if known.count >= Self.capacity { known = known.filter { now - $0.value.since < Self.lifetime } }
                if known.count >= Self.capacity { known = [:] }
                known[reference] = newValue.map { Known(name: $0.name, entry: $0.entry, since: now) }
            }
        }
    }
}
