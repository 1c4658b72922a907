import NIOHTTP1
import NIOPosix

/// What the kubelet port asks of the node agent.
public protocol KubeletState: Sendable {
    /// The node's pods as a JSON `PodList`.
    func podList() async throws -> [UInt8]
    /// The log that `kubectl logs` means: of the current instance, or with `previous` of the one that ended before it.
    func logTarget(namespace: String, pod: String, container: String, previous: Bool) async -> Result<LogTarget, LogTargetError>
}

/// `GET /healthz`.
struct HealthHandler: KubeletRequestHandler {
    func answer(_ request: KubeletRequest) async throws -> KubeletAnswer {
        .whole(contentType: "text/plain; charset=utf-8", body: Array("ok".utf8))
    }
}

/// `GET /pods`.
struct PodListHandler: KubeletRequestHandler {
    let state: any KubeletState

    func answer(_ request: KubeletRequest) async throws -> KubeletAnswer {
        .whole(contentType: "application/json", body: try await state.podList())
    }
}

/// `GET /containerLogs/{namespace}/{pod}/{container}`.
struct ContainerLogHandler: KubeletRequestHandler {
    let state: any KubeletState
    let pool: NIOThreadPool
    let now: @Sendable () -> LogTime

    func answer(_ request: KubeletRequest) async throws -> KubeletAnswer {
        let namespace = try request.parameter("namespace")
        let pod = try request.parameter("pod")
        let container = try request.parameter("container")
        let options = try LogOptions(query: request.query, now: now())
        let target: LogTarget
        switch await state.logTarget(namespace: namespace, pod: pod, container: container, previous: options.previous) {
        case .success(let found): target = found
        case .failure(let error): throw error.fault(pod: pod, container: container)
        }
        var reader = LogReader(target, options: options, pool: pool)
        let hasFile: Bool
        do {
            hasFile = try await reader.open()
        } catch let error as LogFileError {
            throw HTTPFault(500, "\(error)")
        }
        if !hasFile, await target.isFinished() {
            throw HTTPFault(400, "the log of container \"\(container)\" in pod \"\(pod)\" is not there any more")
        }
        return .stream(contentType: "text/plain; charset=utf-8") { [reader] write in
            var reader = reader
            try await reader.run(write: write)
        }
    }
}

extension RouteTable {
    /// The paths that the kubelet port serves.
    static func kubelet(state: any KubeletState, pool: NIOThreadPool, now: @escaping @Sendable () -> LogTime) -> RouteTable {
        var table = RouteTable()
        table.add(.GET, "/healthz", HealthHandler())
        table.add(.GET, "/pods", PodListHandler(state: state))
        table.add(.GET, "/containerLogs/{namespace}/{pod}/{container}", ContainerLogHandler(state: state, pool: pool, now: now))
        return table
    }
}
