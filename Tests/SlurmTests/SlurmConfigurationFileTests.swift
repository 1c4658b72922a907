import Foundation
import Glibc
import Testing

@testable import Slurm

@Suite("slurm.conf")
struct SlurmConfigurationFileTests {
    private static func file(_ texts: [String: String]) throws -> SlurmConfigurationFile {
        try SlurmConfigurationFile(path: "/etc/slurm/slurm.conf") { path in
            guard let text = texts[path] else {
                throw SlurmSetupError.configurationUnreadable(path: path, reason: "No such file or directory")
            }
            return text
        }
    }

    private static let minimal = "ClusterName=lab\nSlurmctldHost=head(10.0.0.1)\n"

    @Test("gives settings with comments, continuations, quotation and any case of letters")
    func settings() throws {
        let file = try Self.file([
            "/etc/slurm/slurm.conf": """
            # ClusterName=no
            clustername=lab # the lab's
            SlurmctldHost=head(10.0.0.1)
            SlurmctldHost=spare
            AuthInfo=ttl=60,\\
            socket=/x/y
            Epilog="/a b" SlurmctldPort=6820-6825\r
            NodeName=c[1-4] Port=7 AuthType=none
            """
        ])
        #expect(file.value("Epilog") == "/a b")
        let setup = try SlurmSetup(file)
        #expect(setup.clusterName == "lab")
        #expect(setup.controllers == [.init(name: "head", address: "10.0.0.1"), .init(name: "spare", address: "spare")])
        #expect(setup.controllerPort == 6820)
        #expect(setup.authType == "auth/munge" && setup.authSocket == "/x/y")
    }

    @Test(
        "says whether listeners are on the address of the host's name alone",
        arguments: [
            ("", false), ("NoCtldInAddrAny", false), ("NoInAddrAny", true), ("keepalivetime=5,noinaddrany", true), ("NoInAddrAnyX", false),
        ])
    func listeners(_ parameters: String, _ expected: Bool) throws {
        let text = Self.minimal + (parameters.isEmpty ? "" : "CommunicationParameters=\(parameters)\n")
        let setup = try SlurmSetup(try Self.file(["/etc/slurm/slurm.conf": text]))
        #expect(setup.listensOnHostName == expected)
        #expect(try #require(LocalAddress.ofHostName()).contains(where: { ".:".contains($0) }))
    }

    @Test("takes in included files, also those named beside slurm.conf in an included file")
    func includes() throws {
        let file = try Self.file([
            "/etc/slurm/slurm.conf": "Include sub/a.conf\nSlurmctldHost=head\n",
            "/etc/slurm/sub/a.conf": "include /b.conf\n  Include c.conf",
            "/b.conf": "ClusterName=lab", "/etc/slurm/c.conf": "SlurmctldPort=7000\nSrunPortRange=1-2",
        ])
        #expect(try SlurmSetup(file).controllerPort == 7000)
        let copy = PrivateConfiguration.text(of: file, port: 50_000)
        #expect(!copy.lowercased().contains("include"))
        #expect(copy.contains("ClusterName=lab") && copy.contains("SrunPortRange=50000-50001") && !copy.contains("SrunPortRange=1-2"))
    }

    @Test(
        "that cannot be used is refused, and the file and fault named",
        arguments: [
            ("SlurmctldHost=head\n", "ClusterName"), ("ClusterName=lab\n", "SlurmctldHost"),
            ("ClusterName=\nSlurmctldHost=head\n", "ClusterName"),
            (minimal + "SlurmctldPort=x\n", "SlurmctldPort"), (minimal + "AuthType=auth/none\n", "AuthType"),
            (minimal + "Include gone.conf\n", "gone.conf"),
            (minimal + "Include slurm.conf\n", "16 files"), ("", "ClusterName"), ("\u{0}\u{1}\u{ff}", "ClusterName"),
        ])
    func refused(text: String, fault: String) throws {
        let error = try #require(throws: SlurmSetupError.self) { try SlurmSetup(try Self.file(["/etc/slurm/slurm.conf": text])) }
        #expect(error.description.contains(fault))
        #expect(error.description.contains("/etc/slurm/"))
    }

    @Test("is searched where Slurm searches it")
    func candidates() {
        #expect(SlurmSetup.candidates(SlurmConfiguration(configurationFile: "/a"), environment: "/b") == ["/a"])
        #expect(SlurmSetup.candidates(SlurmConfiguration(), environment: "/b") == ["/b"])
        #expect(SlurmSetup.candidates(SlurmConfiguration(), environment: "") == ["/etc/slurm/slurm.conf", "/run/slurm/conf/slurm.conf"])
    }

    @Test("that is missing, a folder, or without a munge behind it is told from a good one")
    func onDisk() throws {
        let folder = try TemporaryFolder()
        #expect(throws: SlurmSetupError.configurationMissing(tried: ["\(folder.path)/no"])) {
            try SlurmSetup.check(SlurmConfiguration(configurationFile: "\(folder.path)/no"))
        }
        #expect(throws: SlurmSetupError.configurationUnreadable(path: folder.path, reason: "it is not a file")) {
            try SlurmSetup.check(SlurmConfiguration(configurationFile: folder.path))
        }
        let path = "\(folder.path)/slurm.conf"
        try (Self.minimal + "AuthInfo=socket=\(folder.path)/none\n").write(toFile: path, atomically: true, encoding: .utf8)
        let error = try #require(throws: SlurmSetupError.self) { try SlurmSetup.check(SlurmConfiguration(configurationFile: path)) }
        #expect(error == .authenticationUnreachable(service: "munged", socket: "\(folder.path)/none", reason: "No such file or directory"))
    }

    @Test("is copied for this process alone: mode 0600, neighbours linked, an earlier copy replaced")
    func privateCopy() throws {
        let folder = try TemporaryFolder()
        try Self.minimal.write(toFile: "\(folder.path)/slurm.conf", atomically: true, encoding: .utf8)
        try "x".write(toFile: "\(folder.path)/topology.conf", atomically: true, encoding: .utf8)
        let file = try SlurmConfigurationFile(path: "\(folder.path)/slurm.conf")
        for port in [UInt16(50_000), 50_002] {
            let path = try PrivateConfiguration.write(file, directory: "\(folder.path)/private", port: port)
            #expect(try SlurmConfigurationFile(path: path).value("SrunPortRange") == "\(port)-\(port + 1)")
            var information = stat()
            #expect(stat(path, &information) == 0 && information.st_mode & 0o777 == 0o600)
            #expect(stat("\(folder.path)/private", &information) == 0 && information.st_mode & 0o777 == 0o700)
            #expect(try String(contentsOfFile: "\(folder.path)/private/topology.conf", encoding: .utf8) == "x")
        }
    }

    @Test("gets no port that is taken")
    func ports() throws {
        let taken = try #require((UInt16(40_100)..<40_200).lazy.compactMap { TakenPort($0) }.first)
        #expect(try PushPorts.choose(taken.port...taken.port + 20) > taken.port)
        #expect(throws: SlurmSetupError.self) { try PushPorts.choose(taken.port...taken.port) }
        #expect(throws: SlurmSetupError.self) { try PushPorts.choose(0...10) }
    }
}

private final class TakenPort {
    let port: UInt16
    private let socket: BusyPort

    init?(_ port: UInt16) {
        guard let socket = BusyPort(port) else { return nil }
        self.port = port
        self.socket = socket
    }
}

/// A folder that is gone with this object.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = "/tmp/hpk-slurm-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
