#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A volume of the pod, made on the compute node by the supervisor.
public struct VolumePlan: Codable, Sendable, Equatable {
    /// What backs the volume.
    public enum Source: Codable, Sendable, Equatable {
        /// An empty folder; in memory it is a tmpfs of at most `sizeLimit` bytes.
        case emptyDirectory(inMemory: Bool, sizeLimit: Int64?)
        /// Files that are not secret.
        case content(VolumeContent)
        /// Files that arrive in the ``Delivery`` under the volume's name.
        case delivered
        /// A path of the compute node or the shared file system.
        case hostPath(path: String, type: HostPathType)
    }

    public var name: String
    public var source: Source

    public init(name: String, source: Source) {
        self.name = name
        self.source = source
    }
}

/// `hostPath.type`: what must be there, or is made, before the volume is mounted.
public enum HostPathType: String, Codable, Sendable {
    case unset = ""
    case directoryOrCreate = "DirectoryOrCreate"
    case directory = "Directory"
    case fileOrCreate = "FileOrCreate"
    case file = "File"
    case socket = "Socket"
    case characterDevice = "CharDevice"
    case blockDevice = "BlockDevice"
}

/// The files of a configMap, secret, downwardAPI or projected volume.
public struct VolumeContent: Codable, Sendable, Equatable {
    /// One file.
    public struct File: Codable, Sendable, Equatable {
        /// Relative path, without `..`, inside the volume.
        public var path: String
        /// Permission bits, 0 to 0o777.
        public var mode: UInt32
        public var data: Data
        /// Owner wanted (a projected token for `runAsUser`); nil is the sandbox's root.
        public var owner: UInt32?

        public init(path: String, mode: UInt32, data: Data, owner: UInt32? = nil) {
            self.path = path
            self.mode = mode
            self.data = data
            self.owner = owner
        }
    }

    public var files: [File]

    public init(files: [File] = []) {
        self.files = files
    }
}

/// Secret values and volumes of a pod; travels over the supervisor's connection only and is kept in memory and tmpfs.
public struct Delivery: Codable, Sendable, Equatable {
    /// Contents by volume name, for volumes whose source is ``VolumePlan/Source/delivered``. In an update, only the changed ones, which may
    /// also be of volumes whose first content was in the plan (``VolumePlan/Source/content(_:)``).
    public var volumes: [String: VolumeContent]
    /// Values by key, for environment entries of ``EnvironmentEntry/Value/secret(key:)``.
    public var secrets: [String: String]

    public init(volumes: [String: VolumeContent] = [:], secrets: [String: String] = [:]) {
        self.volumes = volumes
        self.secrets = secrets
    }
}
