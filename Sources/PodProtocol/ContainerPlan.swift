/// How one container of a pod is started.
public struct ContainerPlan: Codable, Sendable, Equatable {
    public var name: String
    /// Absolute path of a SIF file or an image folder, readable on the compute node.
    public var imagePath: String
    /// The image as the pod names it, for messages and status.
    public var image: String
    /// The image's digest or file identity, shown as `imageID`.
    public var imageID: String
    /// The process to run: entrypoint and arguments, already chosen between pod and image. Never empty.
    public var command: [Template]
    /// In order; a later entry of the same name wins, and may refer to earlier ones as `$(NAME)`.
    public var environment: [EnvironmentEntry]
    /// Absolute path inside the container.
    public var workingDirectory: String
    public var identity: ProcessIdentity
    /// Names such as `CAP_CHOWN`; exactly these are effective when the process runs as uid 0.
    public var capabilities: [String]
    public var readOnlyRootFilesystem: Bool
    /// False only where the pod allows privilege escalation.
    public var noNewPrivileges: Bool
    public var mounts: [MountPlan]
    /// File inside the container that holds the termination message; default `/dev/termination-log`.
    public var terminationMessagePath: String
    /// Take the log's tail as the message where the file is empty and the container failed (`FallbackToLogsOnError`).
    public var terminationMessageFallsBackToLogs: Bool
    /// Signal number that asks the process to end; default 15 (TERM), else the image's `StopSignal`.
    public var stopSignal: Int32
    /// `stdin`, `stdinOnce` and `tty` of the container.
    public var stdin: Bool
    public var stdinOnce: Bool
    public var tty: Bool

    public init(
        name: String, imagePath: String, image: String, imageID: String, command: [Template], environment: [EnvironmentEntry] = [],
        workingDirectory: String = "/", identity: ProcessIdentity = ProcessIdentity(), capabilities: [String] = [],
        readOnlyRootFilesystem: Bool = false, noNewPrivileges: Bool = true, mounts: [MountPlan] = [],
        terminationMessagePath: String = "/dev/termination-log", terminationMessageFallsBackToLogs: Bool = false, stopSignal: Int32 = 15,
        stdin: Bool = false, stdinOnce: Bool = false, tty: Bool = false
    ) {
        self.name = name
        self.imagePath = imagePath
        self.image = image
        self.imageID = imageID
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.identity = identity
        self.capabilities = capabilities
        self.readOnlyRootFilesystem = readOnlyRootFilesystem
        self.noNewPrivileges = noNewPrivileges
        self.mounts = mounts
        self.terminationMessagePath = terminationMessagePath
        self.terminationMessageFallsBackToLogs = terminationMessageFallsBackToLogs
        self.stopSignal = stopSignal
        self.stdin = stdin
        self.stdinOnce = stdinOnce
        self.tty = tty
    }
}

/// A text in which `$(NAME)` may stand for a variable of the container's environment.
///
/// Expansion follows the Kubernetes rules: `$$` is a dollar sign, an unknown name is left as it stands.
public struct Template: Codable, Sendable, Equatable {
    public var text: String
    /// False for what comes from the image, which Kubernetes does not expand.
    public var expands: Bool

    public init(_ text: String, expands: Bool = true) {
        self.text = text
        self.expands = expands
    }
}

/// One variable of a container's environment.
public struct EnvironmentEntry: Codable, Sendable, Equatable {
    /// Where the value comes from.
    public enum Value: Codable, Sendable, Equatable {
        /// A text that may refer to earlier variables.
        case template(String)
        /// A text taken as it is (image, configMap, field and resource references).
        case literal(String)
        /// The value under this key of the ``Delivery``.
        case secret(key: String)
        /// Known on the compute node only: `status.podIP`, `status.podIPs` (comma separated), `status.hostIP`.
        case podAddress
        case podAddresses
        case hostAddress
    }

    public var name: String
    public var value: Value

    public init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }
}

/// User and groups of a container's process, as numbers inside the sandbox.
public struct ProcessIdentity: Codable, Sendable, Equatable {
    public var user: UInt32
    public var group: UInt32
    public var supplementaryGroups: [UInt32]

    public init(user: UInt32 = 0, group: UInt32 = 0, supplementaryGroups: [UInt32] = []) {
        self.user = user
        self.group = group
        self.supplementaryGroups = supplementaryGroups
    }
}

/// A volume's place inside a container.
public struct MountPlan: Codable, Sendable, Equatable {
    /// Name of a ``VolumePlan`` of the same pod.
    public var volume: String
    /// Absolute path inside the container.
    public var path: String
    /// Relative path below the volume; checked by the supervisor to stay inside it, symbolic links included.
    public var subPath: Template?
    public var readOnly: Bool

    public init(volume: String, path: String, subPath: Template? = nil, readOnly: Bool = false) {
        self.volume = volume
        self.path = path
        self.subPath = subPath
        self.readOnly = readOnly
    }
}
