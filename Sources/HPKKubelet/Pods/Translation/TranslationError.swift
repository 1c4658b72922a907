/// Why a pod cannot be turned into a launch plan or a job, and what that means for the pod.
public struct TranslationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What the problem means for the pod.
    public enum Effect: Equatable, Sendable {
        /// A volume cannot be made yet: event `FailedMount`, the containers wait as `ContainerCreating`, the caller tries again.
        case volumeWaits(volume: String)
        /// A container cannot be made yet: it waits with this reason (`CreateContainerConfigError`, `CreateContainerError`), the caller
        /// tries again, since what the pod refers to may change.
        case containerWaits(container: String, reason: String)
        /// Nothing can mend this pod: it fails with this reason.
        case podFails(reason: String)
    }

    /// What the problem means for the pod.
    public var effect: Effect
    /// The field that is at fault, e.g. `spec.containers[0].env[2].value`; nil where no single field is.
    public var field: String?
    /// What is wrong and, where that helps, what to do; holds no secret value, no control characters and at most 900 characters, so that it
    /// fits into an event (1024).
    public let message: String

    public init(_ effect: Effect, field: String? = nil, message: String) {
        self.effect = effect
        self.field = field
        self.message = message.count > 900 || TextRules.hasControl(message) ? Self.tidy(message) : message
    }

    private static func tidy(_ message: String) -> String {
        let shown = String(String.UnicodeScalarView(message.unicodeScalars.prefix(900).map { $0.isControl ? "\u{FFFD}" : $0 }))
        return message.unicodeScalars.count > 900 ? String(shown.prefix(899)) + "…" : shown
    }

    /// The text for events and status.
    public var description: String {
        switch effect {
        case .volumeWaits(let volume): "MountVolume.SetUp failed for volume \"\(volume)\" : \(message)"
        case .containerWaits: message
        case .podFails: field.map { "\($0): \(message)" } ?? message
        }
    }

    /// The reason for the event and the waiting or failed state.
    public var reason: String {
        switch effect {
        case .volumeWaits: "FailedMount"
        case .containerWaits(_, let reason): reason
        case .podFails(let reason): reason
        }
    }

    /// The pod asks for something that can never be: it fails.
    static func invalid(_ field: String, _ message: String) -> TranslationError {
        TranslationError(.podFails(reason: "InvalidPod"), field: field, message: message)
    }

    /// The pod asks for something that this node agent does not do: it fails.
    static func unsupported(_ field: String, _ message: String) -> TranslationError {
        TranslationError(.podFails(reason: "Unsupported"), field: field, message: message)
    }
}

/// Something that the pod's owner should know although the pod runs: an event on the pod, type Warning.
public struct PlanNotice: Equatable, Hashable, Sendable {
    public var reason: String
    public var message: String

    public init(reason: String, message: String) {
        self.reason = reason
        self.message = message
    }
}
