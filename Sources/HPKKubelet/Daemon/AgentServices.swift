import Foundation
import Kubernetes
import Logging
import ServiceLifecycle
import Slurm

/// The parts of the node agent as services: each runs until shutdown.
struct JobFeedService: ServiceLifecycle.Service {
    let feed: JobFeed
    let client: SlurmClient

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await feed.run() }
                group.addTask {
                    for await push in client.pushes { await feed.pushed(push.number) }
                }
            }
        }
        await client.shutdown()
    }
}

/// Watches the pods of the node and hands them to the manager.
struct PodService: ServiceLifecycle.Service {
    let manager: PodManager
    let reflector: Reflector<Pod>

    func run() async throws {
        let (changes, mailbox) = AsyncStream.makeStream(of: PodChange.self)
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await reflector.run() }
                group.addTask { await manager.run(changes) }
                group.addTask {
                    for await event in reflector.events {
                        for change in PodChange.from(event) { mailbox.yield(change) }
                    }
                    mailbox.finish()
                }
            }
        }
    }
}

extension PodChange {
    /// What a reflector's event means for the pods.
    static func from(_ event: ReflectorEvent<Pod>) -> [PodChange] {
        switch event {
        case .synced: [.synced]
        case .added(let snapshot), .modified(let snapshot): [.present(snapshot.value)]
        case .deleted(let snapshot): [.absent(snapshot.value)]
        case .undecodable, .failed: []
        }
    }
}

/// Writes every pod's status again whenever the node was brought back: the API server had declared them not ready.
struct NodeRecoveryService: ServiceLifecycle.Service {
    let node: NodeService
    let status: PodStatusWriter

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in node.recoveries { await status.rewriteAll() }
        }
    }
}

/// Sends the events that other parts record.
struct EventService: ServiceLifecycle.Service {
    let recorder: EventRecorder

    func run() async throws {
        await cancelWhenGracefulShutdown { await recorder.run() }
    }
}

/// Tells the scheduler of pods without a node, and runs it.
struct SchedulerService: ServiceLifecycle.Service {
    let scheduler: SchedulingService
    let pods: UnboundPods

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await pods.run() }
                group.addTask { await scheduler.run() }
            }
        }
    }
}

extension EventRecorder {
    /// Records what a pod's worker has to tell.
    func record(_ note: PodNote, about pod: Pod) {
        let path = note.container.map { name in
            let kind = pod.spec.initContainers.contains { $0.name == name } ? "initContainers" : "containers"
            return "spec.\(kind){\(name)}"
        }
        record(pod, note.isWarning ? .warning : .normal, reason: note.reason, note.message, fieldPath: path)
    }
}

/// Once an hour removes images that nobody has used for long, while all of them take too much room.
struct ImageCollectionService: ServiceLifecycle.Service {
    let collector: ImageCollector
    let store: PodDirectoryStore
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(3600))
                guard !Task.isCancelled else { return }
                do {
                    let outcome = await collector.collect(inUse: try await imagesInUse())
                    if !outcome.removed.isEmpty { logger.info("images removed", metadata: ["count": "\(outcome.removed.count)"]) }
                } catch {
                    logger.warning("the image store was not tidied", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// Images in the plans of all pods that still have a directory: theirs may start again at any moment.
    private func imagesInUse() async throws -> Set<String> {
        var paths: Set<String> = []
        for uid in try await store.uids() {
            guard let plan = try await store.plan(of: uid) else { continue }
            for container in plan.initContainers + plan.containers { paths.insert(container.imagePath) }
        }
        return paths
    }
}

/// Watches the node's own object, so that a cordon, a changed label or its removal is seen at once.
struct NodeWatchService: ServiceLifecycle.Service {
    let node: NodeService
    let reflector: Reflector<Node>

    init(node: NodeService, name: String, client: KubernetesClient) {
        self.node = node
        reflector = Reflector(client: client, Selection(fields: "metadata.name=\(name)"))
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await reflector.run() }
                group.addTask { for await _ in reflector.events { node.nodeChanged() } }
            }
        }
    }
}
