import Kubernetes
import Testing

@testable import HPKKubelet

@Suite("Lease decision")
struct LeaseDecisionTests {
    private func time(_ seconds: Double) -> MicroTime {
        MicroTime(microsecondsSince1970: 1_700_000_000_000_000 + Int64(seconds * 1_000_000))
    }

    private func lease(_ holder: String?, renewed: Double?, duration: Int? = 40) -> Lease {
        Lease(
            metadata: ObjectMeta(name: "n", resourceVersion: "5"),
            spec: LeaseSpec(holderIdentity: holder, leaseDurationSeconds: duration, renewTime: renewed.map(time), leaseTransitions: 2))
    }

    private let take = LeaseDecision.Step.take(resourceVersion: "5", transitions: 2)

    @Test("One look is enough where there is none, where it is ours, where nobody holds it, and where it is long dead")
    func oneLook() {
        var decision = LeaseDecision(identity: "me")
        #expect(decision.look(at: nil, wallClock: time(0), seconds: 0) == .create)
        #expect(decision.look(at: lease("me", renewed: 0), wallClock: time(1), seconds: 0) == take)
        #expect(decision.look(at: lease("", renewed: 0), wallClock: time(1), seconds: 0) == take)
        #expect(decision.look(at: lease(nil, renewed: nil), wallClock: time(1), seconds: 0) == take)
        #expect(decision.look(at: lease("other", renewed: nil), wallClock: time(1), seconds: 0) == take)
        #expect(decision.look(at: lease("other", renewed: 0), wallClock: time(641), seconds: 0) == take)
    }

    @Test("A holder that renews while it is watched lives")
    func alive() {
        var decision = LeaseDecision(identity: "me")
        #expect(decision.look(at: lease("other", renewed: 0), wallClock: time(1), seconds: 100) == .watch(seconds: 2))
        #expect(decision.look(at: lease("other", renewed: 0), wallClock: time(3), seconds: 102) == .watch(seconds: 2))
        #expect(decision.look(at: lease("other", renewed: 10), wallClock: time(11), seconds: 110) == .refuse(holder: "other"))
    }

    @Test("A holder that does not renew for the lease's duration is dead, whatever its clock said", arguments: [-300.0, 0, 300])
    func dead(skew: Double) {
        var decision = LeaseDecision(identity: "me")
        let foreign = lease("other", renewed: skew)
        #expect(decision.look(at: foreign, wallClock: time(0), seconds: 0) == .watch(seconds: 2))
        #expect(decision.look(at: foreign, wallClock: time(39), seconds: 39) == .watch(seconds: 1))
        #expect(decision.look(at: foreign, wallClock: time(40), seconds: 40) == take)
    }

    @Test("Another holder starts the watch anew")
    func otherHolder() {
        var decision = LeaseDecision(identity: "me")
        _ = decision.look(at: lease("a", renewed: 0), wallClock: time(0), seconds: 0)
        #expect(decision.look(at: lease("b", renewed: 30), wallClock: time(39), seconds: 39) == .watch(seconds: 2))
        #expect(decision.look(at: lease("b", renewed: 30), wallClock: time(60), seconds: 60) == .watch(seconds: 2))
    }

    @Test("Durations out of the ordinary are brought into range", arguments: zip([0, -5, 100_000, nil] as [Int?], [1.0, 1, 2, 2]))
    func durations(duration: Int?, pause: Double) {
        var decision = LeaseDecision(identity: "me")
        #expect(decision.look(at: lease("other", renewed: 0, duration: duration), wallClock: time(0), seconds: 0) == .watch(seconds: pause))
    }

    @Test("Renewals carry the version they were read at, six digits, and the node as owner only where it is missing")
    func renewalBody() throws {
        let node = Node(metadata: ObjectMeta(name: "n", uid: "u1"))
        let patch = try LeaseBody.renewal(lease("me", renewed: 0), node: node, now: time(0.5))
        #expect(patch.body["spec"]?["renewTime"] == "2023-11-14T22:13:20.500000Z")
        #expect(patch.body["metadata"]?["resourceVersion"] == "5")
        #expect(patch.body["metadata"]?["ownerReferences"]?.array?.first?["uid"] == "u1")
        var owned = lease("me", renewed: 0)
        owned.metadata.ownerReferences = [OwnerReference(apiVersion: "v1", kind: "Node", name: "n", uid: "u1")]
        #expect(try LeaseBody.renewal(owned, node: node, now: time(0)).body["metadata"]?["ownerReferences"] == nil)
    }
}
