import Foundation
import Testing

@testable import HPKKubelet

@Suite struct ImageValuesTests {
    @Test("The wait doubles from 10 seconds to 300, for each pod and image alone")
    func backOff() {
        var backOff = ImagePullBackOff()
        var now = Duration.zero
        var waits: [Duration] = []
        for _ in 0..<7 {
            waits.append(backOff.failed(pod: "a", image: "x", at: now))
            #expect(backOff.remaining(pod: "a", image: "x", at: now) == waits.last)
            now += waits.last ?? .zero
            #expect(backOff.remaining(pod: "a", image: "x", at: now) == .zero)
        }
        #expect(waits == [10, 20, 40, 80, 160, 300, 300].map { .seconds($0) })
        #expect(backOff.remaining(pod: "b", image: "x", at: now - .seconds(1)) == .zero)
        #expect(backOff.failed(pod: "a", image: "y", at: now) == .seconds(10))
        #expect(backOff.failed(pod: "a", image: "x", at: now + .seconds(601)) == .seconds(10))
        backOff.succeeded(pod: "a", image: "x")
        #expect(backOff.failed(pod: "a", image: "x", at: now) == .seconds(10))
        backOff.forget(pod: "a")
        #expect(backOff == ImagePullBackOff())
    }

    private static func image(_ name: String, size: Int64, day: Int64) -> StoredImage {
        StoredImage(digest: name, size: size, lastUsed: day * 86_400_000_000_000)
    }

    @Test(
        "The longest unused images go until the rest fits, never one in use or used lately",
        arguments: [
            (100, [], []), (29, [], ["old"]), (15, [], ["old", "mid"]), (0, [], ["old", "mid"]), (29, ["old"], ["mid"]),
            (0, ["old", "mid"], []),
        ] as [(Int64, Set<String>, [String])])
    func collection(limit: Int64, inUse: Set<String>, expected: [String]) {
        let images = [Self.image("new", size: 10, day: 99), Self.image("old", size: 10, day: 1), Self.image("mid", size: 10, day: 50)]
        let retention = ImageRetention(sizeLimit: limit, unusedFor: .seconds(14 * 86400))
        let victims = retention.victims(among: images, inUse: inUse, now: 100 * 86_400_000_000_000)
        #expect(victims.map(\.digest) == expected)
    }

    @Test("Even a retention of no time spares what was used within the hour")
    func minimumAge() {
        let now: Int64 = 10 * 3600 * 1_000_000_000
        let retention = ImageRetention(sizeLimit: 0, unusedFor: .zero)
        let images = [StoredImage(digest: "a", size: 1, lastUsed: now - 3_500_000_000_000), StoredImage(digest: "b", size: 1, lastUsed: 1)]
        #expect(retention.victims(among: images, inUse: [], now: now).map(\.digest) == ["b"])
    }

    @Test("A collection removes files, keeps and marks those in use, and sweeps what interrupted pulls left")
    func collector() async throws {
        let folder = try TemporaryFolder()
        let catalog = ImageCatalog(folder: folder.path)
        try catalog.prepare()
        var paths: [String] = []
        let longAgo = [timespec(tv_sec: 1_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000, tv_nsec: 0)]
        for letter in ["a", "b"] {
            let digest = "sha256:" + String(repeating: letter, count: 64)
            let partial = catalog.newPartialPath()
            _ = try SharedFiles.create(partial, [1, 2, 3])
            try catalog.publish(
                ImageCatalog.Entry(digest: digest, size: 3, configuration: ImageConfiguration(), user: nil, accounts: []), partial: partial)
            paths.append(catalog.sifPath(digest))
            utimensat(AT_FDCWD, String(catalog.sifPath(digest).dropLast(3)) + "json", longAgo, 0)
        }
        for name in ["partial/dead.sif", "locks/dead.lock", "references/x.json.new-1"] {
            try folder.write(name, "")
            utimensat(AT_FDCWD, folder.path + "/" + name, longAgo, 0)
        }
        try folder.write("partial/alive.sif", "")

        let collector = ImageCollector(folder: folder.path, retention: ImageRetention(sizeLimit: 0))
        let outcome = await collector.collect(inUse: [paths[0], "/elsewhere/x.sif"])
        #expect(outcome.removed.map(\.digest) == ["sha256:" + String(repeating: "b", count: 64)])
        #expect(outcome.size == 3)
        #expect(SharedFiles.status(paths[0]) != nil && SharedFiles.status(paths[1]) == nil)
        #expect(SharedFiles.names(in: folder.path + "/partial") == ["alive.sif"])
        #expect(SharedFiles.names(in: folder.path + "/locks").isEmpty)
        // The mark protects it from an agent that does not know its pod.
        #expect(await collector.collect(inUse: []).removed.isEmpty)
    }

