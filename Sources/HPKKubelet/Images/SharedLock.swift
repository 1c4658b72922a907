import Foundation

/// A lock between node agents on one shared file system, so that an image is pulled once.
///
/// A file made with `O_EXCL` holds the owner; the owner renews its time every few seconds. Locks of the kernel (`fcntl`, `flock`) are not used:
/// some mounts refuse them, others keep them local to a host, and NFS forgets them when the server starts again.
/// - A waiter compares what it sees now with what it saw before, by its own monotonic clock: the clocks of two hosts are never compared.
/// - An owner on the waiter's own host is looked up among its processes, so a killed agent's lock is free at once.
/// - Should two agents hold the lock after all (a host that slept past `staleAfter`), an image is pulled twice and renamed into place twice,
///   both times whole: the lock saves work, the rename keeps the store right.
struct SharedLock: Sendable {
    struct Timing: Sendable {
        /// How often the owner renews the file's time.
        var heartbeat: Duration = .seconds(5)
        /// How long a lock of another host may go without a renewal.
        var staleAfter: Duration = .seconds(40)
        /// How often a waiter looks.
        var interval: Duration = .milliseconds(250)
    }

    private struct Owner: Codable {
        var token: String
        var process: ProcessMark
    }

    /// What a waiter sees of a lock.
    private struct Sight: Sendable, Equatable {
        var token: String?
        var modified: Int64
        var isDead: Bool
    }

    private let path: String
    private let timing: Timing
    private let clock: MonotonicClock
    private let process: ProcessMark

    init(path: String, timing: Timing = Timing(), clock: MonotonicClock = .system, process: ProcessMark = .current) {
        self.path = path
        self.timing = timing
        self.clock = clock
        self.process = process
    }

    /// Waits for the lock, holds it while `body` runs, and lets it go. `body` is cancelled with the caller.
    func withLock<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let token = SharedFiles.uniqueToken()
        try await acquire(token)
        do {
            let value = try await withThrowingTaskGroup(of: Value?.self) { group in
                group.addTask { try await body() }
                group.addTask {
                    // Ends by cancellation only; a lock that was taken away needs no renewal and harms nobody.
                    while true {
                        try await clock.sleep(timing.heartbeat)
                        try await BlockingWork.run { () throws(ImageFault) in if sight()?.token == token { SharedFiles.touch(path) } }
                    }
                }
                defer { group.cancelAll() }
                while let next = try await group.next() { if let next { return next } }
                throw CancellationError()
            }
            await release(token)
            return value
        } catch {
            await release(token)
            throw error
        }
    }

    private func acquire(_ token: String) async throws {
        let owner = Array(try JSONEncoder().encode(Owner(token: token, process: process)))
        var last: (sight: Sight, since: Duration)?
        while true {
            try Task.checkCancellation()
            let seen = try await BlockingWork.run { () throws(ImageFault) -> Sight? in
                while true {
                    if try SharedFiles.create(path, owner) { return nil }
                    // Gone between the two calls: try again at once.
                    if let seen = sight() { return seen }
                }
            }
            guard let seen else { return }
            let now = clock.now()
            if last?.sight != seen { last = (seen, now) }
            if seen.isDead || now - (last?.since ?? now) >= timing.staleAfter {
                try await BlockingWork.run { () throws(ImageFault) in breakLock(seen) }
                last = nil
            } else {
                try await clock.sleep(timing.interval)
            }
        }
    }

    private func sight() -> Sight? {
        // Opening asks the server anew, where a mere stat may be answered from a cache (NFS, close-to-open).
        guard let file = try? OpenFile(path), let bytes = try? file.readPrefix(limit: 4096) else { return nil }
        let owner = try? JSONDecoder().decode(Owner.self, from: Data(bytes))
        return Sight(token: owner?.token, modified: file.modified, isDead: owner?.process.isDead(seenFrom: process) ?? false)
    }

    /// Takes a dead lock away. Of several waiters one wins the rename; who took a living one by mistake puts it back.
    private func breakLock(_ dead: Sight) {
        let aside = path + ".dead-" + SharedFiles.uniqueToken()
        guard rename(path, aside) == 0 else { return }
        let bytes = SharedFiles.contents(aside, limit: 4096) ?? []
        if (try? JSONDecoder().decode(Owner.self, from: Data(bytes)))?.token != dead.token { link(aside, path) }
        unlink(aside)
    }

    private func release(_ token: String) async {
        // Shielded: the lock goes also when the caller was cancelled.
        _ = await Task { try? await BlockingWork.run { () throws(ImageFault) in if sight()?.token == token { unlink(path) } } }.value
    }
}
