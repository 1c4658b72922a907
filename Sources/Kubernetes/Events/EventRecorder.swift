import Foundation
import Logging

/// Writes events about objects, so that `kubectl describe` tells what happened.
///
/// `record` never waits: notes go into a queue, `run` sends them one after the other. Equal notes become one event with a count. When
/// the server is away or an object has too much to tell, notes are dropped: an event is a courtesy, never the truth.
public final class EventRecorder: Sendable {
    private struct Item: Sendable {
        let note: EventNote
        let time: Date
        let component: String
    }

    private static let messageLimit = 1024
    private static let reasonLimit = 128

    private let client: KubernetesClient
    private let component: String
    private let host: String
    private let parallelism: Int
    private let items: AsyncStream<Item>
    private let continuation: AsyncStream<Item>.Continuation

    /// - Parameters:
    ///   - component: Who reports, as `kubelet`.
    ///   - host: Name of the node.
    ///   - capacity: Most notes that wait; further ones are dropped.
    ///   - parallelism: Requests under way at a time: events of one pod must not wait for those of all others.
    public init(client: KubernetesClient, component: String, host: String, capacity: Int = 1000, parallelism: Int = 16) {
        self.parallelism = max(1, parallelism)
        self.client = client
        self.component = component
        self.host = host
        (items, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(max(1, capacity)))
    }

    /// Notes that something happened to an object.
    ///
    /// - Parameters:
    ///   - reason: For machines, in CamelCase; cut at 128 bytes.
    ///   - message: For people; cut at 1024 bytes.
    ///   - fieldPath: Part of the object, as `spec.containers{name}`.
    ///   - component: Who reports, if another than the recorder's.
    public func record<T: KubernetesResource>(
        _ object: T, _ type: EventType, reason: String, _ message: String, fieldPath: String? = nil, component: String? = nil
    ) {
        let metadata = object.metadata
        let reference = EventObject(
            kind: T.descriptor.kind, apiVersion: T.descriptor.apiVersion, namespace: metadata.namespace, name: metadata.name,
            uid: metadata.uid, fieldPath: fieldPath ?? "")
        let note = EventNote(
            object: reference, type: type, reason: Self.cut(reason, Self.reasonLimit), message: Self.cut(message, Self.messageLimit))
        continuation.yield(Item(note: note, time: client.time.now(), component: component ?? self.component))
    }

    /// Sends notes until the task is cancelled.
    public func run() async {
        var aggregator = EventAggregator()
        var underWay: Set<EventNote> = []
        await withTaskGroup(of: (EventNote, isKnown: Bool).self) { group in
            func finishOne() async {
                guard let (note, isKnown) = await group.next() else { return }
                underWay.remove(note)
                if !isKnown { aggregator.forget(note) }
            }
            func begin(_ item: Item) {
                let decision = aggregator.decide(item.note, now: client.time.uptime(), unique: unique(item.time))
                if case .drop = decision {
                    return client.logger.debug("too many events of one object", metadata: ["object": "\(item.note.object.name)"])
                }
                underWay.insert(item.note)
                group.addTask { (item.note, await self.send(decision, item)) }
            }
            for await item in items {
                // The count of an event must not overtake the event.
                while underWay.count >= parallelism || underWay.contains(item.note) { await finishOne() }
                begin(item)
                if Task.isCancelled { return group.cancelAll() }
            }
        }
    }

    /// Two recorders that start in the same microsecond still differ in the lower bits.
    private func unique(_ time: Date) -> UInt64 {
        UInt64(bitPattern: MicroTime(time).microsecondsSince1970) << 12 | UInt64(client.time.random() * 4096)
    }

    /// - Returns: whether the server has the event by the name that was decided.
    private func send(_ decision: EventAggregator.Decision, _ item: Item) async -> Bool {
        do {
            switch decision {
            case .drop: break
            case .create(let name): try await client.createOnly(event(name, item))
            case .count(let name, let count):
                let patch = Patch.strategic(["count": .int(Int64(count)), "lastTimestamp": .string(Timestamp(item.time).description)])
                try await client.patchOnly(Event.descriptor, name, namespace: Self.namespace(item.note.object), patch)
            }
            return true
        } catch {
            client.logger.debug("an event could not be written", metadata: ["error": "\(error)"])
            guard case .count = decision else { return false }
            guard let error = error as? KubernetesError, error.isNotFound else { return true }
            // Events live for an hour: this one begins anew.
            _ = await send(.create(name: EventAggregator.name(item.note, unique: unique(item.time))), item)
            return false
        }
    }

    private func event(_ name: String, _ item: Item) -> Event {
        let object = item.note.object
        let namespace = Self.namespace(object)
        return Event(
            metadata: ObjectMeta(name: name, namespace: namespace),
            involvedObject: ObjectReference(
                apiVersion: object.apiVersion, kind: object.kind, namespace: object.namespace.isEmpty ? nil : object.namespace,
                name: object.name, uid: object.uid, fieldPath: object.fieldPath.isEmpty ? nil : object.fieldPath),
            reason: item.note.reason, message: item.note.message, source: EventSource(component: item.component, host: host),
            firstTimestamp: Timestamp(item.time), lastTimestamp: Timestamp(item.time), count: 1, type: item.note.type.rawValue)
    }

    /// Events of cluster-wide objects live in `default`.
    private static func namespace(_ object: EventObject) -> String { object.namespace.isEmpty ? "default" : object.namespace }

    /// Cuts a text to a number of bytes at a character's end and says so by three dots.
    static func cut(_ text: String, _ limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var result = ""
        var count = 3
        for character in text {
            count += character.utf8.count
            if count > limit { break }
            result.append(character)
        }
        return result + "..."
    }
}