    @Test(
        "Events use the kubelet's words",
        arguments: [
            (ImageProgress.pulling(image: "x:1"), "Pulling", false, #"Pulling image "x:1""#),
            (
                .pulled(image: "x:1", duration: .milliseconds(1200), waiting: .milliseconds(1350), size: 42), "Pulled", false,
                #"Successfully pulled image "x:1" in 1.2s (1.35s including waiting). Image size: 42 bytes."#
            ),
            (.alreadyPresent(image: "x:1"), "Pulled", false, #"Container image "x:1" already present on machine"#),
            (.backingOff(image: "x:1"), "BackOff", false, #"Back-off pulling image "x:1""#),
            (.failed(.pull(image: "x:1", reason: "manifest unknown")), "Failed", true, #"Failed to pull image "x:1": manifest unknown"#),
            (
                .failed(.neverPull(image: "x:1")), "ErrImageNeverPull", true,
                #"Container image "x:1" is not present with pull policy of Never"#
            ),
            (
                .failed(.invalidName(image: "a\n\"b", reason: "r")), "InspectFailed", true,
                #"Failed to apply default image tag "a\n\"b": couldn't parse image name: r"#
            ),
        ] as [(ImageProgress, String, Bool, String)])
    func events(progress: ImageProgress, reason: String, isWarning: Bool, message: String) {
        #expect(progress.reason == reason && progress.isWarning == isWarning && progress.message == message)
    }

    @Test(
        "Durations are written as Go does",
        arguments: [
            (0, "0ms"), (532, "532ms"), (1000, "1s"), (1200, "1.2s"), (1234, "1.234s"), (62_500, "1m2.5s"), (3_603_000, "1h0m3s"),
            (-5, "0ms"),
        ])
    func durations(milliseconds: Int, text: String) {
        #expect(shortText(.milliseconds(milliseconds)) == text)
    }

    @Test("Words from outside become one short line")
    func lines() {
        #expect(oneLine("  a\n\tb\u{1b}[31m  c\u{7f}\u{9b}d \n") == "a b [31m c d")
        #expect(oneLine(String(repeating: "x", count: 2000)).count == 1025)
    }

    @Test("Credentials are in the file for Apptainer and nowhere in its arguments")
    func authfile() throws {
        let request = PullRequest(
            uri: "docker://h/x@sha256:0", host: "h", plainHTTP: true, credential: .password(user: "alice", password: "hunter2"))
        let arguments = ApptainerPuller.arguments(request, authfile: "/t/auth.json", path: "/i/x.sif")
        #expect(
            arguments == [
                "--quiet", "pull", "--disable-cache", "--authfile", "/t/auth.json", "--no-https", "--", "/i/x.sif", "docker://h/x@sha256:0",
            ])
        let file = try JSONDecoder().decode([String: [String: [String: String]]].self, from: ApptainerPuller.authfile(request))
        #expect(file == ["auths": ["h": ["auth": Data("alice:hunter2".utf8).base64EncodedString()]]])
    }

    @Test(
        "Apptainer's last words become the message",
        arguments: [
            ("INFO: x\nFATAL:   While making image: manifest unknown\n", "apptainer pull: While making image: manifest unknown"),
            ("one\ntwo\n", "apptainer pull: one two"), ("", "apptainer pull: ended with exited(3) and said nothing"),
        ])
    func apptainerWords(output: String, expected: String) {
        #expect(ApptainerPuller.words(.failed(output: output, status: "exited(3)")) == expected)
    }

    @Test("A file that is no SIF, or one cut short, is told from an image")
    func sifHeader() throws {
        var header = [UInt8](repeating: 0, count: 128)
        #expect(throws: SIFHeader.Malformed.self) { try SIFHeader.table(header, fileSize: 1 << 20) }
        #expect(throws: SIFHeader.Malformed.self) { try SIFHeader.table([], fileSize: 0) }
        header.replaceSubrange(32..<42, with: Array("SIF_MAGIC\0".utf8))
        #expect(throws: SIFHeader.Malformed.self) { try SIFHeader.table(header, fileSize: 1 << 20) }
        header[88] = 2
        header[97] = 0x10
        #expect(try SIFHeader.table(header, fileSize: 1 << 20) == SIFHeader.Table(offset: 4096, length: 1170))
        #expect(throws: SIFHeader.Malformed.self) { try SIFHeader.table(header, fileSize: 5000) }
        header.replaceSubrange(88..<104, with: [UInt8](repeating: 0xff, count: 16))
        #expect(throws: SIFHeader.Malformed.self) { try SIFHeader.table(header, fileSize: .max) }

        var table = [UInt8](repeating: 0, count: 1170)
        #expect(try SIFHeader.objects(table, fileSize: 100).isEmpty)
        table.replaceSubrange(585..<590, with: [0x04, 0x40, 0, 0, 1])
        table[585 + 17] = 50
        table[585 + 25] = 50
        table[585 + 201] = 1
        table[585 + 205] = 2
        let objects = try SIFHeader.objects(table, fileSize: 100)
        #expect(objects == [SIFHeader.Object(kind: 0x4004, offset: 50, size: 50, fileSystem: 1, partition: 2)])
        #expect(objects.first?.isRootFileSystem == true)
        #expect(throws: SIFHeader.Malformed.self) { try SIFHeader.objects(table, fileSize: 99) }
    }
}
