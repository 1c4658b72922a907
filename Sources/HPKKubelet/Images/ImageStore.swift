import Foundation
import Logging

/// The images of one shared folder, for the pods of one agent.
///
/// An image is downloaded once for all pods that want it at the same time, in this process and among all agents that share the folder.
/// Downloads are made by Apptainer; what a tag stands for, and whether a pod may have it, is asked of the registry by the agent itself.
public actor ImageStore {
    public struct Configuration: Sendable {
        /// The images' folder, on the file system that the compute nodes share.
        public var folder: String
        public var naming: ImageNaming
        /// Folders whose SIF files and image folders pods may name by path.
        public var allowedFolders: [String]
        /// Registries that may be spoken to without TLS, as `host` or `host:port`; loopback addresses always may.
        public var insecureRegistries: Set<String>
        /// Name or path of the program.
        public var apptainer: String
        /// A folder on a local disk of the agent's host, with room for unpacked images.
        public var temporaryFolder: String
        /// Downloads at the same time, 1 or more.
        public var parallelPulls: Int
        /// After this time a download is given up.
        public var pullTimeLimit: Duration

        public init(
            folder: String, naming: ImageNaming = .dockerHub, allowedFolders: [String] = [], insecureRegistries: Set<String> = [],
            apptainer: String = "apptainer", temporaryFolder: String = "/tmp", parallelPulls: Int = 2,
            pullTimeLimit: Duration = .seconds(3600)
        ) {
            self.folder = folder
            self.naming = naming
            self.allowedFolders = allowedFolders
            self.insecureRegistries = insecureRegistries
            self.apptainer = apptainer
            self.temporaryFolder = temporaryFolder
            self.parallelPulls = parallelPulls
            self.pullTimeLimit = pullTimeLimit
        }
    }

    /// Receives what happens to an image while a pod waits for it.
    public typealias Progress = @Sendable (ImageProgress) -> Void

    /// What is asked of a registry: pods with the same question share its answer.
    private struct Question: Hashable, Sendable {
        var name: RegistryReference
        var credentials: [RegistryCredential]
        var known: String?
    }

    /// Between the ends and beginnings of asks for one image, so that pods that come one after the other do not hammer the registry: five
    /// a second, as the kubelet's `registryPullQPS`.
    static let pauseBetweenAsks = Duration.milliseconds(200)

    private struct LocalImage {
        var fingerprint: String
        var contents: ImageContents
    }

    private let naming: ImageNaming
    private let local: LocalImages
    private let catalog: ImageCatalog
    private let registry: RegistryClient
    private let downloader: ImageDownloader
    private let inspector: any ImageInspecting
    private let clock: MonotonicClock
    private var localImages: [String: LocalImage] = [:]
    private let asks = SingleFlight<Question, Result<RegistryAnswer, RegistryFailure>>()
    /// When a registry last answered for an image.
    private var answered: [RegistryReference: Duration] = [:]

    /// - Parameter transport: the HTTP client for registries.
    public init(configuration: Configuration, transport: any RegistryTransport, logger: Logger) {
        let commands = CommandRunner()
        self.init(
            configuration: configuration,
            registry: RegistryClient(transport: transport, insecureRegistries: configuration.insecureRegistries),
            puller: ApptainerPuller(
                program: configuration.apptainer, commands: commands, temporaryFolder: configuration.temporaryFolder,
                timeLimit: configuration.pullTimeLimit),
            inspector: ImageInspector(commands: commands), clock: .system, logger: logger)
    }

    init(
        configuration: Configuration, registry: RegistryClient, puller: any ImagePulling, inspector: any ImageInspecting,
        clock: MonotonicClock,
        lockTiming: SharedLock.Timing = SharedLock.Timing(), logger: Logger
    ) {
        naming = configuration.naming
        local = LocalImages(allowedFolders: configuration.allowedFolders)
        catalog = ImageCatalog(folder: configuration.folder, clock: clock)
        self.registry = registry
        self.inspector = inspector
        self.clock = clock
        downloader = ImageDownloader(
            catalog: catalog, puller: puller, inspector: inspector, slots: WorkSlots(configuration.parallelPulls), clock: clock,
            lockTiming: lockTiming, logger: logger)
    }

    /// Makes an image ready on the shared file system.
    ///
    /// - Parameters:
    ///   - image: as the pod wrote it.
    ///   - policy: the pod's; nil for the API's default.
    ///   - pullSecrets: of the pod and its service account.
    ///   - progress: called from any thread, in order.
    /// - Throws: ``ImageError``, which `progress` has then been told, too.
    public func ensure(
        _ image: String, policy: ImagePullPolicy? = nil, pullSecrets: [DockerConfig] = [], progress: Progress = { _ in }
    ) async throws(ImageError) -> ImageRecord {
        do throws(ImageError) {
            let reference = try naming.parse(image)
            let policy = policy ?? .standard(for: reference)
            switch reference {
            case .local(let path):
                let record = try await localImage(path, image: image)
                progress(.alreadyPresent(image: image))
                return record
            case .registry, .library:
                if policy != .always, let found = try await present(reference, image: image) {
                    progress(.alreadyPresent(image: image))
                    return found
                }
                if policy == .never { throw ImageError.neverPull(image: image) }
                return try await pull(reference, image: image, secrets: pullSecrets, progress: progress)
            }
        } catch {
            progress(.failed(error))
            throw error
        }
    }

    // MARK: Registries and libraries

    private func present(_ reference: ImageReference, image: String) async throws(ImageError) -> ImageRecord? {
        let found = try await files(image) { [catalog] () throws(ImageFault) -> (digest: String, entry: ImageCatalog.Entry)? in
            if let known = catalog.lookup(reference.description) { return (known.name.digest, known.entry) }
            // A digest is the same image under every name.
            guard case .registry(let name) = reference, let digest = name.digest, let entry = catalog.entry(digest) else { return nil }
            return (digest, entry)
        }
        return found.map { record($0.entry, digest: $0.digest, reference: reference, image: image) }
    }

    private func pull(
        _ reference: ImageReference, image: String, secrets: [DockerConfig], progress: Progress
    ) async throws(ImageError) -> ImageRecord {
        progress(.pulling(image: image))
        let start = clock.now()
        let download: ImageDownloader.Download
        var named: String?
        switch reference {
        case .registry(let name):
            let known = try await files(image) { [catalog] () throws(ImageFault) in catalog.lookup(name.description) }
            switch try await resolve(name, secrets: secrets, known: known?.name.digest, image: image) {
            case .unchanged:
                guard let known else { throw .pull(image: image, reason: "the registry named no image") }
                let elapsed = clock.now() - start
                progress(.pulled(image: image, duration: elapsed, waiting: elapsed, size: known.entry.size))
                return record(known.entry, digest: known.name.digest, reference: reference, image: image)
            case .image(let resolved):
                named = resolved.digest
                download = .registry(name, resolved)
            }
        case .library(let name): download = .library(name)
        case .local: throw .invalidName(image: image, reason: "a path is not pulled")
        }

        guard let result = await downloader.download(download) else { throw .cancelled(image: image) }
        let (entry, duration) = try result.mapError { ImageError.pull(image: image, reason: $0.description) }.get()
        let digest = named ?? entry.digest
        try await files(image) { [catalog] () throws(ImageFault) in
            try catalog.remember(ImageCatalog.Name(reference: reference.description, digest: digest, image: entry.digest))
        }
        progress(.pulled(image: image, duration: duration, waiting: clock.now() - start, size: entry.size))
        return record(entry, digest: digest, reference: reference, image: image)
    }

    private func resolve(
        _ name: RegistryReference, secrets: [DockerConfig], known: String?, image: String
    ) async throws(ImageError) -> RegistryAnswer {
        let credentials = secrets.flatMap { $0.credentials(host: name.host, repository: name.repository) }
        let question = Question(name: name, credentials: credentials, known: known)
        guard let result = await asks.run(question, { await self.ask(question) }) else { throw .cancelled(image: image) }
        switch result {
        case .success(let answer): return answer
        case .failure(let error):
            if Task.isCancelled { throw .cancelled(image: image) }
            switch error {
            case .unavailable(let words): throw .registryUnavailable(image: image, registry: name.host, reason: words)
            case .refused(let words), .missing(let words), .unusable(let words): throw .pull(image: image, reason: "\(name): \(words)")
            }
        }
    }

    /// Who comes during the pause joins this ask, whose answer is then newer than its own beginning.
    private func ask(_ question: Question) async -> Result<RegistryAnswer, RegistryFailure> {
        if let last = answered[question.name] {
            let rest = last + Self.pauseBetweenAsks - clock.now()
            if rest > .zero { try? await clock.sleep(rest) }
        }
        let result: Result<RegistryAnswer, RegistryFailure>
        do throws(RegistryFailure) {
            result = .success(try await registry.resolve(question.name, credentials: question.credentials, known: question.known))
        } catch {
            result = .failure(error)
        }
        let now = clock.now()
        if answered.count >= 256 { answered = answered.filter { $0.value + Self.pauseBetweenAsks > now } }
        answered[question.name] = now
        return result
    }

    private func record(_ entry: ImageCatalog.Entry, digest: String, reference: ImageReference, image: String) -> ImageRecord {
        let imageID =
            switch reference {
            case .registry(let name): name.pinned(to: digest)
            case .library(let name): "library://\(name.path)@\(digest)"
            case .local(let path): path
            }
        return ImageRecord(
            path: catalog.sifPath(entry.digest), reference: image, imageID: imageID, configuration: entry.configuration, user: entry.user,
            accounts: entry.accounts)
    }

    // MARK: Images of the file system

    private func localImage(_ path: String, image: String) async throws(ImageError) -> ImageRecord {
        let local = local
        let result = try await files(image) { () throws(ImageFault) -> Result<(path: String, fingerprint: String), ImageError> in
            do throws(ImageError) {
                let resolved = try local.resolve(path)
                let status = SharedFiles.status(resolved)
                return .success((resolved, "\(status?.modified ?? 0) \(status?.size ?? 0)"))
            } catch {
                return .failure(error)
            }
        }
        let (resolved, fingerprint) = try result.get()
        let contents: ImageContents
        if let known = localImages[resolved], known.fingerprint == fingerprint, known.contents.size > 0 {
            contents = known.contents
        } else {
            do { contents = try await inspector.inspect(resolved) } catch { throw .inspect(image: image, reason: error.description) }
            if localImages.count >= 256 { localImages.removeAll() }
            localImages[resolved] = LocalImage(fingerprint: fingerprint, contents: contents)
        }
        let configuration = contents.configuration ?? ImageConfiguration()
        return ImageRecord(
            path: resolved, reference: image, imageID: resolved, configuration: configuration,
            user: configuration.user.flatMap { try? contents.accounts.resolve($0) }, accounts: contents.accounts.accounts)
    }

    /// File work of the store; a file system that fails is a failed pull.
    private func files<Value: Sendable>(
        _ image: String, _ body: @escaping @Sendable () throws(ImageFault) -> Value
    ) async throws(ImageError) -> Value {
        do { return try await BlockingWork.run(body) } catch { throw .pull(image: image, reason: error.description) }
    }
}
