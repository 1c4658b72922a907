import Foundation

/// Pulls by `apptainer pull`, which makes a SIF file of a container image as an ordinary user.
///
/// Each pull has a folder of its own on a local disk, mode 0700: Apptainer's unpacked layers, its cache and the credentials
/// (`--authfile`, mode 0600), so that nothing of another pull or of the user's own logins is used and nothing is left in the home directory.
/// Credentials are in that file only, never in arguments or environment.
struct ApptainerPuller: ImagePulling {
    /// Name or path of the program.
    let program: String
    let commands: CommandRunner
    /// A folder on a local disk with room for an unpacked image.
    let temporaryFolder: String
    let timeLimit: Duration

    init(program: String = "apptainer", commands: CommandRunner, temporaryFolder: String, timeLimit: Duration = .seconds(3600)) {
        self.program = program
        self.commands = commands
        self.temporaryFolder = temporaryFolder
        self.timeLimit = timeLimit
    }

    func pull(_ request: PullRequest, to path: String) async throws(ImageFault) {
        let folder = temporaryFolder + "/" + Self.prefix + Self.name(of: .current) + "-" + SharedFiles.uniqueToken()
        let authfile = Array(try Self.authfile(request))
        try await BlockingWork.run { () throws(ImageFault) in
            removeLeftovers()
            for below in ["", "/cache", "/tmp"] { try SharedFiles.makeFolder(folder + below) }
            guard try SharedFiles.create(folder + "/auth.json", authfile) else {
                throw ImageFault("create", folder + "/auth.json", code: EEXIST)
            }
        }
        let environment = ["APPTAINER_CACHEDIR": folder + "/cache", "APPTAINER_TMPDIR": folder + "/tmp"]
        var failure: CommandRunner.Failure?
        do {
            _ = try await commands.run(
                program, Self.arguments(request, authfile: folder + "/auth.json", path: path), environment: environment,
                timeLimit: timeLimit)
        } catch {
            failure = error
        }
        // Shielded: what holds credentials goes also when the caller was cancelled.
        _ = await Task { try? await BlockingWork.run { () throws(ImageFault) in SharedFiles.removeTree(folder) } }.value
        guard let failure else { return }
        try? await BlockingWork.run { () throws(ImageFault) in SharedFiles.remove(path) }
        throw ImageFault(Self.words(failure))
    }

    static func arguments(_ request: PullRequest, authfile: String, path: String) -> [String] {
        var arguments = ["--quiet", "pull", "--disable-cache", "--authfile", authfile]
        if request.plainHTTP { arguments.append("--no-https") }
        return arguments + ["--", path, request.uri]
    }

    /// A Docker configuration with the one credential; with none, an empty one, so that Apptainer looks for no other.
    static func authfile(_ request: PullRequest) throws(ImageFault) -> Data {
        var auths: [String: [String: String]] = [:]
        if let host = request.host {
            switch request.credential {
            case .password(let user, let password):
                auths[host] = ["auth": Data("\(user):\(password)".utf8).base64EncodedString()]
            case .identityToken(let user, let token):
                auths[host] = ["auth": Data("\(user):".utf8).base64EncodedString(), "identitytoken": token]
            case nil: break
            }
        }
        do { return try JSONEncoder().encode(["auths": auths]) } catch { throw ImageFault("credentials cannot be written as JSON") }
    }

    /// Apptainer's last words: its `FATAL` lines where there are any, for a message of one line.
    static func words(_ failure: CommandRunner.Failure) -> String {
        guard case .failed(let output, let status) = failure else { return "apptainer pull: \(failure)" }
        let lines = output.split(whereSeparator: \.isNewline)
        if let fatal = lines.lastIndex(where: { $0.contains("FATAL:") }), let mark = lines[fatal].range(of: "FATAL:") {
            return "apptainer pull: " + oneLine(([lines[fatal][mark.upperBound...]] + lines[(fatal + 1)...]).joined(separator: " "))
        }
        let last = oneLine(lines.suffix(3).joined(separator: " "))
        return "apptainer pull: " + (last.isEmpty ? "ended with \(status) and said nothing" : last)
    }

    private static let prefix = "hpk-pull-"

    private static func name(of process: ProcessMark) -> String { "\(process.process)-\(process.started)" }

    /// Removes the folders of agents that were killed during a pull: they hold credentials.
    private func removeLeftovers() {
        for name in SharedFiles.names(in: temporaryFolder) where name.hasPrefix(Self.prefix) {
            let fields = name.dropFirst(Self.prefix.count).split(separator: "-")
            guard fields.count == 3, let process = Int32(fields[0]), let started = UInt64(fields[1]) else { continue }
            var status = stat()
            let path = temporaryFolder + "/" + name
            guard lstat(path, &status) == 0, status.st_uid == getuid(), status.st_mode & S_IFMT == S_IFDIR,
                ProcessMark(machine: ProcessMark.current.machine, process: process, started: started).isDead()
            else { continue }
            SharedFiles.removeTree(path)
        }
    }
}
