/// The settings of a configuration file: a YAML mapping from names of settings to values.
///
/// ```yaml
/// nodename: cluster-a
/// kubelet-port: 10350
/// image-path:
///   - /shared/images
/// ```
/// Relative paths start from the file's own folder.
public struct ConfigurationFile: Sendable, Equatable {
    /// One setting and its values.
    public struct Entry: Sendable, Equatable {
        public var setting: Setting
        public var values: [String]
        /// Line of the key, from 1.
        public var line: Int
    }

    /// Absolute path of the file.
    public var path: String
    public var entries: [Entry]

    /// Names a file's settings.
    public init(path: String, entries: [Entry]) {
        self.path = path
        self.entries = entries
    }

    /// Folder of the file.
    var directory: String {
        let parts = path.split(separator: "/").dropLast()
        return "/" + parts.joined(separator: "/")
    }
}
