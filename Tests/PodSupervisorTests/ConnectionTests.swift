import Glibc
import PodProtocol
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@testable import PodSupervisor

@Suite("The connection to the node agent", .tags(.apptainer), .enabled(if: PodRun.isPossible), .serialized)
struct ConnectionTests {
    private static func frame(_ type: FrameType, stream: UInt32 = 0, _ value: some Encodable) -> Frame {
        (try? MessageCoding.frame(type, stream: stream, value)) ?? Frame(.pong)
    }

    private func connect(_ pod: PodRun, to server: AgentServer, change: (inout ConnectionSettings) -> Void = { _ in }) throws {
        var settings = server.settings
        change(&settings)
        try FileSystem.write(pod.directory.connection, MessageCoding.encode(settings), mode: 0o644)
    }

    private func isStart(_ frame: Frame) -> Bool {
        guard let event = try? MessageCoding.decode(PodEvent.self, from: frame.payload, subject: "event") else { return false }
        if case .containerStarted = event.kind { return true }
        return false
    }

    @Test("a pod waits for its secrets, which reach the container and no file; a stop request ends it; its log is streamed")
    func delivery() throws {
        let pod = try PodRun()
        let secret = "swordfish-\(UInt64.random(in: 0 ... .max))"
        let server = try AgentServer { [self] frame in
            switch frame.type {
            case .hello:
                let content = VolumeContent(files: [.init(path: "password", mode: 0o400, data: Data("\(secret)\n".utf8))])
                let delivery = Delivery(volumes: ["secret": content], secrets: ["env": secret])
                return [Self.frame(.welcome, Welcome(knownSequence: 1)), Frame(.ping), Self.frame(.delivery, delivery)]
            case .event where isStart(frame):
                return [
                    Self.frame(.streamOpen, stream: 3, StreamRequest.followLog(container: "c", restartCount: 0, offset: 0)),
                    Self.frame(.streamOpen, stream: 4, StreamRequest.followLog(container: "none", restartCount: 0, offset: 0)),
                ]
            case .streamData where String(decoding: frame.payload, as: UTF8.self).contains("tmpfs"):
                return [Self.frame(.stop, StopRequest(graceSeconds: 20, reason: "Deleted"))]
            default: return []
            }
        }
        server.serve()
        try connect(pod, to: server)
        let script =
            "trap 'exit 0' TERM; [ \"$(cat /secret/password)\" = \"$PASSWORD\" ] && echo same; stat -f -c %T /secret; while true; do sleep 0.05; done"
        let code = try pod.run(
            pod.plan([
                pod.shell("c", script) {
                    $0.mounts = [MountPlan(volume: "secret", path: "/secret", readOnly: true)]
                    $0.environment = [EnvironmentEntry("PASSWORD", .secret(key: "env"))]
                }
            ]) {
                $0.volumes = [VolumePlan(name: "secret", source: .delivered)]
                $0.needsDelivery = true
            })
        #expect(code == 0, "\(pod.output)")
        #expect(try pod.log("c") == "same\ntmpfs\n")
        for _ in 0..<300 where server.events.last?.kind != .finished { usleep(10_000) }
        #expect(server.events.map(\.sequence) == Array(2...6))
        #expect(server.events.contains { $0.kind == .stopping(reason: "Deleted") })
        #expect(server.frames.contains(Frame(.pong)))
        let streamed = server.frames.filter { $0.type == .streamData && $0.stream == 3 }.flatMap(\.payload)
        #expect(String(decoding: streamed, as: UTF8.self) == (try text(of: pod.directory.log(container: "c", restartCount: 0))))
        #expect(server.frames.contains { $0.type == .streamEnd && $0.stream == 3 })
        #expect(server.frames.contains { $0.type == .streamEnd && $0.stream == 4 && !$0.payload.isEmpty })
        for file in [pod.directory.journal, pod.directory.plan, pod.folder.path + "/output"] {
            #expect(try !text(of: file).contains(secret), "\(file)")
        }
    }

    @Test("a pod without secrets needs no node agent, and tells why it is not reached")
    func withoutAgent() throws {
        let pod = try PodRun()
        let server = try AgentServer(serverName: "agent.test", certificateName: "another.test") { _ in [] }
        server.serve(connections: 10)
        try connect(pod, to: server)
        #expect(try pod.run(pod.plan([pod.shell("c", "sleep 0.5")])) == 0)
        #expect(pod.output.contains("certificate is not accepted"))
        #expect(server.frames == [])
    }

    @Test("an authority that did not sign the certificate is not trusted")
    func wrongAuthority() throws {
        let pod = try PodRun()
        let server = try AgentServer { _ in [] }
        let other = try AgentServer { _ in [] }
        server.serve(connections: 10)
        try connect(pod, to: server) { $0.certificateAuthority = other.settings.certificateAuthority }
        #expect(try pod.run(pod.plan([pod.shell("c", "sleep 0.5")])) == 0)
        #expect(pod.output.contains("certificate is not accepted"))
        #expect(server.frames == [])
    }

    @Test(
        "a refusal, a broken frame or a broken connection is followed by another attempt", arguments: ["refusal", "garbage", "unexpected"])
    func retries(how: String) throws {
        let pod = try PodRun()
        let server = try AgentServer { frame in
            guard frame.type == .hello else { return [] }
            switch how {
            case "refusal": return [Self.frame(.refusal, Refusal(message: "not now"))]
            case "garbage": return [Frame(.welcome, payload: Array("{".utf8))]
            default: return [Self.frame(.stop, StopRequest(graceSeconds: 0, reason: "before the welcome"))]
            }
        }
        server.serve(connections: 20)
        try connect(pod, to: server)
        #expect(try pod.run(pod.plan([pod.shell("c", "sleep 1")])) == 0)
        #expect(server.frames.count { $0.type == .hello } >= 2)
        let words = ["refusal": "not now", "garbage": "welcome cannot be read", "unexpected": "unexpected frame"]
        #expect(pod.output.contains(words[how] ?? "-"), "\(pod.output)")
    }

    @Test("a broken connection file is told once and harms nothing", arguments: ["", "{}", #"{"endpoints":[]}"#])
    func badSettings(text: String) throws {
        let pod = try PodRun()
        try FileSystem.write(pod.directory.connection, text.utf8, mode: 0o644)
        #expect(try pod.run(pod.plan([pod.shell("c", "sleep 0.5")])) == 0)
        #expect(pod.output.split(separator: "\n").count { $0.contains("connection.json") } == 1, "\(pod.output)")
    }
}
