import Foundation
import Kubernetes
import Logging
import Slurm

extension DoctorProbes {
    /// The real world, as one configuration sees it.
    public static func live(_ configuration: KubeletConfiguration, logger: Logger) -> DoctorProbes {
        let slurm = SlurmProbe(configuration, logger: logger)
        let server = ServerProbe(configuration, logger: logger)
        let runner = CommandRunner()
        return DoctorProbes(
            now: { Date() }, userName: { NSUserName() }, userID: { getuid() }, hostname: { HostAddress.hostname() },
            slurmVersions: {
                (
                    SlurmVersion.compiled.description, SlurmVersion.runtime?.description,
                    SlurmVersion.runtime.map { SlurmVersion.compiled.isCompatible(with: $0) } ?? false
                )
            },
            slurmSetup: { try await slurm.setup() }, slurmCluster: { try await slurm.cluster() },
            find: { HostProbe.find($0) }, run: { try await runner.run($0, $1, timeLimit: .seconds(30)) },
            accessError: { access($0, R_OK | W_OK) == 0 ? 0 : errno }, text: { try? String(contentsOfFile: $0, encoding: .utf8) },
            mode: { HostProbe.mode($0) }, tryFolder: { try await HostProbe.tryFolder($0, runsProgram: $1, runner: runner) },
            connection: { try ClusterAccess.connection(configuration) }, server: { try await server.server() },
            allowed: { try await server.allowed($0) },
            certificate: { try HostProbe.certificate($0, key: $1, address: $2) },
            agentRuns: { AgentIdentity.isHeld(stateDirectory: configuration.stateDirectory) }, bindError: { HostProbe.bindError($0, $1) })
    }
}

/// Asks libslurm once for all checks.
private actor SlurmProbe {
    private let configuration: SlurmConfiguration
    private let logger: Logger
    private var setupTask: Task<SlurmSetup, any Error>?
    private var clusterTask: Task<DoctorProbes.SlurmCluster, any Error>?

    init(_ configuration: KubeletConfiguration, logger: Logger) {
        self.configuration = SlurmConfiguration(configurationFile: configuration.slurmConfiguration, listensForPushes: false)
        self.logger = logger
    }

    func setup() async throws -> SlurmSetup {
        let task =
            setupTask
            ?? Task { [configuration] in
                // Blocks: on a thread of its own, not on the cooperative pool.
                try await withCheckedThrowingContinuation { continuation in
                    Thread.detachNewThread { continuation.resume(with: Result { try SlurmSetup.check(configuration) }) }
                }
            }
        setupTask = task
        return try await task.value
    }

    func cluster() async throws -> DoctorProbes.SlurmCluster {
        // What was found out once need not be tried again.
        _ = try await setup()
        let task =
            clusterTask
            ?? Task { [configuration, logger] in
                let client = try await SlurmClient(configuration: configuration, logger: logger)
                do {
                    let cluster = try await Self.ask(client)
                    await client.shutdown()
                    return cluster
                } catch {
                    await client.shutdown()
                    throw error
                }
            }
        clusterTask = task
        return try await task.value
    }

    private static func ask(_ client: SlurmClient) async throws -> DoctorProbes.SlurmCluster {
        let controllers = try await client.ping().map { (host: $0.host, problem: $0.error?.description) }
        guard controllers.contains(where: { $0.problem == nil }) else {
            return DoctorProbes.SlurmCluster(controllers: controllers, partitions: [], usableNodes: 0, unusableNodes: 0, hostnames: [])
        }
        let nodes = try await client.nodes()
        let totals = ClusterTotals(nodes)
        return DoctorProbes.SlurmCluster(
            controllers: controllers,
            partitions: try await client.partitions().map {
                DoctorProbes.SlurmCluster.Partition(name: $0.name, isUp: $0.isUp, isDefault: $0.isDefault, nodes: Int($0.totalNodes))
            }, usableNodes: totals.nodes, unusableNodes: totals.unusableNodes, hostnames: Set(nodes.map { $0.hostname ?? $0.name }))
    }
}

/// Asks the API server; each answer once for all checks.
private actor ServerProbe {
    private let configuration: KubeletConfiguration
    private let logger: Logger
    private var client: KubernetesClient?
    private var serverTask: Task<(version: String, date: Date?), any Error>?

    init(_ configuration: KubeletConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    private func connected() throws -> KubernetesClient {
        if let client { return client }
        let made = KubernetesClient(
            connection: try ClusterAccess.connection(configuration), transport: try HTTPEngine(),
            retry: RetryPolicy(attempts: 2, base: .milliseconds(200), cap: .seconds(1)), userAgent: "hpk-kubelet/\(HPKVersion.program)",
            logger: logger)
        client = made
        return made
    }

    func server() async throws -> (version: String, date: Date?) {
        let client = try connected()
        let task =
            serverTask
            ?? Task {
                let response = try await client.send(APIRequest("GET", "/version"))
                let version = (try? JSONDecoder().decode(ServerVersion.self, from: response.body))?.gitVersion ?? "unknown"
                return (version, response.headers["Date"].flatMap(Self.date))
            }
        serverTask = task
        return try await task.value
    }

    func allowed(_ question: DoctorProbes.AccessQuestion) async throws -> Bool {
        let parts = question.resource.split(separator: "/").map(String.init)
        var attributes: [String: JSONValue] = [
            "verb": .string(question.verb), "resource": .string(parts[0]), "group": .string(question.group),
        ]
        if parts.count > 1 { attributes["subresource"] = .string(parts[1]) }
        if let namespace = question.namespace { attributes["namespace"] = .string(namespace) }
        let review: JSONValue = [
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": ["resourceAttributes": .object(attributes)],
        ]
        var request = APIRequest("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body: try JSONEncoder().encode(review))
        request.isIdempotent = true
        let answer = try JSONDecoder().decode(JSONValue.self, from: try await connected().send(request).body)
        return answer["status"]?["allowed"] == true
    }

    /// RFC 9110's IMF-fixdate.
    private static func date(_ text: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return formatter.date(from: text)
    }
}
