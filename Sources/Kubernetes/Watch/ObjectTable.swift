import Synchronization

/// A difference between what was known and what is.
public enum ObjectChange<T: KubernetesResource>: Sendable {
    /// An object is new.
    case added(Snapshot<T>)
    /// An object changed.
    case modified(Snapshot<T>)
    /// An object is gone: as it was last known.
    case deleted(Snapshot<T>)
}

/// Objects by namespace and name, and what changes when lists and events come in.
struct ObjectTable<T: KubernetesResource>: Sendable {
    /// A pod is a kilobyte, and a dictionary has room for half as many more as it holds.
    private final class Entry: Sendable {
        let snapshot: Snapshot<T>

        init(_ snapshot: Snapshot<T>) { self.snapshot = snapshot }
    }

    private var entries: [ObjectKey: Entry] = [:]

    /// What is known of an object.
    subscript(_ key: ObjectKey) -> Snapshot<T>? { entries[key]?.snapshot }

    var count: Int { entries.count }

    /// All that are known.
    var snapshots: [Snapshot<T>] { entries.values.map(\.snapshot) }

    /// Takes a whole list: what it lacks is gone, found or not by a watch.
    ///
    /// - Parameter undecodable: Objects that are there but cannot be decoded: these are not gone.
    mutating func replace(with list: [Snapshot<T>], undecodable: Set<ObjectKey> = []) -> [ObjectChange<T>] {
        var changes: [ObjectChange<T>] = []
        var present = undecodable
        present.reserveCapacity(list.count)
        for snapshot in list { present.insert(snapshot.key) }
        for (key, known) in entries where !present.contains(key) {
            changes.append(.deleted(known.snapshot))
            entries[key] = nil
        }
        for snapshot in list { changes += put(snapshot) }
        return changes
    }

    /// Takes an object that came or changed. A namesake with another UID means that the old one is gone.
    mutating func put(_ snapshot: Snapshot<T>) -> [ObjectChange<T>] {
        let metadata = snapshot.value.metadata
        guard let known = entries.updateValue(Entry(snapshot), forKey: snapshot.key)?.snapshot else { return [.added(snapshot)] }
        if known.value.metadata.uid != metadata.uid { return [.deleted(known), .added(snapshot)] }
        if known.value.metadata.resourceVersion == metadata.resourceVersion, !metadata.resourceVersion.isEmpty { return [] }
        return [.modified(snapshot)]
    }

    /// Takes an object that is gone.
    mutating func remove(_ snapshot: Snapshot<T>) -> [ObjectChange<T>] {
        guard let known = entries.removeValue(forKey: snapshot.key)?.snapshot else { return [.deleted(snapshot)] }
        if known.value.metadata.uid != snapshot.value.metadata.uid { return [.deleted(known), .deleted(snapshot)] }
        return [.deleted(snapshot)]
    }

    /// Takes the key of an object that is gone and could not be decoded.
    mutating func remove(_ key: ObjectKey) -> [ObjectChange<T>] {
        entries.removeValue(forKey: key).map { [.deleted($0.snapshot)] } ?? []
    }
}

/// The objects that a reflector knows, readable from anywhere.
public final class ObjectStore<T: KubernetesResource>: Sendable {
    private struct State {
        var table = ObjectTable<T>()
        var isSynced = false
    }

    private let state = Mutex(State())

    /// An empty store.
    public init() {}

    /// Whether a whole list has been taken in.
    public var isSynced: Bool { state.withLock { $0.isSynced } }

    /// One object.
    public subscript(key: ObjectKey) -> Snapshot<T>? { state.withLock { $0.table[key] } }

    /// All objects, in no order.
    public var all: [Snapshot<T>] { state.withLock { $0.table.snapshots } }

    /// How many objects there are.
    public var count: Int { state.withLock { $0.table.count } }

    func update(_ body: @Sendable (inout ObjectTable<T>) -> [ObjectChange<T>]) -> [ObjectChange<T>] {
        state.withLock { body(&$0.table) }
    }

    func replace(with list: ObjectList<T>) -> [ObjectChange<T>] {
        state.withLock { state in
            state.isSynced = true
            return state.table.replace(with: list.objects, undecodable: Set(list.undecodable.compactMap(\.key)))
        }
    }
}
