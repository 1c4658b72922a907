import Foundation
import Glibc
import Testing

@testable import Slurm

/// Each runs in a process of its own, since libslurm takes one configuration for a process.
@Suite("Faults, against a real Slurm", .tags(.slurm), .enabled(if: LiveSlurm.isAvailable, LiveSlurm.reason), .timeLimit(.minutes(3)))
struct SlurmFaultTests {
    /// The cluster's slurm.conf with some settings changed.
    private static func configuration(in folder: TemporaryFolder, changing settings: [String: String]) throws -> String {
        let site = try SlurmConfigurationFile(path: #require(LiveSlurm.configurationFile))
        let kept = site.flattened.split(separator: "\n").filter { line in
            !settings.keys.contains { line.lowercased().hasPrefix($0.lowercased() + "=") }
        }
        let path = "\(folder.path)/slurm.conf"
        let text = kept.joined(separator: "\n") + "\n" + settings.map { "\($0.key)=\($0.value)\n" }.joined()
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test("while slurmctld is away requests fail in time, with advice to try again, and succeed when it is back")
    func outage() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let site = try SlurmSetup(SlurmConfigurationFile(path: #require(LiveSlurm.configurationFile)))
            let controller = try #require(site.controllers.first)
            let proxy = try ControllerProxy(upstream: (controller.address, site.controllerPort))
            let path = try SlurmFaultTests.configuration(
                in: folder,
                changing: [
                    "SlurmctldHost": "\(controller.name)(127.0.0.1)", "SlurmctldPort": "\(proxy.port)", "MessageTimeout": "5",
                ])
            let client = try await LiveSlurm.makeClient { $0.configurationFile = path }
            let job = LiveSlurm.job("exit 0") { $0.hold = true }

            try proxy.set(.closed)
            let begin = ContinuousClock.now
            let query = Task { try await client.jobs() }
            let refused = await #expect(throws: SlurmError.self) { try await client.submit(job) }
            #expect(refused?.retryAdvice == .whenReachable)
            #expect(refused?.mayHaveBeenApplied == false)
            let unanswered = await #expect(throws: SlurmError.self) { try await query.value }
            #expect(unanswered?.retryAdvice == .whenReachable)
            #expect(ContinuousClock.now - begin < .seconds(20))
            #expect(try await client.ping().first?.isUp == false)

            try proxy.set(.open)
            let id = try await client.submit(job)
            #expect(try await client.cancel(id))

            // The request arrives, its answer does not: the job is there once, and the error says that it may be.
            try proxy.set(.loseAnswers)
            let lost = LiveSlurm.job("exit 0") { $0.hold = true }
            let unsure = await #expect(throws: SlurmError.self) { try await client.submit(lost) }
            #expect(unsure?.retryAdvice == .whenReachable)
            #expect(unsure?.mayHaveBeenApplied == true)
            try proxy.set(.open)
            let found = try await client.jobs().filter { $0.ownComment == lost.comment }
            #expect(found.count == 1)
            for record in found { try await client.cancel(record.id) }
            await client.shutdown()
            let ended = await #expect(throws: SlurmError.self) { try await client.jobs() }
            #expect(ended?.code == ESHUTDOWN)
        }
    }

    @Test("a slurm.conf that libslurm would end the process for gives an error")
    func badConfiguration() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            for (setting, value, word) in [
                ("NoSuchSetting", "1", "NoSuchSetting"), ("SlurmctldTimeout", "soon", "SlurmctldTimeout"),
                ("MessageTimeout", "never", "MessageTimeout"),
            ] {
                let path = try SlurmFaultTests.configuration(in: folder, changing: [setting: value])
                let error = await #expect(throws: SlurmSetupError.self) { try await LiveSlurm.makeClient { $0.configurationFile = path } }
                #expect("\(String(describing: error))".contains("does not start"))
                #expect("\(String(describing: error))".contains(word))
            }
            let client = try await LiveSlurm.makeClient()
            #expect(try await client.ping().first?.isUp == true)
            let second = await #expect(throws: SlurmSetupError.self) {
                try await LiveSlurm.makeClient { $0.configurationFile = try? SlurmFaultTests.configuration(in: folder, changing: [:]) }
            }
            #expect(second == LiveSlurm.configurationFile.map { .alreadyStarted(with: $0) })
            await client.shutdown()
        }
    }

    @Test("where all ports for pushes are taken, the client works without them")
    func portsTaken() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            // Nothing where somebody else holds it, which does as well. The range's last port cannot be chosen, as it has no successor.
            let held = BusyPort(42_180)
            let client = try await LiveSlurm.makeClient {
                $0.pushPorts = 42_180...42_181
                $0.privateDirectory = "\(folder.path)/private"
            }
            #expect(client.pushEndpoint == nil)
            #expect(client.setup.pushProblem?.contains("taken") == true)
            let id = try await client.submit(LiveSlurm.job("exit 0") { $0.hold = true })
            #expect(try await client.jobs().contains { $0.id == id })
            #expect(try await client.cancel(id))
            await client.shutdown()
            _ = consume held
        }
    }

    @Test("a process that starts again listens on the same port, and hears of its predecessor's jobs")
    func restart() async throws {
        let folder = try TemporaryFolder()
        for _ in 0..<2 {
            await #expect(processExitsWith: .success) { [path = folder.path as String] in
                let client = try await LiveSlurm.makeClient {
                    $0.pushPorts = 42_100...42_140
                    $0.privateDirectory = "\(path)/private"
                }
                let pushes = client.pushes
                let endpoint = try #require(client.pushEndpoint)
                guard let earlier = try? String(contentsOfFile: "\(path)/job", encoding: .utf8) else {
                    let id = try await client.submit(
                        LiveSlurm.job("exit 0") {
                            $0.hold = true
                            $0.pushEndpoint = endpoint
                        })
                    try "\(endpoint.port) \(id)".write(toFile: "\(path)/job", atomically: true, encoding: .utf8)
                    // No shutdown: as after a kill.
                    return
                }
                let words = earlier.split(separator: " ")
                #expect(words.first.flatMap { UInt16($0) } == endpoint.port)
                let id = try #require(words.last.flatMap { JobID($0) })
                try await client.cancel(id)
                #expect(try await firstPush(pushes, about: id).kind == .complete)
                await client.shutdown()
                var left = pushes.makeAsyncIterator()
                #expect(await left.next() == nil)
            }
        }
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/job"))
    }
}
