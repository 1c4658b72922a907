/// An image that is ready on the shared file system.
public struct ImageRecord: Codable, Sendable, Equatable {
    /// Absolute path of the SIF file or image folder.
    public var path: String
    /// The reference as the pod wrote it.
    public var reference: String
    /// What status shows as `imageID`: `docker://registry/name@sha256:…`, or the path of a local image.
    public var imageID: String
    public var configuration: ImageConfiguration
    /// The image's `User`, looked up in its own `/etc/passwd` and `/etc/group`; nil where the image names none.
    public var user: ImageUser?
    /// Every account of the image's `/etc/passwd`: a numeric `runAsUser` takes its group from here, as the container runtimes do.
    public var accounts: [ImageUser]

    public init(
        path: String, reference: String, imageID: String, configuration: ImageConfiguration, user: ImageUser? = nil,
        accounts: [ImageUser] = []
    ) {
        self.path = path
        self.reference = reference
        self.imageID = imageID
        self.configuration = configuration
        self.user = user
        self.accounts = accounts
    }
}

/// The part of an OCI image configuration that decides how a container starts (OCI image spec, `config`).
public struct ImageConfiguration: Codable, Sendable, Equatable {
    public var entrypoint: [String]
    public var command: [String]
    /// `NAME=value` lines.
    public var environment: [String]
    public var workingDirectory: String?
    public var user: String?
    /// Name or number of the signal that asks the process to end.
    public var stopSignal: String?

    public init(
        entrypoint: [String] = [], command: [String] = [], environment: [String] = [], workingDirectory: String? = nil, user: String? = nil,
        stopSignal: String? = nil
    ) {
        self.entrypoint = entrypoint
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.stopSignal = stopSignal
    }
}

/// An account of an image.
public struct ImageUser: Codable, Sendable, Equatable {
    public var name: String?
    public var user: UInt32
    public var group: UInt32
    /// Groups of `/etc/group` that list the account.
    public var supplementaryGroups: [UInt32]
    public var home: String?

    public init(name: String? = nil, user: UInt32, group: UInt32, supplementaryGroups: [UInt32] = [], home: String? = nil) {
        self.name = name
        self.user = user
        self.group = group
        self.supplementaryGroups = supplementaryGroups
        self.home = home
    }
}
