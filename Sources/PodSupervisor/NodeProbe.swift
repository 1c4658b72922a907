import CSandbox
import Glibc
import PodProtocol

/// Looks at a compute node for `hpk-kubelet doctor --probe-job`, and writes one line for each finding.
enum NodeProbe {
    /// How long the agent may take to accept a connection.
    private static let connectMilliseconds: Int32 = 5000

    /// Runs all checks.
    ///
    /// - Parameter program: this program's name, as it was started.
    static func run(folder: String, program: String, nodeName: String) throws {
        let path = "\(folder)/\(NodeProbeRequest.fileName)"
        let request = try MessageCoding.decode(NodeProbeRequest.self, from: FileSystem.read(path, limit: 1 << 16), subject: path)
        let output = try Descriptor(opening: "\(folder)/\(NodeProbeRequest.answerName)", O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
        func tell(_ check: NodeProbeFinding.Check, _ isGood: Bool, _ found: String) throws {
            let line = try MessageCoding.encode(NodeProbeFinding(check, isGood: isGood, found)) + [UInt8(ascii: "\n")]
            try output.writeAll(line, subject: "the probe's answer")
        }
        try tell(.start, true, "\(nodeName) \(request.token)")
        let (namespaces, ids) = try sandbox(program: program, folder: folder)
        try tell(.userNamespaces, namespaces.isGood, namespaces.found)
        if let ids { try tell(.subordinateIDs, ids.isGood, ids.found) }
        let apptainer = try self.apptainer(request.apptainer)
        try tell(.apptainer, apptainer.isGood, apptainer.found)
        let disk = localDirectory(request.localDirectory)
        try tell(.localDirectory, disk.isGood, disk.found)
        let way = try connection(request.endpoint)
        try tell(.connection, way.isGood, way.found)
    }

    private typealias Finding = (isGood: Bool, found: String)

    /// Runs within the sandbox: the exit code says how many ids there are.
    ///
    /// - Returns: 0 for a whole range, 10 for one id only.
    static func inside() -> Int32 {
        let map = (try? FileSystem.read("/proc/self/uid_map")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let count = map.split(separator: "\n").compactMap { UInt64($0.split(separator: " ").last ?? "") }.reduce(0, +)
        return count > 65_535 ? 0 : 10
    }

    private static func sandbox(program: String, folder: String) throws -> (namespaces: Finding, ids: Finding?) {
        guard let end = try SandboxHolder.run(arguments: [program, "probe-sandbox", "--directory", folder]) else {
            return ((false, "forbidden on this node"), nil)
        }
        switch end.code {
        case 0: return ((true, "a sandbox can be made"), (true, "a whole range of ids can be used"))
        case 10: return ((true, "a sandbox can be made"), (false, "only the user's own id can be used"))
        default: return ((false, "the sandbox ended with code \(end.code)"), nil)
        }
    }

    private static func apptainer(_ name: String) throws -> Finding {
        guard let path = ApptainerCommand.locate(name, path: Sandbox.searchPath) else {
            return (false, "\(name) is not an executable program in \(Sandbox.searchPath)")
        }
        let pipe = try Descriptor.pipe()
        let child = try Spawn.start(path, [path, "--version"], descriptors: [(pipe.write.number, 1), (pipe.write.number, 2)])
        pipe.write.close()
        var words: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while words.count < 4096, case .bytes(let count) = chunk.withUnsafeMutableBytes({ pipe.read.read(into: $0) }) {
            words.append(contentsOf: chunk[..<count])
        }
        let code = hpk_wait(child)
        let said = String(decoding: words.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return (code == 0, "\(path): \(said)\(code == 0 ? "" : " (exit code \(code))")")
    }

    private static func localDirectory(_ base: String) -> Finding {
        do {
            let folder = try LocalDirectory(base: base, label: "probe")
            try folder.remove()
            return (true, "\(base) is writable")
        } catch {
            return (false, "\(error)")
        }
    }

    private static func connection(_ text: String) throws -> Finding {
        let endpoint = try Endpoint(text)
        var child: pid_t = 0
        let number = hpk_resolve(endpoint.host, endpoint.port, &child)
        guard number >= 0 else { throw SystemError("start", "a name look-up") }
        let pipe = Descriptor(owning: number)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case .bytes(let count) = chunk.withUnsafeMutableBytes({ pipe.read(into: $0) }) { bytes.append(contentsOf: chunk[..<count]) }
        let addresses = AgentConnection.split(bytes)
        guard !addresses.isEmpty else { return (false, "\(endpoint.host) cannot be resolved on this node") }
        var problem = ""
        for address in addresses {
            let number = address.withUnsafeBytes { hpk_connect($0.baseAddress, UInt32($0.count)) }
            guard number >= 0 else { continue }
            let socket = Descriptor(owning: number)
            var watched = pollfd(fd: socket.number, events: Int16(POLLOUT), revents: 0)
            guard poll(&watched, 1, connectMilliseconds) == 1 else {
                problem = "no answer within \(connectMilliseconds / 1000) s"
                continue
            }
            let error = hpk_socket_error(socket.number)
            if error == 0 { return (true, "\(text) is reached") }
            problem = String(cString: strerror(error))
        }
        return (false, "\(text) is not reached: \(problem)")
    }
}
