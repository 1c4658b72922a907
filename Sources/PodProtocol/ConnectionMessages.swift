/// Where and how the supervisor reaches the node agent: `connection.json` in the pod's directory, mode 0600.
public struct ConnectionSettings: Codable, Sendable, Equatable {
    /// `host:port` or `[v6]:port`, tried in order.
    public var endpoints: [String]
    /// PEM of the certificate authority that signed the node agent's certificate; the only one trusted.
    public var certificateAuthority: String
    /// Name that the certificate must bear.
    public var serverName: String
    /// Proves that the supervisor belongs to this pod: 64 hexadecimal digits, good for this pod alone.
    public var token: String

    public init(endpoints: [String], certificateAuthority: String, serverName: String, token: String) {
        self.endpoints = endpoints
        self.certificateAuthority = certificateAuthority
        self.serverName = serverName
        self.token = token
    }
}

/// First message of the supervisor.
public struct Hello: Codable, Sendable, Equatable {
    /// The version of the protocol that this build speaks.
    public static let currentVersion = 1

    public var version: Int
    public var uid: String
    public var token: String
    public var start: SupervisorStart
    /// Sequence of the last event in the journal; 0 if there is none.
    public var lastSequence: UInt64

    public init(uid: String, token: String, start: SupervisorStart, lastSequence: UInt64) {
        self.version = Self.currentVersion
        self.uid = uid
        self.token = token
        self.start = start
        self.lastSequence = lastSequence
    }
}

/// The node agent's answer to a good ``Hello``.
public struct Welcome: Codable, Sendable, Equatable {
    /// The supervisor sends every event after this one.
    public var knownSequence: UInt64

    public init(knownSequence: UInt64) {
        self.knownSequence = knownSequence
    }
}

/// The node agent's answer to a ``Hello`` that it does not accept; the supervisor tries again later, the reason goes to its log.
public struct Refusal: Codable, Sendable, Equatable {
    public var message: String

    public init(message: String) {
        self.message = message
    }
}

/// Asks the supervisor to end the pod.
public struct StopRequest: Codable, Sendable, Equatable {
    /// Seconds between TERM and KILL; 0 kills at once. A later request may shorten the time, never lengthen it.
    public var graceSeconds: Int64
    /// Shown in the pod's events, e.g. `Deleted` or `DeadlineExceeded`.
    public var reason: String

    public init(graceSeconds: Int64, reason: String) {
        self.graceSeconds = graceSeconds
        self.reason = reason
    }
}

/// Opens a stream towards the supervisor; its bytes follow in ``FrameType/streamData`` frames of the same stream number.
public enum StreamRequest: Codable, Sendable, Equatable {
    /// Bytes of one container instance's log file from `offset` on, and what is appended later until the instance ends.
    case followLog(container: String, restartCount: Int, offset: Int64)
}

/// Ends a stream; an empty message means a clean end.
public struct StreamEnd: Codable, Sendable, Equatable {
    public var message: String

    public init(message: String = "") {
        self.message = message
    }
}
