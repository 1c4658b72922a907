import Foundation
import Testing

@testable import Kubernetes

@Suite("Kubeconfig")
struct KubeconfigTests {
    private static let pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
    private static let pem64 = Data(pem.utf8).base64EncodedString()

    private static func text(cluster: String = "server: https://h:6443", user: String = "", extra: String = "") -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: x
        clusters:
        - name: c
          cluster: {\(cluster)}
        users:
        - name: u
          user: {\(user)}
        contexts:
        - name: x
          context: {cluster: c, user: u, namespace: n}
        \(extra)
        """
    }

    private func connect(_ text: String, context: String? = nil) throws -> ClusterConnection {
        try Kubeconfig(Data(text.utf8), path: "/etc/k/config").connection(context: context)
    }

    @Test(
        "each way to say who we are",
        arguments: [
            ("", Authentication.none),
            ("token: t", .token("t")),
            ("token: 123", .token("123")),
            ("tokenFile: t", .tokenFile("/etc/k/t")),
            ("tokenFile: /t, token: u", .tokenFile("/t")),
            ("username: u, password: p", .basic(username: "u", password: "p")),
            ("username: u", .basic(username: "u", password: "")),
        ])
    func authentication(user: String, expected: Authentication) throws {
        #expect(try connect(Self.text(user: user)).authentication == expected)
    }

    @Test("certificates are taken from data, which wins, or from files beside the kubeconfig")
    func certificates() throws {
        let folder = try TemporaryFolder()
        try folder.write("ca.pem", Self.pem + "file")
        try folder.write("key.pem", Self.pem)
        let text = Self.text(
            cluster: "server: 'https://h:6443/', certificate-authority: ca.pem, tls-server-name: s, proxy-url: 'http://p:3128'",
            user: "client-certificate-data: \(Self.pem64), client-certificate: /nowhere, client-key: ./key.pem")
        let connection = try Kubeconfig.load(path: folder.write("config", text)).connection()
        #expect(connection.server == "https://h:6443")
        #expect(connection.proxy == "http://p:3128")
        #expect(connection.namespace == "n")
        #expect(
            connection.tls
                == TLSSettings(
                    certificateAuthority: Data((Self.pem + "file").utf8), clientCertificate: Data(Self.pem.utf8),
                    clientKey: Data(Self.pem.utf8),
                    serverName: "s"))
        #expect(try connect(Self.text(cluster: "server: http://h, insecure-skip-tls-verify: true")).tls.skipsVerification)
    }

    @Test("descriptions hold no secret")
    func descriptions() throws {
        for user in [
            "token: hidden", "username: u, password: hidden", "client-key-data: \(Self.pem64), client-certificate-data: \(Self.pem64)",
        ] {
            let text = "\(try connect(Self.text(user: user)))"
            #expect(!text.contains("hidden"))
            #expect(!text.contains("BEGIN"))
        }
    }

    @Test(
        "what is wrong is said with file, context and key",
        arguments: [
            (text(), "nope", ["/etc/k/config", "\"nope\"", "there is no such context", "x"]),
            (text(cluster: ""), nil, ["/etc/k/config", "\"x\"", "server", "missing"]),
            (text(cluster: "server: 'ftp://h'"), nil, ["server", "ftp://h"]),
            (text(cluster: "server: h:6443"), nil, ["server", "not an http or https URL"]),
            (text(cluster: "server: 'https://h?x=1'"), nil, ["server"]),
            (text(cluster: "server: 'https://h', certificate-authority: ca"), nil, ["certificate-authority", "/etc/k/ca"]),
            (text(cluster: "server: 'https://h', certificate-authority-data: '%%'"), nil, ["certificate-authority-data", "base64"]),
            (text(cluster: "server: 'https://h', certificate-authority-data: QUFB"), nil, ["certificate-authority-data", "PEM"]),
            (
                text(cluster: "server: 'https://h', insecure-skip-tls-verify: true, certificate-authority-data: \(pem64)"), nil,
                ["insecure-skip-tls-verify", "contradicts"]
            ),
            (
                text(cluster: "server: 'https://h', insecure-skip-tls-verify: 'true'"), nil,
                ["clusters[0].cluster.insecure-skip-tls-verify", "true or false"]
            ),
            (text(cluster: "server: [a]"), nil, ["clusters[0].cluster.server", "a text, not a list"]),
            (text(user: "client-certificate-data: \(pem64)"), nil, ["client-key", "missing"]),
            (text(user: "client-key-data: \(pem64)"), nil, ["client-certificate", "missing"]),
            (text(user: "token: \"a\\nb\""), nil, ["token", "control character"]),
            (text(user: "token: {a: b}"), nil, ["users[0].user.token", "a text, not a mapping"]),
            (text(user: "auth-provider: {name: gcp}"), nil, ["auth-provider", "not supported"]),
            (text(user: "as: root"), nil, ["as: is not supported"]),
            (text(user: "exec: {command: x}"), nil, ["users[0].user.exec.apiVersion", "known are"]),
            (text(user: "exec: {apiVersion: client.authentication.k8s.io/v1}"), nil, ["users[0].user.exec.command", "missing"]),
            (
                text(user: "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}"), nil,
                ["interactiveMode"]
            ),
            (text(user: "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, env: [{value: y}]}"), nil, ["env[0].name"]),
            (text(user: "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, args: [[a]]}"), nil, ["args[0]", "a text"]),
            (text(user: "exec: [x]"), nil, ["users[0].user.exec", "must be a mapping"]),
            (text(extra: "- {name: y, context: {user: u}}"), "y", ["\"y\"", "cluster is missing"]),
            (text(extra: "- {name: y, context: {cluster: d}}"), "y", ["\"y\"", "no cluster \"d\""]),
            (text(extra: "- {name: y, context: {cluster: c, user: w}}"), "y", ["\"y\"", "no user \"w\""]),
            (text(extra: "- {name: x, context: {cluster: c}}"), nil, ["contexts[1].name", "twice"]),
            (text(extra: "- {context: {cluster: c}}"), nil, ["contexts[1].name", "missing"]),
            ("kind: Pod", nil, ["kind", "Pod"]),
            ("clusters: {}", nil, ["clusters", "a list"]),
            ("clusters: [x]", nil, ["clusters[0]", "a mapping"]),
            ("- x", nil, ["the document must be a mapping"]),
            ("", nil, ["current-context is not set"]),
            ("{", nil, ["line 2"]),
            ("current-context: \"x\\0y\"", nil, ["NUL"]),
        ] as [(String, String?, [String])])
    func errors(text: String, context: String?, words: [String]) throws {
        let error = #expect(throws: KubeconfigError.self) { try connect(text, context: context) }
        for word in words { #expect(error?.description.contains(word) == true, "\(String(describing: error))") }
        #expect(error?.description.contains("/etc/k/") == true)
    }

    @Test("of several files the first that has a name wins, and missing ones are passed over")
    func merging() throws {
        let folder = try TemporaryFolder()
        let first = try folder.write(
            "a", "contexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: d, cluster: {server: 'https://d'}}]")
        let second = try folder.write("b", Self.text(cluster: "server: 'https://second'"))
        let merged = try Kubeconfig.load(list: "\(folder.path)/missing:\(first):\(second)")
        let connection = try merged.connection()
        #expect(connection.server == "https://second")
        #expect(connection.namespace == nil)
        #expect(merged.clusters.keys.sorted() == ["c", "d"])
        #expect(throws: KubeconfigError.self) { try Kubeconfig.load(list: "/missing/1:/missing/2") }
        #expect(throws: KubeconfigError.self) { try Kubeconfig.load(path: "/missing") }
        #expect(throws: KubeconfigError.self) { try Kubeconfig.load(path: folder.path) }
    }

    @Test("the connection is looked for where kubectl looks")
    func discovery() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("a", Self.text(cluster: "server: 'https://file'"))
        let other = try folder.write("b", Self.text(cluster: "server: 'https://variable'"))
        try FileManager.default.createDirectory(atPath: "\(folder.path)/.kube", withIntermediateDirectories: true)
        try folder.write(".kube/config", Self.text(cluster: "server: 'https://home'"))
        func server(_ path: String?, _ environment: [String: String]) throws -> String {
            try ClusterConnection.discover(path: path, context: nil, environment: environment).server
        }
        #expect(try server(file, ["KUBECONFIG": other, "HOME": folder.path]) == "https://file")
        #expect(try server(nil, ["KUBECONFIG": other, "HOME": folder.path]) == "https://variable")
        #expect(try server(nil, ["KUBECONFIG": "", "HOME": folder.path]) == "https://home")
        let error = #expect(throws: KubeconfigError.self) { try server(nil, ["HOME": "/nowhere"]) }
        #expect(error?.description.contains("not a pod") == true)
    }

    @Test("in a pod, address and credentials come from the service account")
    func inCluster() throws {
        let folder = try TemporaryFolder()
        try folder.write("ca.crt", Self.pem)
        try folder.write("namespace", "ns\n")
        let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
        #expect(throws: KubeconfigError.self) { try ClusterConnection.inCluster(environment: environment, folder: folder.path) }
        try folder.write("token", "t")
        let connection = try ClusterConnection.inCluster(environment: environment, folder: folder.path)
        #expect(connection.server == "https://[fd00::1]:443")
        #expect(connection.namespace == "ns")
        #expect(connection.authentication == .tokenFile("\(folder.path)/token"))
    }
}
