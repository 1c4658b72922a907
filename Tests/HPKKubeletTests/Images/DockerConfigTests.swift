import Foundation
import Testing

@testable import HPKKubelet

@Suite struct DockerConfigTests {
    private func config(_ keys: [String]) throws -> DockerConfig {
        let auths = keys.map { #""\#($0)":{"username":"\#($0)","password":"p"}"# }.joined(separator: ",")
        return try DockerConfig(dockerConfigJSON: Array(#"{"auths":{\#(auths)}}"#.utf8))
    }

    @Test(
        "A credential is found by the kubelet's rules, the most particular first",
        arguments: [
            (["quay.io"], "quay.io", "a/b", ["quay.io"]),
            (["https://quay.io/v2/"], "quay.io", "a/b", ["https://quay.io/v2/"]),
            (["quay.io/a", "quay.io", "quay.io/a/b"], "quay.io", "a/b", ["quay.io/a/b", "quay.io/a", "quay.io"]),
            (["quay.io/a"], "quay.io", "ab", []),
            (["quay.io:443"], "quay.io", "a", []),
            (["h.x:5000"], "h.x:5000", "a", ["h.x:5000"]),
            (["*.x.io", "h.x.io"], "h.x.io", "a", ["h.x.io", "*.x.io"]),
            (["*.x.io"], "a.b.x.io", "a", []),
            (["h*-1.x.io"], "hab-1.x.io", "a", ["h*-1.x.io"]),
            (["https://index.docker.io/v1/"], "docker.io", "library/nginx", ["https://index.docker.io/v1/"]),
            (["docker.io"], "docker.io", "library/nginx", ["docker.io"]),
            (["other.io"], "quay.io", "a", []),
            ([""], "quay.io", "a", []),
        ] as [([String], String, String, [String])])
    func matching(keys: [String], host: String, repository: String, expected: [String]) throws {
        let users = try config(keys).credentials(host: host, repository: repository).map { credential -> String in
            if case .password(let user, _) = credential { user } else { "" }
        }
        #expect(users == expected)
    }

    @Test("Every form of credential is read, others of the same file are not lost")
    func forms() throws {
        let auth = Data("alice:s3:cret\0".utf8).base64EncodedString()
        let text = """
            {"auths":{"a.io":{"auth":"\(auth)"},"b.io":{"identitytoken":"t","username":"u"},"c.io":{"auth":"%%%"},"d.io":{}},"credHelpers":{"x":"y"}}
            """
        let config = try DockerConfig(dockerConfigJSON: Array(text.utf8))
        #expect(config.credentials(host: "a.io", repository: "x") == [.password(user: "alice", password: "s3:cret")])
        #expect(config.credentials(host: "b.io", repository: "x") == [.identityToken(user: "u", token: "t")])
        #expect(config.credentials(host: "c.io", repository: "x").isEmpty)
        let old = try DockerConfig(dockerCfg: Array(#"{"a.io":{"username":"u","password":"p"}}"#.utf8))
        #expect(old.credentials(host: "a.io", repository: "x") == [.password(user: "u", password: "p")])
    }

    @Test(
        "What is not a Docker configuration is an error that shows none of it",
        arguments: ["", "secret!", "[1]", #"{"auths":"secret!"}"#, #"{"auths":{"a":1}}"#])
    func malformed(text: String) {
        let error = #expect(throws: DockerConfig.Malformed.self) { try DockerConfig(dockerConfigJSON: Array(text.utf8)) }
        #expect(error?.description.contains("secret!") == false)
    }

    @Test("No text of a credential shows its secret")
    func redaction() throws {
        let config = try DockerConfig(dockerCfg: Array(#"{"a.io":{"username":"u","password":"hunter2"}}"#.utf8))
        let credentials = config.credentials(host: "a.io", repository: "x")
        var dumped = ""
        dump(config, to: &dumped)
        dump(credentials, to: &dumped)
        for text in [dumped, "\(config)", "\(credentials)", String(reflecting: credentials), String(reflecting: config)] {
            #expect(!text.contains("hunter2"))
        }
    }
}
