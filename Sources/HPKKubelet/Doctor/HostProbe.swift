import Foundation

/// Questions to this host.
enum HostProbe {
    /// Why a folder is of no use.
    struct FolderProblem: Error, CustomStringConvertible {
        let description: String
    }

    /// Path of a program: itself when it is a path, else the first in PATH that can be executed.
    static func find(_ program: String, path: String? = ProcessInfo.processInfo.environment["PATH"]) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        var folders = (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map { String($0) }
        // Programs of administrators are not in the PATH of every user.
        folders += ["/usr/sbin", "/sbin"]
        return folders.map { "\($0)/\(program)" }.first { (candidate: String) in access(candidate, X_OK) == 0 }
    }

    static func mode(_ path: String) -> UInt32? {
        var information = stat()
        return stat(path, &information) == 0 ? UInt32(information.st_mode) : nil
    }

    static func tryFolder(_ path: String, runsProgram: Bool, runner: CommandRunner) async throws -> DoctorProbes.FileSystem {
        let file = "\(path)/.hpk-doctor-\(UUID().uuidString)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o700)
        guard descriptor >= 0 else { throw FolderProblem(description: String(cString: strerror(errno))) }
        defer { unlink(file) }
        let script = Array("#!/bin/sh\nexit 0\n".utf8)
        let isWritten = write(descriptor, script, script.count) == script.count && fsync(descriptor) == 0
        let code = errno
        close(descriptor)
        guard isWritten else { throw FolderProblem(description: String(cString: strerror(code))) }
        if runsProgram {
            do throws(CommandRunner.Failure) {
                _ = try await runner.run(file, [], timeLimit: .seconds(10))
            } catch {
                throw FolderProblem(description: "a program there does not run: \(error)")
            }
        }
        var figures = statvfs()
        guard statvfs(path, &figures) == 0 else { throw FolderProblem(description: String(cString: strerror(errno))) }
        let free = UInt64(figures.f_frsize).multipliedReportingOverflow(by: UInt64(figures.f_bavail))
        let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        return DoctorProbes.FileSystem(type: fileSystemType(of: path, mounts: mounts), freeBytes: free.overflow ? .max : free.partialValue)
    }

    /// The type of the mount that holds a path: the last one whose mount point is its longest prefix.
    static func fileSystemType(of path: String, mounts: String) -> String {
        var best = (length: -1, type: "unknown")
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 3 else { continue }
            // proc(5) writes blanks in mount points as octal escapes.
            let point = fields[1].replacing("\\040", with: " ")
            let isAbove = point == "/" || path == point || path.hasPrefix(point + "/")
            if isAbove, point.count >= best.length { best = (point.count, String(fields[2])) }
        }
        return best.type
    }

    static func certificate(_ certificate: String, key: String, address: String) throws -> DoctorProbes.ServingCertificate {
        let identity = try TLSIdentity.load(certificatePath: certificate, keyPath: key, now: Int64(Date().timeIntervalSince1970))
        let name = try CertificateName(address)
        let covers = identity.leaf?.covers(name) ?? false
        return DoctorProbes.ServingCertificate(notAfter: identity.notAfter, coversAddress: covers)
    }

    /// Binds a TCP port for a moment.
    static func bindError(_ address: String, _ port: Int) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
        guard inet_pton(AF_INET, address, &name.sin_addr) == 1 else { return EINVAL }
        let isBound = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        return isBound ? 0 : errno
    }
}
