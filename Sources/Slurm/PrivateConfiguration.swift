import Glibc

/// A copy of slurm.conf that only this process uses, to give libslurm's listener a port that stays the same after a restart.
enum PrivateConfiguration {
    /// Files that Slurm looks for beside slurm.conf: they are linked beside the copy.
    private static let siblings = [
        "acct_gather.conf", "burst_buffer.conf", "cgroup.conf", "cli_filter.lua", "gres.conf", "helpers.conf", "job_container.conf",
        "mpi.conf",
        "oci.conf", "plugstack.conf", "plugstack.conf.d", "slurm.key", "topology.conf", "topology.yaml",
    ]

    /// Writes `directory/slurm.conf` (0600) with all included files in place and `SrunPortRange` set to `port` and the next.
    ///
    /// The copy is made anew at every start, so it follows the site's file from one start to the next.
    ///
    /// - Returns: the copy's path.
    /// - Throws: `SlurmSetupError.privateCopyFailed`.
    static func write(_ file: SlurmConfigurationFile, directory: String, port: UInt16) throws -> String {
        if mkdir(directory, 0o700) != 0 && errno != EEXIST { throw failed(directory) }
        let path = "\(directory)/slurm.conf"
        try replace(path, with: text(of: file, port: port))
        let source = file.path.lastIndex(of: "/").map { String(file.path[..<$0]) } ?? "."
        for name in siblings {
            let link = "\(directory)/\(name)"
            var information = stat()
            // A link of an earlier start is renewed; a file that is not ours to replace is left.
            if lstat(link, &information) == 0, information.st_mode & S_IFMT == S_IFLNK { unlink(link) }
            guard access("\(source)/\(name)", F_OK) == 0 else { continue }
            if symlink("\(source)/\(name)", link) != 0 && errno != EEXIST { throw failed(link) }
        }
        return path
    }

    /// The copy's text: slurm.conf without its own `SrunPortRange`, and ours at the end.
    static func text(of file: SlurmConfigurationFile, port: UInt16) -> String {
        let lines = file.flattened.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            !line.drop { $0 == " " || $0 == "\t" }.lowercased().hasPrefix("srunportrange=")
        }
        return lines.joined(separator: "\n") + "\nSrunPortRange=\(port)-\(port + 1)\n"
    }

    /// Writes beside and renames, so that no reader sees half a file.
    private static func replace(_ path: String, with text: String) throws {
        let temporary = "\(path).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failed(temporary) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let failure = failed(temporary)
                close(descriptor)
                throw failure
            }
            written += count
        }
        guard close(descriptor) == 0, rename(temporary, path) == 0 else { throw failed(path) }
    }

    private static func failed(_ path: String) -> SlurmSetupError {
        .privateCopyFailed(path: path, reason: FileText.errnoText())
    }
}
