import Logging

/// The node agent as a whole.
public enum Daemon {
    /// Runs until the process is asked to end.
    public static func run(_ configuration: KubeletConfiguration, logger: Logger) async throws {
        logger.notice("starting", metadata: ["node": "\(configuration.nodeName)"])
    }
}
