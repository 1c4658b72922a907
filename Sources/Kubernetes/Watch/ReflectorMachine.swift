/// Decides what a reflector does next: a value without clock, network or objects.
struct ReflectorMachine: Sendable, Equatable {
    /// How a watch came to its end.
    enum WatchEnd: Sendable, Equatable {
        /// The server ended it in good order.
        case clean
        /// The version is too old: 410 as the response, or as an ERROR event.
        case expired
        /// Anything else, and how long the server wants us to wait.
        case failed(retryAfter: Duration?)
    }

    /// What to do next.
    enum Step: Sendable, Equatable {
        case list
        case watch(from: String)
    }

    private static let base = Duration.milliseconds(500)
    private static let cap = Duration.seconds(30)

    /// Version that is known; nil means that only a list can tell.
    private var resourceVersion: String?
    /// Failures since the last good news.
    private var failures = 0
    /// Whether the server is known to send a bookmark each minute.
    private(set) var hasBookmarks = false

    var next: Step {
        guard let resourceVersion else { return .list }
        return .watch(from: resourceVersion)
    }

    /// A list was read. It does not end the count of failures: a watch that fails after each list must slow down too.
    mutating func listed(resourceVersion: String) {
        self.resourceVersion = resourceVersion.isEmpty ? nil : resourceVersion
    }

    /// A list failed; the wait before the next.
    mutating func listFailed(retryAfter: Duration?, random: Double) -> Duration {
        resourceVersion = nil
        return fail(retryAfter: retryAfter, random: random)
    }

    /// An event came.
    mutating func advanced(to resourceVersion: String, isBookmark: Bool) {
        failures = 0
        if isBookmark { hasBookmarks = true }
        if !resourceVersion.isEmpty { self.resourceVersion = resourceVersion }
    }

    /// A watch ended; the wait before the next step.
    ///
    /// - Parameter lasted: How long it was open. A server that ends each watch at once must not be asked in a loop.
    mutating func watchEnded(_ end: WatchEnd, lasted: Duration, random: Double) -> Duration {
        switch end {
        case .clean:
            guard lasted < .seconds(1) else {
                failures = 0
                return .zero
            }
            return fail(retryAfter: nil, random: random)
        case .expired:
            resourceVersion = nil
            // The first time at once: the list makes it good. Again and again means that something is wrong.
            failures += 1
            return failures == 1 ? .zero : Backoff.delay(afterFailures: failures - 1, base: Self.base, cap: Self.cap, random: random)
        case .failed(let retryAfter):
            return fail(retryAfter: retryAfter, random: random)
        }
    }

    /// Events were lost: list anew, after a wait.
    mutating func watchUnreadable(random: Double) -> Duration {
        resourceVersion = nil
        return fail(retryAfter: nil, random: random)
    }

    private mutating func fail(retryAfter: Duration?, random: Double) -> Duration {
        failures += 1
        let backoff = Backoff.delay(afterFailures: failures, base: Self.base, cap: Self.cap, random: random)
        return max(backoff, min(retryAfter ?? .zero, Self.cap))
    }
}
