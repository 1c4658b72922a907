import PodProtocol

/// The log of one container instance, as the node agent's state names it.
public struct LogTarget: Sendable {
    public var directory: PodDirectory
    public var container: String
    public var restartCount: Int
    /// Whether the instance has ended.
    public var isFinished: @Sendable () async -> Bool
    /// Returns when the instance has ended, or at once when the calling task is cancelled.
    public var waitUntilFinished: @Sendable () async -> Void
    /// Opens the supervisor's ``StreamRequest/followLog(container:restartCount:offset:)`` for this instance; throws while it is not connected.
    public var follow: @Sendable (_ offset: Int64) async throws -> AsyncThrowingStream<[UInt8], any Error>

    public init(
        directory: PodDirectory, container: String, restartCount: Int,
        isFinished: @escaping @Sendable () async -> Bool,
        waitUntilFinished: @escaping @Sendable () async -> Void,
        follow: @escaping @Sendable (_ offset: Int64) async throws -> AsyncThrowingStream<[UInt8], any Error>
    ) {
        self.directory = directory
        self.container = container
        self.restartCount = restartCount
        self.isFinished = isFinished
        self.waitUntilFinished = waitUntilFinished
        self.follow = follow
    }

    /// The instance's current log file.
    var path: String { directory.log(container: container, restartCount: restartCount) }
}

/// Why there is no log to read; becomes the kubelet's status code and words.
public enum LogTargetError: Error, Sendable, Equatable {
    case podNotFound
    /// The pod's specification has no such container.
    case containerNotFound
    /// The container has no status yet.
    case notAvailable
    /// `previous` was asked for and no earlier instance has ended.
    case previousNotFound
    /// The container waits, with its status' reason, e.g. `ContainerCreating` or `ImagePullBackOff`.
    case waiting(reason: String)
    /// The container ended before an instance of it ever ran.
    case terminated

    /// The answer to a client that asked for this pod and container.
    func fault(pod: String, container: String) -> HTTPFault {
        let subject = "container \(quoted(container)) in pod \(quoted(pod))"
        return switch self {
        case .podNotFound: HTTPFault(404, "pod \(quoted(pod)) does not exist")
        case .containerNotFound: HTTPFault(404, "container \(quoted(container)) not found in pod \(quoted(pod))")
        case .notAvailable: HTTPFault(400, "\(subject) is not available")
        case .previousNotFound: HTTPFault(400, "previous terminated \(subject) not found")
        case .waiting(reason: "ErrImagePull"): HTTPFault(400, "\(subject) is waiting to start: image can't be pulled")
        case .waiting(reason: "ImagePullBackOff"): HTTPFault(400, "\(subject) is waiting to start: trying and failing to pull image")
        case .waiting(let reason): HTTPFault(400, "\(subject) is waiting to start: \(reason)")
        case .terminated: HTTPFault(400, "\(subject) is terminated")
        }
    }

    private func quoted(_ name: String) -> String { "\"\(name)\"" }
}
