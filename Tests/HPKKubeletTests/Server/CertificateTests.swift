import Foundation
import Testing

@testable import HPKKubelet

@Suite("Certificates", .tags(.security))
struct CertificateTests {
    private let day: Int64 = 86_400

    @Test("An authority is made once and kept over restarts")
    func authorityIsKept() throws {
        let folder = try TemporaryFolder()
        let first = try IdentityStore(directory: folder.path + "/state", now: present)
        let second = try IdentityStore(directory: folder.path + "/state", now: present + 100)
        #expect(first.authority.certificate == second.authority.certificate)
    }

    @Test("Keys lie in files of mode 0600 in a folder of mode 0700")
    func modes() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a/state"
        let store = try IdentityStore(directory: path, now: present)
        _ = try store.serverIdentity("supervisors", commonName: "node", names: [.dns("node")], now: present)
        func mode(_ path: String) throws -> Int {
            try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
        }
        #expect(try mode(path) == 0o700)
        let files = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        #expect(files == ["authority.pem", "supervisors.pem"])
        for file in files { #expect(try mode("\(path)/\(file)") == 0o600) }
    }

    @Test("An authority near its end is replaced, one with life left is not", arguments: [(9 * 365 - 5, true), (9 * 365 + 5, false)])
    func authorityRenewal(days: Int, kept: Bool) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/authority.pem"
        let first = try CertificateAuthority.load(orMakeAt: path, name: "a", now: present)
        let later = try CertificateAuthority.load(orMakeAt: path, name: "a", now: present + Int64(days) * day)
        #expect((first.certificate == later.certificate) == kept)
    }

    @Test(
        "A server's certificate is renewed before its end and for new names",
        arguments: [
            (0, "n", ["n"], true), (59, "n", ["n"], true), (61, "n", ["n"], false), (0, "m", ["n"], false),
            (0, "n", ["n", "10.0.0.1"], false),
        ])
    func serverRenewal(days: Int, commonName: String, names: [String], kept: Bool) throws {
        let folder = try TemporaryFolder()
        let store = try IdentityStore(directory: folder.path, now: present)
        let first = try store.serverIdentity("s", commonName: "n", names: [CertificateName("n")], now: present)
        let second = try store.serverIdentity(
            "s", commonName: commonName, names: names.map { try CertificateName($0) }, now: present + Int64(days) * day)
        #expect((first == second) == kept)
        #expect(try names.allSatisfy { try #require(second.leaf).covers(try CertificateName($0)) })
    }

    @Test("A damaged server certificate is made anew; a damaged authority stops the start")
    func damage() throws {
        let folder = try TemporaryFolder()
        let store = try IdentityStore(directory: folder.path, now: present)
        _ = try store.serverIdentity("s", commonName: "n", names: [.dns("n")], now: present)
        try write("junk", to: folder.path + "/s.pem")
        _ = try store.serverIdentity("s", commonName: "n", names: [.dns("n")], now: present)
        try write("junk", to: folder.path + "/authority.pem")
        #expect(throws: CertificateError.malformed(path: folder.path + "/authority.pem", what: "certificate")) {
            try IdentityStore(directory: folder.path, now: present)
        }
    }

    @Test(
        "Names that are neither DNS names nor addresses never reach a certificate",
        arguments: ["", "a b", "a,DNS:evil", "-a", "a..b", "é", "a\nb", "1.2.3.4\0"])
    func badNames(name: String) {
        #expect(throws: CertificateError.badName(name)) { try CertificateName(name) }
    }

    @Test("Given certificates are loaded, or the error says which file is wrong and what to do")
    func givenCertificates() throws {
        let folder = try TemporaryFolder()
        let authority = try CertificateAuthority(name: "ca", now: present)
        func issue(now: Int64, lifetime: Int64) throws -> TLSIdentity {
            try authority.issue(commonName: "n", names: [.dns("n")], usage: .server, now: now, lifetime: lifetime)
        }
        let good = try issue(now: present, lifetime: day)
        let other = try issue(now: present, lifetime: day)
        let old = try issue(now: present - 3 * day, lifetime: day)
        let early = try issue(now: present + 3 * day, lifetime: day)
        for (name, text) in [
            ("good.crt", good.certificateChain), ("good.key", good.privateKey), ("other.key", other.privateKey),
            ("old.crt", old.certificateChain),
            ("old.key", old.privateKey), ("early.crt", early.certificateChain), ("early.key", early.privateKey), ("junk", "junk"),
        ] {
            try write(text, to: "\(folder.path)/\(name)")
        }
        func load(_ certificate: String, _ key: String) throws -> TLSIdentity {
            try TLSIdentity.load(certificatePath: "\(folder.path)/\(certificate)", keyPath: "\(folder.path)/\(key)", now: present)
        }
        func path(_ name: String) -> String { "\(folder.path)/\(name)" }
        #expect(try load("good.crt", "good.key").notAfter == good.notAfter)
        #expect(throws: CertificateError.missing(path: path("none"), what: "certificate")) { try load("none", "good.key") }
        #expect(throws: CertificateError.missing(path: path("none"), what: "private key")) { try load("good.crt", "none") }
        #expect(throws: CertificateError.malformed(path: path("junk"), what: "certificate")) { try load("junk", "good.key") }
        #expect(throws: CertificateError.malformed(path: path("junk"), what: "private key")) { try load("good.crt", "junk") }
        #expect(throws: CertificateError.keyMismatch(certificate: path("good.crt"), key: path("other.key"))) {
            try load("good.crt", "other.key")
        }
        #expect(throws: CertificateError.expired(path: path("old.crt"), ended: old.notAfter)) { try load("old.crt", "old.key") }
        #expect(throws: CertificateError.self) { try load("early.crt", "early.key") }
        #expect(throws: CertificateError.unreadable(path: folder.path, what: "certificate", reason: "Is a directory")) {
            try TLSIdentity.load(certificatePath: folder.path, keyPath: path("good.key"), now: present)
        }
        #expect(
            "\(CertificateError.expired(path: "/c", ended: 0))"
                == "certificate /c ended on 1970-01-01T00:00:00Z: renew it and restart hpk-kubelet")
    }

    @Test("No description of an identity or authority holds a key")
    func descriptions() throws {
        let authority = try CertificateAuthority(name: "ca", now: present)
        let identity = try authority.issue(commonName: "n", usage: .client, now: present, lifetime: day)
        for text in ["\(authority)", String(reflecting: authority), "\(identity)", String(reflecting: identity)] {
            #expect(!text.contains("PRIVATE"))
        }
    }

    @Test("A client's certificate carries user and groups")
    func subject() throws {
        let authority = try CertificateAuthority(name: "ca", now: present)
        let identity = try authority.issue(commonName: "jane", organizations: ["a", "b"], usage: .client, now: present, lifetime: day)
        let leaf = try #require(identity.leaf)
        #expect(leaf.commonNames == ["jane"])
        #expect(leaf.organizations == ["a", "b"])
    }
}
