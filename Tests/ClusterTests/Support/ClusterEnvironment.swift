import Foundation
import Testing

/// The development cluster that the tests run against: what its environment file says.
struct ClusterEnvironment: Sendable {
    let variables: [String: String]

    /// The cluster that `HPK_CLUSTER_ENV` names; nil where the tests run without one.
    static let current: ClusterEnvironment? = {
        guard let file = ProcessInfo.processInfo.environment["HPK_CLUSTER_ENV"] else { return nil }
        // The file is shell text, so a shell reads it; `env -0` hands the values back exactly.
        guard
            let output = try? Command.run("/bin/bash", ["-c", "set -a; . \"$1\"; exec env -0", "bash", file]),
            output.status == 0
        else { return nil }
        var variables: [String: String] = [:]
        for entry in output.output.split(separator: "\0") {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        }
        return ClusterEnvironment(variables: variables)
    }()

    static var isPresent: Bool { current != nil }

    /// The cluster, or an error that names the command to use.
    static func required() throws -> ClusterEnvironment {
        try #require(current, "no cluster: run the tests by `make test-cluster`, or by `cluster/run swift test --filter ClusterTests`")
    }

    subscript(_ name: String) -> String { variables[name] ?? "" }

    var user: String { self["HPK_USER"] }
    var home: String { self["HPK_HOME"] }
    var registry: String { self["HPK_CLUSTER_REGISTRY"] }
    var programs: String { self["HPK_PROGRAMS"] }

    /// Starts, stops, kills or restarts one component of the cluster.
    func component(_ action: String, _ name: String) throws {
        let result = try Command.run(self["HPK_COMPONENT"], [action, name], environment: variables)
        guard result.status == 0 else { throw CommandFailure(command: "component \(action) \(name)", result: result) }
    }
}

extension Trait where Self == ConditionTrait {
    /// The test needs the development cluster.
    static var cluster: Self {
        .enabled(if: ClusterEnvironment.isPresent, "needs the development cluster (HPK_CLUSTER_ENV); `make test-cluster` starts it")
    }
}
