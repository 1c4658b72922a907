import Foundation
import Kubernetes
import PodProtocol
import Slurm

/// Makes pods ready: fetches what they refer to, gets their images, translates them and writes the plan.
actor PodPreparer: PodPreparing {
    /// What is remembered of a pod to renew its volumes.
    private struct Known {
        var contents: [String: VolumeContent] = [:]
        var sources = PodSources()
    }

    private let reader: any PodSourceReader
    private let resolver: ReferenceResolver
    private let images: ImageStore
    private let store: PodDirectoryStore
    private let settings: @Sendable () async -> PlanSettings
    private let connection: @Sendable () async -> SupervisorAccess
    private let slots: WorkSlots
    private let now: @Sendable () -> Timestamp
    private let uptime: @Sendable () -> Duration
    private var known: [String: Known] = [:]
    private var backOff = ImagePullBackOff()
    /// When notices about the agent's configuration were told last.
    private var told: [String: Duration] = [:]

    /// - Parameters:
    ///   - connection: How supervisors reach this agent; the token is added for each pod.
    ///   - parallelism: Pods that are prepared at the same time.
    init(
        reader: any PodSourceReader, images: ImageStore, store: PodDirectoryStore, parallelism: Int,
        settings: @escaping @Sendable () async -> PlanSettings, connection: @escaping @Sendable () async -> SupervisorAccess,
        now: @escaping @Sendable () -> Timestamp = { Timestamp(Date()) },
        uptime: @escaping @Sendable () -> Duration = { .seconds(JobFeed.monotonicSeconds()) }
    ) {
        self.reader = reader
        resolver = ReferenceResolver(reader: reader, now: now)
        self.images = images
        self.store = store
        self.settings = settings
        self.connection = connection
        self.now = now
        self.uptime = uptime
        slots = WorkSlots(parallelism)
    }

    func prepare(_ pod: Pod, note: @escaping @Sendable (PodNote) -> Void) async throws -> PreparedPod {
        try await slots.withSlot { try await self.prepareNow(pod, note: note) }
    }

    private func prepareNow(_ pod: Pod, note: @escaping @Sendable (PodNote) -> Void) async throws -> PreparedPod {
        let uid = pod.metadata.uid
        let settings = await settings()
        // What the flags say costs nothing to check, and an image pull may take minutes.
        let directory = try store.directory(of: uid)
        let submission = try translate { () throws(TranslationError) in
            try JobPlanner.submission(pod: pod, settings: settings, podDirectory: directory.path)
        }
        let sources = try await resolve(pod, known: [:])
        let records = try await images(of: pod, note: note)
        let built = try translate { () throws(TranslationError) in
            try PlanBuilder.build(pod: pod, sources: sources, images: records, settings: settings)
        }
        for notice in built.notices where isNews(notice) { note(PodNote(notice.reason, notice.message, isWarning: true)) }
        let access = await connection()
        try Task.checkCancellation()
        try await store.write(plan: built.plan, connection: access.settings(token: Self.newToken()))
        known[uid] = Known(contents: built.contents, sources: sources)
        return PreparedPod(submission: submission, imageIDs: records.mapValues(\.imageID), delivery: built.delivery)
    }

    /// What is the agent's own configuration is the same for all pods: one of them in ten minutes tells it.
    private func isNews(_ notice: PlanNotice) -> Bool {
        guard notice.reason == "MissingClusterDNS" else { return true }
        let now = uptime()
        if let told = told[notice.message], now - told < .seconds(600) { return false }
        if told.count >= 64 { told = [:] }
        told[notice.message] = now
        return true
    }

    func delivery(for pod: Pod) async throws -> Delivery? {
        let settings = await settings()
        let sources = try await resolve(pod, known: known[pod.metadata.uid]?.sources.tokens ?? [:])
        let records = try await images(of: pod) { _ in }
        let built = try translate { () throws(TranslationError) in
            try PlanBuilder.build(pod: pod, sources: sources, images: records, settings: settings)
        }
        known[pod.metadata.uid] = Known(contents: built.contents, sources: sources)
        return built.delivery
    }

    func renewal(for pod: Pod) async throws -> Delivery? {
        let references = PodReferences(of: pod)
        let hasLiveFiles = pod.spec.volumes.contains { volume in
            switch volume.source {
            case .configMap, .secret, .downwardAPI, .projected: true
            default: false
            }
        }
        guard hasLiveFiles else { return nil }
        let before = known[pod.metadata.uid] ?? Known()
        let due = TokenRenewal.due(before.sources, now: now())
        let sources = try await resolver.resolve(references, of: pod, known: before.sources.tokens.filter { !due.contains($0.key) })
        let refresh = VolumeRefresh(pod: pod, sources: sources, settings: await settings(), contents: before.contents)
        known[pod.metadata.uid] = Known(contents: refresh.contents, sources: sources)
        return refresh.delivery
    }

    func forget(_ uid: String) {
        known[uid] = nil
        backOff.forget(pod: uid)
    }

    // MARK: Steps

    private func resolve(_ pod: Pod, known: [TokenKey: IssuedToken]) async throws -> PodSources {
        do {
            return try await resolver.resolve(PodReferences(of: pod), of: pod, known: known)
        } catch let failure as ReferenceResolver.Failure {
            throw PreparationFailure.delayed(PreparationDelay(eventReason: "FailedMount", message: "\(failure)"))
        }
    }

    private func translate<Value>(_ body: () throws(TranslationError) -> Value) throws -> Value {
        do throws(TranslationError) {
            return try body()
        } catch {
            switch error.effect {
            case .podFails(let reason):
                throw PreparationFailure.rejected(PodRejection(reason: reason, message: "\(error)"))
            case .volumeWaits:
                throw PreparationFailure.delayed(PreparationDelay(eventReason: error.reason, message: "\(error)"))
            case .containerWaits(let container, let reason):
                throw PreparationFailure.delayed(
                    PreparationDelay(
                        container: container, waitingReason: reason, eventReason: "Failed", message: "Error: \(error)"))
            }
        }
    }

    /// Every container's image; each distinct one is asked for once.
    private func images(of pod: Pod, note: @escaping @Sendable (PodNote) -> Void) async throws -> [String: ImageRecord] {
        struct Wanted: Hashable {
            var image: String
            var policy: ImagePullPolicy?
        }
        var containers: [Wanted: [String]] = [:]
        for container in pod.spec.initContainers + pod.spec.containers {
            let policy = container.imagePullPolicy.flatMap { ImagePullPolicy(rawValue: $0.rawValue) }
            containers[Wanted(image: container.image, policy: policy), default: []].append(container.name)
        }
        for (wanted, names) in containers { try await waitForBackOff(pod, image: wanted.image, container: names[0]) }
        let secrets = try await pullSecrets(of: pod, note: note)
        let images = images
        return try await withThrowingTaskGroup(of: ([String], ImageRecord).self) { group in
            for (wanted, names) in containers {
                group.addTask {
                    do throws(ImageError) {
                        return (
                            names,
                            try await images.ensure(wanted.image, policy: wanted.policy, pullSecrets: secrets) { progress in
                                // A failure is told by the delay that follows from it.
                                if case .failed = progress { return }
                                note(PodNote(progress.reason, progress.message, isWarning: progress.isWarning, container: names[0]))
                            }
                        )
                    } catch {
                        throw await self.failed(error, pod: pod, image: wanted.image, container: names[0])
                    }
                }
            }
            var records: [String: ImageRecord] = [:]
            for try await (names, record) in group {
                for name in names { records[name] = record }
            }
            for wanted in containers.keys { backOff.succeeded(pod: pod.metadata.uid, image: wanted.image) }
            return records
        }
    }

    private func waitForBackOff(_ pod: Pod, image: String, container: String) async throws {
        let remaining = backOff.remaining(pod: pod.metadata.uid, image: image, at: uptime())
        guard remaining > .zero else { return }
        throw PreparationFailure.delayed(
            PreparationDelay(
                container: container, waitingReason: "ImagePullBackOff", eventReason: "BackOff",
                message: ImagePullBackOff.message(image: image), retryAfterSeconds: remaining.seconds))
    }

    private func failed(_ error: ImageError, pod: Pod, image: String, container: String) -> any Error {
        if case .cancelled = error { return CancellationError() }
        let pause = backOff.failed(pod: pod.metadata.uid, image: image, at: uptime())
        let progress = ImageProgress.failed(error)
        return PreparationFailure.delayed(
            PreparationDelay(
                container: container, waitingReason: error.reason, eventReason: progress.reason, message: progress.message,
                // Short, so that the back-off itself is shown as the kubelet shows it.
                retryAfterSeconds: error.isWorthRetrying ? min(2, pause.seconds) : 300))
    }

    /// Credentials of the pod's pull secrets. As for the kubelet, a missing or malformed secret is told and left out.
    private func pullSecrets(of pod: Pod, note: @Sendable (PodNote) -> Void) async throws -> [DockerConfig] {
        var configs: [DockerConfig] = []
        for name in PodReferences(of: pod).imagePullSecrets {
            do {
                guard let secret = try await reader.secret(namespace: pod.metadata.namespace, name: name) else {
                    note(
                        PodNote(
                            "FailedToRetrieveImagePullSecret", "Unable to retrieve image pull secret \(name): not found", isWarning: true))
                    continue
                }
                if let bytes = secret.data[".dockerconfigjson"] {
                    configs.append(try DockerConfig(dockerConfigJSON: bytes))
                } else if let bytes = secret.data[".dockercfg"] {
                    configs.append(try DockerConfig(dockerCfg: bytes))
                }
            } catch let malformed as DockerConfig.Malformed {
                note(PodNote("FailedToRetrieveImagePullSecret", "Image pull secret \(name): \(malformed)", isWarning: true))
            } catch let error as KubernetesError {
                throw PreparationFailure.delayed(PreparationDelay(eventReason: "FailedToRetrieveImagePullSecret", message: "\(error)"))
            }
        }
        return configs
    }

    /// 256 bits from the system's generator, as 64 hexadecimal digits.
    private static func newToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let word = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - word.count) + word
        }.joined()
    }
}

/// How supervisors reach this agent.
struct SupervisorAccess: Sendable, Equatable {
    var endpoints: [String]
    var certificateAuthority: String
    var serverName: String

    func settings(token: String) -> ConnectionSettings {
        ConnectionSettings(
            endpoints: endpoints, certificateAuthority: certificateAuthority, serverName: serverName, token: token)
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
