import Foundation
import Testing

@testable import Kubernetes

@Suite("API types")
struct CodingTests {
    @Test("a pod of one field decodes, and everything left out is empty")
    func minimalPod() throws {
        let pod = try JSONDecoder().decode(Pod.self, from: Data(#"{"metadata":{"name":"a"},"spec":{"containers":null}}"#.utf8))
        #expect(pod == Pod(metadata: ObjectMeta(name: "a")))
        #expect(pod.spec.containers.isEmpty)
        #expect(pod.status.phase == nil)
    }

    @Test("empty values are not written")
    func emptyValuesAreLeftOut() throws {
        let body = try JSONValue(encoding: Pod(metadata: ObjectMeta(name: "a"), status: PodStatus(phase: .running)))
        #expect(body["metadata"] == ["name": "a"])
        #expect(body["status"] == ["phase": "Running"])
    }

    @Test("a volume keeps the name of a source that is not known")
    func volumes() throws {
        let json = #"[{"name":"a","emptyDir":{}},{"name":"b","nfs":{"server":"x"}},{"name":"c"},{"name":"d","hostPath":{"path":"/x"}}]"#
        let volumes = try JSONDecoder().decode([Volume].self, from: Data(json.utf8))
        #expect(
            volumes.map(\.source) == [
                .emptyDir(EmptyDirVolumeSource()), .unsupported("nfs"), .emptyDir(EmptyDirVolumeSource()),
                .hostPath(HostPathVolumeSource(path: "/x")),
            ])
    }

    @Test("words of tomorrow survive")
    func openEnumerations() throws {
        let pod = try JSONDecoder().decode(Pod.self, from: Data(#"{"status":{"phase":"Paused","conditions":[{"type":"A"}]}}"#.utf8))
        #expect(pod.status.phase == "Paused")
        #expect(try JSONValue(encoding: pod.status)["phase"] == "Paused")
    }
}
