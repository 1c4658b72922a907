import Glibc
import PodProtocol

extension ConnectionSettings {
    /// How the node agent is reached now: as it said when it moved, else as it was when it wrote the plan.
    ///
    /// - Parameter planned: the plan's settings, where they are known; else the plan is read.
    /// - Throws: ``SystemError`` or ``MessageError`` where neither file says it.
    static func current(in directory: PodDirectory, planned: ConnectionSettings? = nil) throws -> ConnectionSettings {
        do {
            return try MessageCoding.decode(
                ConnectionSettings.self, from: FileSystem.read(directory.connection, limit: 1 << 20), subject: directory.connection)
        } catch let error as SystemError where error.code == ENOENT {
            if let planned { return planned }
            let plan = try MessageCoding.decode(LaunchPlan.self, from: FileSystem.read(directory.plan), subject: directory.plan)
            guard let connection = plan.connection else { throw error }
            return connection
        }
    }
}
