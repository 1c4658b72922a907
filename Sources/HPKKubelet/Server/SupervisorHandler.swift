import PodProtocol

/// What the listener for supervisors tells the rest of the node agent.
public protocol SupervisorHandler: Sendable {
    /// Decides on a supervisor's first message; compares the token in constant time.
    func admit(_ hello: Hello) async -> SupervisorAdmission
    /// The supervisor was welcomed; the connection can be used from now on. An earlier connection of the same pod is closed by the listener.
    func connected(_ uid: String, _ connection: any SupervisorConnection) async
    /// One event of the pod; called in order, the next one after this call has returned.
    func received(_ event: PodEvent, from uid: String) async
    /// The connection is gone.
    func disconnected(_ uid: String, _ connection: any SupervisorConnection) async
}

/// The answer to a ``Hello``.
public enum SupervisorAdmission: Sendable, Equatable {
    /// Send every event after `knownSequence`; `delivery` follows the welcome where the pod's plan asks for one.
    case accept(knownSequence: UInt64, delivery: Delivery?)
    case refuse(message: String)
}

/// A live connection to one pod's supervisor.
public protocol SupervisorConnection: AnyObject, Sendable {
    func send(_ stop: StopRequest) async throws
    func send(_ delivery: Delivery) async throws
    /// Opens a stream; it ends when the supervisor ends it, and throws when the connection is lost or the supervisor reports a fault.
    func open(_ request: StreamRequest) async throws -> AsyncThrowingStream<[UInt8], any Error>
    func close() async
}
