import Foundation

/// A program that gives credentials (client.authentication.k8s.io, v1 and v1beta1).
public struct ExecPlugin: Sendable, Equatable {
    /// What a plugin may be told of the cluster.
    struct ClusterInfo: Sendable, Equatable {
        let server: String
        let tls: TLSSettings
    }

    /// Program: with a slash a path, else looked for in PATH.
    public let command: String
    let arguments: [String]
    let environment: [String: String]
    let apiVersion: String
    let installHint: String?
    let providesClusterInfo: Bool
    var cluster: ClusterInfo?
    /// Most time for one run.
    var timeout: Duration = .seconds(60)

    static let apiVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]

    init(
        command: String, arguments: [String] = [], environment: [String: String] = [:], apiVersion: String = apiVersions[0],
        installHint: String? = nil, providesClusterInfo: Bool = false
    ) {
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.apiVersion = apiVersion
        self.installHint = installHint
        self.providesClusterInfo = providesClusterInfo
    }

    /// Reads the `exec` mapping of a kubeconfig's user.
    init(_ fields: YAMLFields, folder: String) throws {
        guard let command = try fields.string("command") else { throw YAMLError(detail: "\(fields.name("command")) is missing", line: 0) }
        let version = try fields.string("apiVersion") ?? ""
        guard Self.apiVersions.contains(version) else {
            throw YAMLError(
                detail:
                    "\(fields.name("apiVersion")) is \(version.debugDescription); known are \(Self.apiVersions.joined(separator: ", "))",
                line: 0)
        }
        if try fields.string("interactiveMode") == "Always" {
            throw YAMLError(detail: "\(fields.name("interactiveMode")): a daemon has no terminal for Always", line: 0)
        }
        var environment: [String: String] = [:]
        for variable in try fields.mappings("env") {
            guard let name = try variable.string("name"), !name.contains("=") else {
                throw YAMLError(detail: "\(variable.name("name")) must be a name", line: 0)
            }
            environment[name] = try variable.string("value") ?? ""
        }
        self.init(
            command: command.contains("/") && !command.hasPrefix("/") ? "\(folder)/\(command)" : command,
            arguments: try fields.strings("args"), environment: environment, apiVersion: version,
            installHint: try fields.string("installHint"), providesClusterInfo: try fields.bool("provideClusterInfo") ?? false)
    }

    /// Why a plugin gave no credential.
    struct Failure: Error, CustomStringConvertible {
        let command: String
        let detail: String
        let hint: String?

        var description: String { "credential plugin \(command): \(detail)\(hint.map { " (\($0))" } ?? "")" }
    }

    private func fail(_ detail: String, hint: String? = nil) -> Failure { Failure(command: command, detail: detail, hint: hint) }

    /// Runs the program once and reads what it prints. Its output holds secrets and appears in no message.
    func run() async throws -> Credential {
        let result: ChildProcess.Result
        do {
            result = try await ChildProcess.run(
                command, arguments, environment: environment.merging(["KUBERNETES_EXEC_INFO": try execInfo()]) { $1 }, timeout: timeout)
        } catch let error as ChildProcess.Failure {
            throw fail("cannot be started: \(error.detail)", hint: installHint)
        }
        if result.timedOut { throw fail("gave no answer in \(timeout)") }
        guard result.status == 0 else {
            let words = String(decoding: result.errorOutput.prefix(500), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            throw fail("ended with \(result.status): \(words)", hint: installHint)
        }
        return try credential(from: result.output)
    }

    private func execInfo() throws -> String {
        var spec: JSONValue = ["interactive": false]
        if providesClusterInfo, let cluster {
            var info: JSONValue = ["server": .string(cluster.server)]
            if let authority = cluster.tls.certificateAuthority {
                info["certificate-authority-data"] = .string(authority.base64EncodedString())
            }
            if let name = cluster.tls.serverName { info["tls-server-name"] = .string(name) }
            if cluster.tls.skipsVerification { info["insecure-skip-tls-verify"] = true }
            spec["cluster"] = info
        }
        let info: JSONValue = ["apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": spec]
        return String(decoding: try JSONEncoder().encode(info), as: UTF8.self)
    }

    /// Reads an ExecCredential.
    func credential(from output: Data) throws -> Credential {
        struct ExecCredential: Decodable {
            struct Status: Decodable {
                let token: String?
                let clientCertificateData: String?
                let clientKeyData: String?
                let expirationTimestamp: Timestamp?
            }
            let apiVersion: String?
            let kind: String?
            let status: Status?
        }
        let answer: ExecCredential
        do {
            answer = try JSONDecoder().decode(ExecCredential.self, from: output)
        } catch {
            throw fail("printed something that is not an ExecCredential: \(UndecodableObject.describe(error))")
        }
        guard answer.kind == "ExecCredential" else { throw fail("printed an object that is not an ExecCredential") }
        guard answer.apiVersion == apiVersion else {
            throw fail("answered in \(answer.apiVersion ?? "no version"), was asked for \(apiVersion)")
        }
        guard let status = answer.status else { throw fail("answered without a status") }
        let token = status.token.flatMap { $0.isEmpty ? nil : $0 }
        guard (status.clientCertificateData == nil) == (status.clientKeyData == nil) else {
            throw fail("gave a certificate without its key, or a key without its certificate")
        }
        guard token != nil || status.clientCertificateData != nil else { throw fail("gave neither a token nor a certificate") }
        return Credential(
            authorization: token.map { "Bearer \($0)" }, clientCertificate: status.clientCertificateData.map { Data($0.utf8) },
            clientKey: status.clientKeyData.map { Data($0.utf8) }, expiration: status.expirationTimestamp?.date)
    }
}
