/// A check on a container (core/v1 Probe); one of the actions is set.
public struct Probe: Codable, Sendable, Equatable {
    /// A command: 0 is success.
    public var exec: ExecAction?
    /// A request: 200 to 399 is success.
    public var httpGet: HTTPGetAction?
    /// A connection.
    public var tcpSocket: TCPSocketAction?
    /// A call of grpc.health.v1.Health.
    public var grpc: GRPCAction?
    /// Seconds before the first check.
    public var initialDelaySeconds: Int?
    /// Seconds until a check counts as failed; 1 when absent or 0.
    public var timeoutSeconds: Int?
    /// Seconds between checks; 10 when absent or 0.
    public var periodSeconds: Int?
    /// Successes in a row after a failure; 1 when absent or 0.
    public var successThreshold: Int?
    /// Failures in a row; 3 when absent or 0.
    public var failureThreshold: Int?
    /// Grace of the stop that a failed probe causes.
    public var terminationGracePeriodSeconds: Int?

    /// Makes the value; everything not given stays unset.
    public init(
        exec: ExecAction? = nil,
        httpGet: HTTPGetAction? = nil,
        tcpSocket: TCPSocketAction? = nil,
        grpc: GRPCAction? = nil,
        initialDelaySeconds: Int? = nil,
        timeoutSeconds: Int? = nil,
        periodSeconds: Int? = nil,
        successThreshold: Int? = nil,
        failureThreshold: Int? = nil,
        terminationGracePeriodSeconds: Int? = nil
    ) {
        self.exec = exec
        self.httpGet = httpGet
        self.tcpSocket = tcpSocket
        self.grpc = grpc
        self.initialDelaySeconds = initialDelaySeconds
        self.timeoutSeconds = timeoutSeconds
        self.periodSeconds = periodSeconds
        self.successThreshold = successThreshold
        self.failureThreshold = failureThreshold
        self.terminationGracePeriodSeconds = terminationGracePeriodSeconds
    }
}

/// A command in the container.
public struct ExecAction: Codable, Sendable, Equatable {
    /// Program and arguments; no shell.
    public var command: [String]

    /// Makes the value; everything not given stays unset.
    public init(
        command: [String] = []
    ) {
        self.command = command
    }
}

/// A request to the container.
public struct HTTPGetAction: Codable, Sendable, Equatable {
    /// Path; `/` when absent.
    public var path: String?
    /// Number, or name of a container port.
    public var port: IntOrString?
    /// Host instead of the pod's address.
    public var host: String?
    /// `HTTP` (the default) or `HTTPS`.
    public var scheme: String?
    /// Further headers.
    public var httpHeaders: [HTTPHeaderField]

    /// Makes the value; everything not given stays unset.
    public init(
        path: String? = nil,
        port: IntOrString? = nil,
        host: String? = nil,
        scheme: String? = nil,
        httpHeaders: [HTTPHeaderField] = []
    ) {
        self.path = path
        self.port = port
        self.host = host
        self.scheme = scheme
        self.httpHeaders = httpHeaders
    }
}

/// One header of a probe's request.
public struct HTTPHeaderField: Codable, Sendable, Equatable {
    /// Name.
    public var name: String
    /// Value.
    public var value: String

    /// Makes the value; everything not given stays unset.
    public init(
        name: String = "",
        value: String = ""
    ) {
        self.name = name
        self.value = value
    }
}

/// A connection to the container.
public struct TCPSocketAction: Codable, Sendable, Equatable {
    /// Number, or name of a container port.
    public var port: IntOrString?
    /// Host instead of the pod's address.
    public var host: String?

    /// Makes the value; everything not given stays unset.
    public init(
        port: IntOrString? = nil,
        host: String? = nil
    ) {
        self.port = port
        self.host = host
    }
}

/// A call of grpc.health.v1.Health.
public struct GRPCAction: Codable, Sendable, Equatable {
    /// Port number.
    public var port: Int
    /// Service asked for.
    public var service: String?

    /// Makes the value; everything not given stays unset.
    public init(
        port: Int = 0,
        service: String? = nil
    ) {
        self.port = port
        self.service = service
    }
}

/// A pause.
public struct SleepAction: Codable, Sendable, Equatable {
    /// Length.
    public var seconds: Int

    /// Makes the value; everything not given stays unset.
    public init(
        seconds: Int = 0
    ) {
        self.seconds = seconds
    }
}

/// Hooks of a container.
public struct Lifecycle: Codable, Sendable, Equatable {
    /// After the start.
    public var postStart: LifecycleHandler?
    /// Before TERM.
    public var preStop: LifecycleHandler?
    /// Signal instead of TERM, as `SIGUSR1`.
    public var stopSignal: String?

    /// Makes the value; everything not given stays unset.
    public init(
        postStart: LifecycleHandler? = nil,
        preStop: LifecycleHandler? = nil,
        stopSignal: String? = nil
    ) {
        self.postStart = postStart
        self.preStop = preStop
        self.stopSignal = stopSignal
    }
}

/// What a hook does; one of these.
public struct LifecycleHandler: Codable, Sendable, Equatable {
    /// A command.
    public var exec: ExecAction?
    /// A request.
    public var httpGet: HTTPGetAction?
    /// Not run by Kubernetes; kept as it may be given.
    public var tcpSocket: TCPSocketAction?
    /// A pause.
    public var sleep: SleepAction?

    /// Makes the value; everything not given stays unset.
    public init(
        exec: ExecAction? = nil,
        httpGet: HTTPGetAction? = nil,
        tcpSocket: TCPSocketAction? = nil,
        sleep: SleepAction? = nil
    ) {
        self.exec = exec
        self.httpGet = httpGet
        self.tcpSocket = tcpSocket
        self.sleep = sleep
    }
}
