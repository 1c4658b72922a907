import Glibc

/// Makes sure that one job alone runs the pod, whatever happens to submissions and requeues.
enum Claim: Equatable {
    /// This job owns the pod.
    case ours
    /// Another job does; its id as the file holds it.
    case others(String)

    /// Takes the pod for the job, or finds that it has been taken.
    ///
    /// - Parameter job: ``SupervisorStart/jobName``, the same for every attempt of the job.
    ///
    /// The file appears with its content in one step, by a hard link, on every kind of shared file system.
    static func make(path: String, job: String) throws(SystemError) -> Claim {
        let draft = "\(path).\(job).\(String(UInt32.random(in: .min ... .max), radix: 16))"
        try FileSystem.write(draft, "\(job)\n".utf8, mode: 0o600)
        defer { _ = unlink(draft) }
        if link(draft, path) == 0 { return .ours }
        guard errno == EEXIST else { throw SystemError("create", path) }
        let text = String(decoding: try FileSystem.read(path, limit: 64), as: UTF8.self)
        let owner = String(text.prefix { !$0.isNewline })
        return owner == job ? .ours : .others(owner)
    }
}
