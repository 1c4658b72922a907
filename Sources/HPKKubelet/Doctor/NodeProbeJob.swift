import Foundation
import Logging
import PodProtocol
import Slurm

/// `doctor --probe-job`: a tiny Slurm job that lets `hpk-pod` look at a compute node, as a pod's job would find it.
public struct NodeProbeJob: Sendable {
    /// Longest time for the job to wait and run.
    private static let limit = Duration.seconds(90)
    /// How long a shared file system may take to show what the node wrote.
    private static let lag = Duration.seconds(5)

    private let configuration: KubeletConfiguration
    private let logger: Logger

    public init(_ configuration: KubeletConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Runs the job and gives its findings. The job and its folder are gone afterwards.
    public func examine() async -> [DoctorFinding] {
        let folder = "\(configuration.stateDirectory)/doctor-\(UUID().uuidString.lowercased())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let listener = ProbePort(configuration)
            let request = NodeProbeRequest(
                endpoint: listener.endpoint, apptainer: configuration.apptainer, localDirectory: configuration.localDirectory,
                token: UUID().uuidString)
            try Data(try MessageCoding.encode(request)).write(to: URL(fileURLWithPath: "\(folder)/\(NodeProbeRequest.fileName)"))
            let end = try await run(folder)
            return withExtendedLifetime(listener) { NodeProbeReport(request: request, end: end).findings }
        } catch {
            return [
                DoctorFinding(
                    NodeProbeReport.startName, .failure, "\(error)", advice: "See the checks of Slurm and of the working directory.")
            ]
        }
    }

    private func run(_ folder: String) async throws -> NodeProbeReport.End {
        let client = try await SlurmClient(
            configuration: SlurmConfiguration(configurationFile: configuration.slurmConfiguration, listensForPushes: false), logger: logger)
        do {
            let end = try await run(folder, client)
            await client.shutdown()
            return end
        } catch {
            await client.shutdown()
            throw error
        }
    }

    private func run(_ folder: String, _ client: SlurmClient) async throws -> NodeProbeReport.End {
        guard let program = ShellWord.quote(configuration.podProgram ?? "hpk-pod"), let quotedFolder = ShellWord.quote(folder) else {
            throw PodDirectoryError(path: folder, problem: "it, or hpk-pod's path, holds control characters")
        }
        var job = JobSubmission(
            name: "hpk-doctor", script: "#!/bin/sh\nexec \(program) probe --directory \(quotedFolder)\n",
            environment: PlanSettingsSource.jobEnvironment, workingDirectory: folder)
        job.standardOutput = "\(folder)/slurm.out"
        job.timeLimit = .minutes(2)
        job.memory = .perNode(megabytes: 64)
        let id = try await client.submit(job)
        let clock = ContinuousClock()
        let deadline = clock.now + Self.limit
        var record: JobRecord?
        while clock.now < deadline {
            record = try await client.job(id)
            guard let state = record?.state, !state.isFinal else { break }
            try await Task.sleep(for: .milliseconds(300))
        }
        if let record, !record.state.isFinal { try await client.cancel(id) }
        let shown = clock.now + Self.lag
        var answer: [NodeProbeFinding] = []
        // Where the job ended, its words may still be on their way through the shared file system.
        repeat {
            answer = Self.answer(folder)
            if answer.count == NodeProbeFinding.Check.allCases.count || record?.state.isFinal == false { break }
            try await Task.sleep(for: .milliseconds(200))
        } while clock.now < shown
        let output = (try? String(contentsOfFile: "\(folder)/slurm.out", encoding: .utf8)) ?? ""
        return NodeProbeReport.End(jobID: id, record: record, answer: answer, output: output)
    }

    private static func answer(_ folder: String) -> [NodeProbeFinding] {
        guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(NodeProbeRequest.answerName)")) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap {
            try? MessageCoding.decode(NodeProbeFinding.self, from: $0, subject: "the probe's answer")
        }
    }
}

/// The port that the compute node dials: the running agent's own, else one that is open for the time of the probe. A connection is made
/// by the kernel, nobody needs to accept it.
private final class ProbePort {
    let endpoint: String
    private let descriptor: Int32

    init(_ configuration: KubeletConfiguration) {
        let own =
            configuration.kubeletAddress ?? (try? ClusterAccess.connection(configuration)).map(ClusterAccess.ownAddress) ?? "127.0.0.1"
        let host = configuration.supervisorAddress ?? own
        var port = configuration.supervisorPort
        var opened: Int32 = -1
        if AgentIdentity.isHeld(stateDirectory: configuration.stateDirectory) {
            if port == 0 { port = PortMemory(path: configuration.stateDirectory + "/agent/port").port ?? 0 }
        } else {
            (opened, port) = Self.listen(AgentPorts.bindAddress(host), port)
        }
        descriptor = opened
        port = configuration.supervisorPublicPort ?? port
        endpoint = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    private static func listen(_ address: String, _ port: Int) -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
        inet_pton(AF_INET, address == "localhost" ? "127.0.0.1" : address, &name.sin_addr)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isOpen = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, 16) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isOpen else {
            close(descriptor)
            return (-1, port)
        }
        return (descriptor, Int(in_port_t(bigEndian: name.sin_port)))
    }
}
