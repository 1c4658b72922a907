import Logging

/// Downloads images into the store, each once: for all callers of this process and among all agents that share the folder.
struct ImageDownloader: Sendable {
    /// What is to be downloaded.
    enum Download: Sendable {
        case registry(RegistryReference, ResolvedImage)
        case library(LibraryReference)

        /// What makes two downloads the same. A library tells no digest beforehand, so there it is the name.
        var key: String {
            switch self {
            case .registry(_, let image): image.manifestDigest
            case .library(let name): SHA256.digest(of: name.description.utf8) ?? "sha256:library"
            }
        }

        var request: PullRequest {
            switch self {
            case .registry(let name, let image):
                PullRequest(
                    uri: name.pinned(to: image.manifestDigest), host: name.host, plainHTTP: image.plainHTTP, credential: image.credential)
            case .library(let name): PullRequest(uri: name.description, host: nil, plainHTTP: false, credential: nil)
            }
        }
    }

    /// The image, and how long its download took; zero where another agent had it ready.
    typealias Outcome = Result<(entry: ImageCatalog.Entry, duration: Duration), ImageFault>

    let catalog: ImageCatalog
    let puller: any ImagePulling
    let inspector: any ImageInspecting
    let slots: WorkSlots
    let clock: MonotonicClock
    let lockTiming: SharedLock.Timing
    let logger: Logger
    private let flights = SingleFlight<String, Outcome>()

    init(
        catalog: ImageCatalog, puller: any ImagePulling, inspector: any ImageInspecting, slots: WorkSlots, clock: MonotonicClock,
        lockTiming: SharedLock.Timing, logger: Logger
    ) {
        self.catalog = catalog
        self.puller = puller
        self.inspector = inspector
        self.slots = slots
        self.clock = clock
        self.lockTiming = lockTiming
        self.logger = logger
    }

    /// The outcome, or nil when the caller was cancelled.
    ///
    /// Every caller has asked the registry with its own credentials before it comes here, so a shared download gives nobody more than it may have.
    func download(_ download: Download) async -> Outcome? {
        await flights.run(download.key) {
            do {
                return .success(try await locked(download))
            } catch let fault as ImageFault {
                return .failure(fault)
            } catch {
                return .failure(ImageFault("the pull was cancelled"))
            }
        }
    }

    private func locked(_ download: Download) async throws -> (ImageCatalog.Entry, Duration) {
        try await BlockingWork.run { () throws(ImageFault) in try catalog.prepare() }
        if let entry = try await present(download) { return (entry, .zero) }
        let lock = SharedLock(path: catalog.lockPath(download.key), timing: lockTiming, clock: clock)
        return try await lock.withLock {
            // Another agent may have had the lock until now.
            if let entry = try await present(download) { return (entry, .zero) }
            return try await slots.withSlot {
                let start = clock.now()
                let entry = try await fetch(download)
                return (entry, clock.now() - start)
            }
        }
    }

    private func present(_ download: Download) async throws(ImageFault) -> ImageCatalog.Entry? {
        guard case .registry(_, let image) = download else { return nil }
        return try await BlockingWork.run { () throws(ImageFault) in catalog.entry(image.manifestDigest) }
    }

    private func fetch(_ download: Download) async throws(ImageFault) -> ImageCatalog.Entry {
        let request = download.request
        let partial = catalog.newPartialPath()
        let start = clock.now()
        logger.info("Pulling an image", metadata: ["image": "\(request.uri)"])
        do {
            try await puller.pull(request, to: partial)
            let contents = try await inspector.inspect(partial)
            let entry = try await BlockingWork.run { () throws(ImageFault) in
                let entry = try Self.entry(download, contents, file: partial)
                try catalog.publish(entry, partial: partial)
                return entry
            }
            logger.info(
                "Pulled an image", metadata: ["image": "\(request.uri)", "bytes": "\(entry.size)", "seconds": "\(clock.now() - start)"])
            return entry
        } catch {
            try? await BlockingWork.run { () throws(ImageFault) in SharedFiles.remove(partial) }
            logger.warning("An image could not be pulled", metadata: ["image": "\(request.uri)", "error": "\(error)"])
            throw error
        }
    }

    private static func entry(_ download: Download, _ contents: ImageContents, file: String) throws(ImageFault) -> ImageCatalog.Entry {
        var configuration = contents.configuration ?? ImageConfiguration()
        let digest: String
        switch download {
        case .registry(_, let image):
            digest = image.manifestDigest
            // The registry's own text is exact; older releases of Apptainer do not keep it in the file.
            if let exact = image.configuration { configuration = exact }
        case .library: digest = try OpenFile(file).digest()
        }
        let user = configuration.user.flatMap { try? contents.accounts.resolve($0) }
        return ImageCatalog.Entry(
            digest: digest, size: contents.size, configuration: configuration, user: user, accounts: contents.accounts.accounts)
    }
}
