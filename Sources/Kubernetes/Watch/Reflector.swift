import Foundation
import Logging

/// What a reflector tells.
public enum ReflectorEvent<T: KubernetesResource>: Sendable {
    /// All objects of a list were told: the store is as the server was. After the first and after each further list.
    case synced
    /// An object is new.
    case added(Snapshot<T>)
    /// An object changed.
    case modified(Snapshot<T>)
    /// An object is gone: as it was last known.
    case deleted(Snapshot<T>)
    /// An object is there, or gone, that cannot be decoded. If a decodable version was known before, the store keeps that.
    case undecodable(UndecodableObject)
    /// A list or watch failed; the reflector tries on.
    case failed(KubernetesError)
}

/// Keeps a selection of objects up to date: lists, watches, and lists anew when the watch can't go on.
///
/// Objects that vanish while no watch is open are found by the next list. Events come in the order of the changes, for one reader.
public final class Reflector<T: KubernetesResource>: Sendable {
    /// What happened, in order. Not bounded: the reader must keep up, or at least come back.
    public let events: AsyncStream<ReflectorEvent<T>>
    /// What is known.
    public let store = ObjectStore<T>()

    private let client: KubernetesClient
    private let selection: Selection
    private let pageSize: Int
    private let continuation: AsyncStream<ReflectorEvent<T>>.Continuation
    private let logger: Logger

    /// Prepares a reflector; `run` starts it.
    public init(client: KubernetesClient, _ selection: Selection = Selection(), pageSize: Int = 500) {
        self.client = client
        self.selection = selection
        self.pageSize = pageSize
        (events, continuation) = AsyncStream.makeStream()
        var logger = client.logger
        logger[metadataKey: "kind"] = "\(T.descriptor.plural)"
        self.logger = logger
    }

    /// Works until the task is cancelled; then `events` ends.
    public func run() async {
        defer { continuation.finish() }
        var machine = ReflectorMachine()
        while !Task.isCancelled {
            let delay: Duration
            switch machine.next {
            case .list: delay = await list(&machine)
            case .watch(let version): delay = await watch(&machine, from: version)
            }
            if delay > .zero {
                do { try await client.time.sleep(delay) } catch { return }
            }
        }
    }

    private func list(_ machine: inout ReflectorMachine) async -> Duration {
        do {
            let list = try await client.list(T.self, selection, pageSize: pageSize)
            tell(store.replace(with: list))
            for object in list.undecodable { tell(object) }
            machine.listed(resourceVersion: list.resourceVersion)
            continuation.yield(.synced)
            return .zero
        } catch {
            guard let error = report(error) else { return .zero }
            return machine.listFailed(retryAfter: error.retryAfter, random: client.time.random())
        }
    }

    private func watch(_ machine: inout ReflectorMachine, from version: String) async -> Duration {
        let start = client.time.uptime()
        func end(_ end: ReflectorMachine.WatchEnd) -> Duration {
            machine.watchEnded(end, lasted: client.time.uptime() - start, random: client.time.random())
        }
        // Spread, so that the watches of many agents don't end together.
        let timeout = Duration.seconds(240 + Int(client.time.random() * 240))
        // Bookmarks come each minute: two of them missing says more, and sooner, than the time-out of the watch.
        let idle: Duration? = machine.hasBookmarks ? .seconds(150) : nil
        do {
            let watch = try await client.watch(
                T.self, selection, from: version, timeout: timeout, idleTimeout: idle, known: { [store] in store[$0] })
            for try await event in watch {
                switch event {
                case .added(let snapshot), .modified(let snapshot):
                    tell(store.update { $0.put(snapshot) })
                    machine.advanced(to: snapshot.value.metadata.resourceVersion, isBookmark: false)
                case .deleted(let snapshot):
                    tell(store.update { $0.remove(snapshot) })
                    machine.advanced(to: snapshot.value.metadata.resourceVersion, isBookmark: false)
                case .bookmark(let version): machine.advanced(to: version, isBookmark: true)
                case .undecodable(let object, let isDeleted):
                    if isDeleted, let key = object.key { tell(store.update { $0.remove(key) }) }
                    tell(object)
                    machine.advanced(to: object.resourceVersion ?? "", isBookmark: false)
                case .error(let status):
                    let seconds = status.details?.retryAfterSeconds
                    let error = KubernetesError(
                        .status(status), operation: "WATCH \(T.descriptor.path(namespace: selection.namespace))", code: status.code,
                        retryAfter: seconds.map { .seconds(min(max($0, 0), 3600)) })
                    if error.isGone { return end(.expired) }
                    report(error)
                    return end(.failed(retryAfter: error.retryAfter))
                }
            }
            return end(.clean)
        } catch {
            if let error = error as? KubernetesError, error.isGone { return end(.expired) }
            guard let error = report(error) else { return .zero }
            if case .unexpectedResponse = error.cause { return machine.watchUnreadable(random: client.time.random()) }
            return end(.failed(retryAfter: error.retryAfter))
        }
    }

    private func tell(_ changes: [ObjectChange<T>]) {
        for change in changes {
            switch change {
            case .added(let snapshot): continuation.yield(.added(snapshot))
            case .modified(let snapshot): continuation.yield(.modified(snapshot))
            case .deleted(let snapshot): continuation.yield(.deleted(snapshot))
            }
        }
    }

    private func tell(_ object: UndecodableObject) {
        logger.warning("\(object)")
        continuation.yield(.undecodable(object))
    }

    /// Nil when the failure is only our own cancellation.
    @discardableResult
    private func report(_ error: any Error) -> KubernetesError? {
        if error is CancellationError { return nil }
        let error = error as? KubernetesError ?? KubernetesError(.unexpectedResponse("\(error)"), operation: "WATCH \(T.descriptor.plural)")
        logger.debug("\(error)")
        continuation.yield(.failed(error))
        return error
    }
}
