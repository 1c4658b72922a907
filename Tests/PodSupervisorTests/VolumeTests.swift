import Glibc
import PodProtocol
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@testable import PodSupervisor

@Suite("Volumes") struct VolumeTests {
    private func tree() throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        try FileSystem.makeDirectories("\(folder.path)/volume/a/b", mode: 0o755)
        try FileSystem.write("\(folder.path)/volume/a/file", "inside".utf8, mode: 0o644)
        try FileSystem.write("\(folder.path)/secret", "outside".utf8, mode: 0o644)
        let links = [
            ("up", "../.."), ("absolute", "/etc"), ("inner", "a/b"), ("back", "a/../a/file"), ("loop", "loop"), ("a/far", "../../secret"),
            ("self", "."),
        ]
        for (name, target) in links { _ = symlink(target, "\(folder.path)/volume/\(name)") }
        return folder
    }

    private func resolve(_ path: String, in folder: TemporaryDirectory, creating: mode_t? = nil) throws -> ino_t {
        let root = try Descriptor(opening: "\(folder.path)/volume", O_RDONLY | O_DIRECTORY)
        let found = try SafePath.open(path, below: root, creating: creating)
        var status = stat()
        try #require(found.use { fstat($0, &status) } == 0)
        return status.st_ino
    }

    @Test(
        "a subPath is found, through links that stay inside",
        arguments: [
            ("a", "a"), ("a/file", "a/file"), ("./a//b/", "a/b"), ("inner", "a/b"), ("back", "a/file"), ("self/self/a", "a"), ("", ""),
        ])
    func inside(path: String, target: String) throws {
        let folder = try tree()
        let expected = try #require(FileSystem.status("\(folder.path)/volume/\(target)"))
        #expect(try resolve(path, in: folder) == expected.st_ino)
    }

    @Test(
        "a subPath that leads outside, or nowhere, is refused",
        arguments: [
            "..", "../secret", "a/../../secret", "/etc", "up", "up/secret", "absolute/passwd", "loop", "a/far", "a/file/x", "none", "a\0b",
        ])
    func outside(path: String) throws {
        let folder = try tree()
        #expect(throws: Failure.self) { try resolve(path, in: folder) }
    }

    @Test("missing folders of a subPath are made, but never outside")
    func creates() throws {
        let folder = try tree()
        _ = try resolve("new/deep/folder", in: folder, creating: 0o755)
        #expect(FileSystem.status("\(folder.path)/volume/new/deep/folder").map(FileSystem.kind) == S_IFDIR)
        #expect(throws: Failure.self) { try resolve("up/made", in: folder, creating: 0o755) }
        #expect(FileSystem.status("\(folder.path)/made") == nil)
    }

    private func content(_ files: [(String, String)]) -> VolumeContent {
        VolumeContent(files: files.map { VolumeContent.File(path: $0.0, mode: 0o640, data: Data($0.1.utf8)) })
    }

    @Test("content is replaced as a whole behind a link")
    func atomicContent() throws {
        let folder = try TemporaryDirectory()
        let volume = ContentVolume(path: folder.path, fsGroup: nil)
        try volume.write(content([("a", "1"), ("d/e", "2")]), version: 1)
        #expect(try text(of: "\(folder.path)/a") == "1")
        #expect(try text(of: "\(folder.path)/d/e") == "2")
        #expect(FileSystem.status("\(folder.path)/a").map { $0.st_mode & 0o7777 } == 0o640)
        let held = try Descriptor(opening: "\(folder.path)/a", O_RDONLY)
        try volume.write(content([("a", "3"), ("new", "4")]), version: 2)
        #expect(try text(of: "\(folder.path)/a") == "3")
        #expect(try text(of: "\(folder.path)/new") == "4")
        #expect(try held.readAll(limit: 10, subject: "a") == Array("1".utf8))
        #expect(CText.names(in: folder.path).map { $0.sorted() } == ["..2", "..data", "a", "new"])
    }

    @Test("an update reaches volumes whose first files were in the plan, as well as those that were delivered")
    func updates() throws {
        let folder = try TemporaryDirectory()
        try FileSystem.makeDirectory("\(folder.path)/volumes", mode: 0o700)
        var plan = plan()
        plan.volumes = [
            VolumePlan(name: "map", source: .content(content([("key", "old")]))),
            VolumePlan(name: "disk", source: .emptyDirectory(inMemory: false, sizeLimit: nil)),
        ]
        let volumes = VolumeSet(plan: plan, disk: folder.path, memory: folder.path, canMount: false, clock: .system)
        try volumes.prepare()
        #expect(try text(of: "\(folder.path)/volumes/0/key") == "old")
        try volumes.deliver(["map": content([("key", "new")]), "disk": content([("key", "x")]), "unknown": content([("key", "x")])])
        #expect(try text(of: "\(folder.path)/volumes/0/key") == "new")
        #expect(CText.names(in: "\(folder.path)/volumes/1") == [])
    }

    @Test(
        "file paths that leave the volume are refused",
        arguments: ["", "/a", "../a", "a/../b", "a//b", ".", "..data", "..2/x", "a/", "a\0"])
    func badContent(path: String) throws {
        let folder = try TemporaryDirectory()
        #expect(throws: Failure.self) { try ContentVolume(path: folder.path, fsGroup: nil).write(content([(path, "x")]), version: 1) }
        #expect(CText.names(in: folder.path) == [])
    }

    @Test(
        "hostPath types are checked with the kubelet's words",
        arguments: [
            (HostPathType.directory, "file", "hostPath type check failed: PATH/file is not a directory"),
            (.directory, "none", "hostPath type check failed: PATH/none is not a directory"),
            (.file, "folder", "hostPath type check failed: PATH/folder is not a file"),
            (.socket, "file", "hostPath type check failed: PATH/file is not a socket file"),
            (.characterDevice, "file", "hostPath type check failed: PATH/file is not a character device"),
            (.blockDevice, "file", "hostPath type check failed: PATH/file is not a block device"),
            (.directoryOrCreate, "file", "hostPath type check failed: PATH/file is not a directory"),
            (.fileOrCreate, "folder", "hostPath type check failed: PATH/folder is not a file"),
            (.fileOrCreate, "none/x", "hostPath: cannot open PATH/none/x: No such file or directory"),
            (.unset, "../x", "hostPath \"PATH/../x\" must be an absolute path without '..'"),
            (.directory, "folder", nil), (.file, "file", nil), (.unset, "file", nil), (.unset, "made", nil),
            (.directoryOrCreate, "made/deep", nil),
            (.fileOrCreate, "made", nil), (.directoryOrCreate, "folder", nil), (.fileOrCreate, "file", nil),
        ] as [(HostPathType, String, String?)])
    func hostPath(type: HostPathType, name: String, problem: String?) throws {
        let folder = try TemporaryDirectory()
        try FileSystem.makeDirectory("\(folder.path)/folder", mode: 0o755)
        try FileSystem.write("\(folder.path)/file", [], mode: 0o644)
        do {
            try HostPath.prepare("\(folder.path)/\(name)", type: type)
            #expect(problem == nil)
            #expect(FileSystem.status("\(folder.path)/\(name)") != nil)
        } catch {
            #expect(error.description == problem?.split(separator: "PATH").joined(separator: folder.path))
        }
    }

    @Test("a local folder is private and locked, and only an unlocked one is swept")
    func localDirectory() throws {
        let base = try TemporaryDirectory()
        let held = try LocalDirectory(base: base.path, label: "../../evil uid")
        #expect(FileSystem.status(held.path).map { $0.st_mode & 0o777 } == 0o700)
        #expect(held.path.hasPrefix("\(base.path)/hpk-pod-------evil-uid-"))
        try FileSystem.makeDirectories("\(base.path)/hpk-pod-stale/deep/er", mode: 0o700)
        try FileSystem.makeDirectory("\(base.path)/other", mode: 0o700)
        LocalDirectory.sweep(base: base.path)
        #expect(FileSystem.status("\(base.path)/hpk-pod-stale") == nil)
        #expect(FileSystem.status("\(base.path)/other") != nil)
        #expect(FileSystem.status(held.path) != nil)
        try held.remove()
        #expect(CText.names(in: base.path) == ["other"])
        #expect(throws: (any Error).self) { try LocalDirectory(base: "relative", label: "x") }
        #expect(throws: (any Error).self) { try LocalDirectory(base: "/with,comma", label: "x") }
    }

    @Test("folders are made although another supervisor sweeps all the time")
    func sweptWhileMade() async throws {
        let base = try TemporaryDirectory()
        let path = base.path
        let sweeper = Task.detached {
            while !Task.isCancelled { LocalDirectory.sweep(base: path) }
        }
        defer { sweeper.cancel() }
        for _ in 0..<300 {
            let made = try LocalDirectory(base: path, label: "pod")
            #expect(FileSystem.status(made.path) != nil)
            try made.remove()
        }
    }

    @Test("a very deep tree is removed, and links in it are not followed")
    func deepTree() throws {
        let base = try TemporaryDirectory()
        try FileSystem.makeDirectories("\(base.path)/kept", mode: 0o755)
        try FileSystem.makeDirectory("\(base.path)/top", mode: 0o755)
        var folder = try Descriptor(opening: "\(base.path)/top", O_RDONLY | O_DIRECTORY)
        for _ in 0..<1500 {
            try #require(folder.use { mkdirat($0, "d", 0o755) } == 0)
            _ = folder.use { symlinkat("\(base.path)/kept", $0, "link") }
            let next = folder.use { openat($0, "d", O_RDONLY | O_DIRECTORY) }
            try #require(next >= 0)
            folder = Descriptor(owning: next)
        }
        try FileSystem.removeTree("\(base.path)/top")
        #expect(CText.names(in: base.path) == ["kept"])
    }
}
