import Kubernetes
import Testing

@testable import HPKKubelet

@Suite("Scheduling queue")
struct SchedulingQueueTests {
    private func pod(_ uid: String, version: String = "1") -> Pod {
        Pod(metadata: ObjectMeta(name: uid, namespace: "default", uid: uid, resourceVersion: version))
    }

    private func finish(_ queue: inout SchedulingQueue, _ uid: String, _ outcome: SchedulingQueue.Outcome, at seconds: Int = 0) {
        queue.finished(uid: uid, outcome, now: .seconds(seconds)) { .seconds($0) }
    }

    @Test("Pods are tried in the order of arrival, each by one at a time")
    func order() {
        var queue = SchedulingQueue()
        for uid in ["b", "a", "c"] { queue.upsert(pod(uid)) }
        queue.upsert(pod("b", version: "2"))
        #expect([queue.next(), queue.next(), queue.next(), queue.next()].map { $0?.metadata.uid } == ["b", "a", "c", nil])
    }

    @Test("A pod that is bound is forgotten")
    func done() {
        var queue = SchedulingQueue()
        queue.upsert(pod("a"))
        _ = queue.next()
        finish(&queue, "a", .done)
        #expect(queue.count == 0)
    }

    @Test("A pod that waits is tried again when it changes, and when the node changes, and not otherwise")
    func waits() {
        var queue = SchedulingQueue()
        queue.upsert(pod("a"))
        _ = queue.next()
        finish(&queue, "a", .waits)
        #expect(queue.next() == nil)
        queue.upsert(pod("a", version: "2"))
        #expect(queue.next()?.metadata.resourceVersion == "2")
        finish(&queue, "a", .waits)
        queue.nodeChanged()
        #expect(queue.next() != nil)
    }

    @Test("News that come while a pod is tried are not lost", arguments: [true, false])
    func stale(isNode: Bool) {
        var queue = SchedulingQueue()
        queue.upsert(pod("a"))
        _ = queue.next()
        if isNode { queue.nodeChanged() } else { queue.upsert(pod("a", version: "2")) }
        #expect(queue.next() == nil)
        finish(&queue, "a", .waits)
        #expect(queue.next()?.metadata.resourceVersion == (isNode ? "1" : "2"))
    }

    @Test("After a failure a pod pauses, longer each time, whatever news come; success of another kind forgets the failures")
    func pauses() {
        var queue = SchedulingQueue()
        queue.upsert(pod("a"))
        _ = queue.next()
        finish(&queue, "a", .failed, at: 10)
        queue.upsert(pod("a", version: "2"))
        queue.nodeChanged()
        #expect(queue.next() == nil)
        #expect(queue.resume(now: .seconds(10)) == .seconds(11))
        #expect(queue.resume(now: .seconds(11)) == nil)
        #expect(queue.next()?.metadata.resourceVersion == "2")
        finish(&queue, "a", .failed, at: 20)
        #expect(queue.resume(now: .seconds(21)) == .seconds(22))
        #expect(queue.resume(now: .seconds(22)) == nil)
        _ = queue.next()
        finish(&queue, "a", .waits, at: 30)
        queue.nodeChanged()
        _ = queue.next()
        finish(&queue, "a", .failed, at: 40)
        #expect(queue.resume(now: .seconds(40)) == .seconds(41))
    }

    @Test("A pod that goes while it is tried stays gone")
    func removedMeanwhile() {
        var queue = SchedulingQueue()
        queue.upsert(pod("a"))
        _ = queue.next()
        queue.remove(uid: "a")
        finish(&queue, "a", .failed)
        #expect(queue.count == 0)
        #expect(queue.resume(now: .seconds(100)) == nil)
    }

    @Test("A pod that went before its turn is skipped")
    func removedBefore() {
        var queue = SchedulingQueue()
        queue.upsert(pod("a"))
        queue.upsert(pod("b"))
        queue.remove(uid: "a")
        #expect(queue.next()?.metadata.uid == "b")
    }
}
