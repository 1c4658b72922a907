import Kubernetes
import Logging

/// Gets the node's lease at the start, as ``LeaseDecision`` says.
struct LeaseAcquisition {
    let service: NodeService
    let deadline: Duration?

    /// - Throws: ``StartupFailure`` when the lease's holder lives, or the deadline passes.
    func run() async throws -> Lease? {
        let time = service.surroundings.time
        var decision = LeaseDecision(identity: service.identity)
        var pause = GrowingPause(first: .seconds(1), limit: .seconds(30))
        var hasSaidThatItWaits = false
        while true {
            do {
                let lease = try await service.surroundings.objects.lease(service.name)
                pause.reset()
                let now = MicroTime(time.now())
                switch decision.look(at: lease, wallClock: now, seconds: time.uptime() / .seconds(1)) {
                case .create:
                    let made = LeaseBody.new(name: service.name, identity: service.identity, node: nil, now: now)
                    if try await service.surroundings.objects.create(made) {
                        return try await service.surroundings.objects.lease(service.name)
                    }
                case .take(let resourceVersion, let transitions):
                    let isForeign = lease?.spec.holderIdentity != service.identity
                    let patch = LeaseBody.takeover(
                        resourceVersion: resourceVersion, identity: service.identity, isForeign: isForeign, transitions: transitions,
                        now: now)
                    if let taken = try await service.surroundings.objects.patch(lease: service.name, patch) { return taken }
                case .refuse(let holder):
                    throw LeaseBody.heldByOther(name: service.name, holder: holder)
                case .watch(let seconds):
                    if !hasSaidThatItWaits {
                        hasSaidThatItWaits = true
                        service.logger.notice(
                            "another agent held the node, watching whether it lives",
                            metadata: ["holder": "\(lease?.spec.holderIdentity ?? "")"])
                    }
                    try await time.sleep(.seconds(seconds))
                }
            } catch let error as CancellationError {
                throw error
            } catch let error as StartupFailure {
                throw error
            } catch {
                try service.checkDeadline(deadline, after: error)
                service.logger.warning("cannot read the node's lease, trying again", metadata: ["error": "\(error)"])
                try await time.sleep(pause.grow(random: time.random()))
            }
        }
    }
}
