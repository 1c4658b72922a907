/// An image of the store, as a collection sees it.
public struct StoredImage: Sendable, Hashable {
    public var digest: String
    /// Bytes.
    public var size: Int64
    /// Nanoseconds since 1970.
    public var lastUsed: Int64

    public init(digest: String, size: Int64, lastUsed: Int64) {
        self.digest = digest
        self.size = size
        self.lastUsed = lastUsed
    }
}

/// Which images may go: those unused for some time, while all of them together are over a size.
public struct ImageRetention: Sendable, Equatable {
    /// Bytes that the images may take before any is removed.
    public var sizeLimit: Int64
    /// Time without use after which an image may be removed; less than an hour counts as an hour, so that an image which was just found
    /// by one agent is not removed by another before its pod has started.
    public var unusedFor: Duration

    public init(sizeLimit: Int64 = 50 << 30, unusedFor: Duration = .seconds(14 * 24 * 3600)) {
        self.sizeLimit = sizeLimit
        self.unusedFor = unusedFor
    }

    /// The images to remove, longest unused first, until the rest fits.
    ///
    /// - Parameters:
    ///   - inUse: digests of the images of live pods; they are never chosen.
    ///   - now: nanoseconds since 1970, by the clock of the file system's own times.
    public func victims(among images: [StoredImage], inUse: Set<String>, now: Int64) -> [StoredImage] {
        var excess = images.reduce(Int64(0)) { $0.addingReportingOverflow($1.size).partialValue } - sizeLimit
        let age = max(unusedFor, .seconds(3600))
        let oldest = now - Int64(clamping: age.components.seconds).multipliedReportingOverflow(by: 1_000_000_000).partialValue
        var victims: [StoredImage] = []
        for image in images.sorted(by: { ($0.lastUsed, $0.digest) < ($1.lastUsed, $1.digest) }) where excess > 0 {
            guard image.lastUsed < oldest, !inUse.contains(image.digest) else { continue }
            victims.append(image)
            excess -= image.size
        }
        return victims
    }
}

/// Keeps the image store within its ``ImageRetention``.
public struct ImageCollector: Sendable {
    /// What a collection did.
    public struct Outcome: Sendable, Equatable {
        public var removed: [StoredImage]
        /// Bytes of the images that are left.
        public var size: Int64
    }

    private let catalog: ImageCatalog
    private let retention: ImageRetention

    /// - Parameter folder: that of the ``ImageStore``.
    public init(folder: String, retention: ImageRetention = ImageRetention()) {
        self.catalog = ImageCatalog(folder: folder)
        self.retention = retention
    }

    /// Marks the images in use, so that other agents on the same folder leave them alone, and removes what may go.
    ///
    /// Meant to run every hour or so; images of pods that live longer than ``ImageRetention/unusedFor`` stay because of these marks.
    /// - Parameter inUse: paths of the images of live pods, as ``ImageRecord/path`` gave them. Those of other folders are left out.
    public func collect(inUse: Set<String>) async -> Outcome {
        let outcome = try? await BlockingWork.run { () throws(ImageFault) -> Outcome in
            let images = catalog.storedImages()
            let used = Set(images.map(\.digest).filter { inUse.contains(catalog.sifPath($0)) })
            for digest in used { catalog.touch(digest) }
            // The file system's own clock: a file server's may differ from ours.
            guard let now = try catalog.now() else { return Outcome(removed: [], size: images.reduce(0) { $0 + $1.size }) }
            catalog.removeLeftovers(before: now - 24 * 3600 * 1_000_000_000)
            let removed = retention.victims(among: images, inUse: used, now: now).filter { catalog.remove($0) }
            return Outcome(removed: removed, size: images.reduce(0) { $0 + $1.size } - removed.reduce(0) { $0 + $1.size })
        }
        return outcome ?? Outcome(removed: [], size: 0)
    }
}
