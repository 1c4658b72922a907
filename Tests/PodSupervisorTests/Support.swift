import Glibc
import PodProtocol
import Testing

@testable import PodSupervisor

extension Tag {
    /// Needs Apptainer, user namespaces and an ordinary user with subordinate ids.
    @Tag static var apptainer: Self
}

/// A folder of its own for one test, removed with it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = "/tmp/hpk-test-\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 16))"
        try FileSystem.makeDirectory(path, mode: 0o755)
    }

    deinit {
        try? FileSystem.removeTree(path)
    }
}

func text(of path: String) throws -> String {
    String(decoding: try FileSystem.read(path), as: UTF8.self)
}

func container(_ name: String) -> ContainerPlan {
    ContainerPlan(name: name, imagePath: "/image", image: "image", imageID: "id", command: [Template("true")])
}

func plan(
    _ policy: RestartPolicy = .never, inits: [String] = [], containers: [String] = ["a"], backoff: RestartBackoff = RestartBackoff()
) -> LaunchPlan {
    LaunchPlan(
        uid: "u", namespace: "ns", name: "pod", nodeName: "node", restartPolicy: policy, hostname: "pod",
        initContainers: inits.map(container), containers: containers.map(container), initProgram: "/hpk-init", restartBackoff: backoff)
}
