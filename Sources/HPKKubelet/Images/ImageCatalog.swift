import Foundation

/// The image store's folder on the shared file system.
///
/// ```
/// sha256-DIGEST.sif       an image, complete: it got its name by a rename
/// sha256-DIGEST.json      what it says about itself; its time of change is the image's last use
/// references/HASH.json    which digest a reference named when it was last asked
/// locks/                  one file for each pull under way
/// partial/                images being pulled
/// ```
/// Every file is written beside its place and renamed, one file for each fact, so any number of agents may share the folder.
struct ImageCatalog: Sendable {
    /// What is kept of an image.
    struct Entry: Codable, Sendable, Equatable {
        /// `sha256:…`: of the manifest where the image came from a registry, else of the file.
        var digest: String
        /// Bytes of the SIF file.
        var size: Int64
        var configuration: ImageConfiguration
        var user: ImageUser?
        var accounts: [ImageUser]
    }

    /// What is kept of a reference.
    struct Name: Codable, Sendable, Equatable {
        var reference: String
        /// What the tag named: maybe an index.
        var digest: String
        /// The key of the image's ``Entry``.
        var image: String
    }

    let folder: String
    private let recent: RecentImages

    init(folder: String, clock: MonotonicClock = .system) {
        self.folder = folder
        recent = RecentImages(clock: clock)
    }

    func prepare() throws(ImageFault) {
        for name in ["", "/references", "/locks", "/partial"] { try SharedFiles.makeFolder(folder + name) }
    }

    func sifPath(_ digest: String) -> String { "\(folder)/\(Self.fileName(digest)).sif" }
    func lockPath(_ key: String) -> String { "\(folder)/locks/\(Self.fileName(key)).lock" }
    func newPartialPath() -> String { "\(folder)/partial/\(SharedFiles.uniqueToken()).sif" }

    /// The image of a digest, where it is here and whole. Marks it as used first, so that no collection takes it away between here and its use.
    func entry(_ digest: String) -> Entry? {
        let path = entryPath(digest)
        guard SharedFiles.touch(path), let bytes = SharedFiles.contents(path),
            let entry = try? JSONDecoder().decode(Entry.self, from: Data(bytes)), entry.digest == digest,
            isWhole(entry)
        else { return nil }
        return entry
    }

    /// What a reference named last, where that image is still here.
    func lookup(_ reference: String) -> (name: Name, entry: Entry)? {
        if let found = recent[reference], isWhole(found.entry) { return found }
        guard let path = namePath(reference), let bytes = SharedFiles.contents(path),
            let name = try? JSONDecoder().decode(Name.self, from: Data(bytes)), name.reference == reference, let entry = entry(name.image)
        else { return nil }
        recent[reference] = (name, entry)
        return (name, entry)
    }

    private func isWhole(_ entry: Entry) -> Bool {
        guard let file = SharedFiles.status(sifPath(entry.digest)) else { return false }
        return file.isRegular && file.size == entry.size
    }

    /// Puts a pulled file in its place; from then on the image is here for everybody.
    func publish(_ entry: Entry, partial: String) throws(ImageFault) {
        guard chmod(partial, 0o600) == 0 else { throw ImageFault("protect", partial, code: errno) }
        try SharedFiles.replace(entryPath(entry.digest), try Self.encode(entry))
        try SharedFiles.move(partial, to: sifPath(entry.digest))
    }

    func remember(_ name: Name) throws(ImageFault) {
        guard let path = namePath(name.reference) else { throw ImageFault("SHA-256 is not available") }
        try SharedFiles.replace(path, try Self.encode(name))
        recent[name.reference] = nil
    }

    /// Everything that is here, for a collection.
    func storedImages() -> [StoredImage] {
        SharedFiles.names(in: folder).compactMap { name in
            guard name.hasPrefix("sha256-"), name.hasSuffix(".sif") else { return nil }
            let digest = "sha256:" + name.dropFirst(7).dropLast(4)
            guard ImageGrammar.isDigest(digest), let file = SharedFiles.status(sifPath(digest)) else { return nil }
            let used = SharedFiles.status(entryPath(digest))?.modified ?? file.modified
            return StoredImage(digest: digest, size: file.size, lastUsed: used)
        }
    }

    /// Removes an image unless it was used after the moment the caller knows of.
    func remove(_ image: StoredImage) -> Bool {
        if let now = SharedFiles.status(entryPath(image.digest)), now.modified > image.lastUsed { return false }
        unlink(entryPath(image.digest))
        return unlink(sifPath(image.digest)) == 0
    }

    /// Removes what interrupted pulls left behind before a moment, in nanoseconds since 1970.
    func removeLeftovers(before moment: Int64) {
        // A lock in use is renewed every few seconds.
        let interrupted = ["/partial", "/locks"].flatMap { below in SharedFiles.names(in: folder + below).map { "\(folder)\(below)/\($0)" }
        }
        let unfinished = ["", "/references"].flatMap { below in
            SharedFiles.names(in: folder + below).filter { $0.contains(".new-") }.map { "\(folder)\(below)/\($0)" }
        }
        for path in interrupted + unfinished {
            if let file = SharedFiles.status(path), file.modified < moment { unlink(path) }
        }
    }

    func touch(_ digest: String) { SharedFiles.touch(entryPath(digest)) }

    private func entryPath(_ digest: String) -> String { "\(folder)/\(Self.fileName(digest)).json" }

    private func namePath(_ reference: String) -> String? {
        SHA256.digest(of: reference.utf8).map { "\(folder)/references/\($0.dropFirst(7)).json" }
    }

    private static func fileName(_ digest: String) -> String { digest.replacingOccurrences(of: ":", with: "-") }

    private static func encode(_ value: some Encodable) throws(ImageFault) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return Array(try encoder.encode(value)) } catch { throw ImageFault("cannot be written as JSON: \(error)") }
    }
}

extension ImageCatalog {
    /// The present, by the clock that the folder's files get their times from.
    func now() throws(ImageFault) -> Int64? {
        let path = newPartialPath()
        guard try SharedFiles.create(path, []) else { return nil }
        defer { unlink(path) }
        return SharedFiles.status(path)?.modified
    }
}
