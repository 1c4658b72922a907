import Foundation

/// Who this agent is, for the lease: kept in the state directory, so that a restart is recognised as the same agent.
///
/// The identity's file stays locked while this value lives: two agents of one host cannot share a state directory.
public final class AgentIdentity: Sendable {
    /// `host_UUID`: another host with the same state directory is another agent.
    public let text: String
    private let descriptor: Int32

    private init(text: String, descriptor: Int32) {
        self.text = text
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Whether an agent on this host holds the identity of a state directory now.
    public static func isHeld(stateDirectory: String) -> Bool {
        let descriptor = open(stateDirectory + "/identity", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        // Closing gives up a lock that was got.
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    /// Reads the identity, or makes one.
    ///
    /// - Throws: ``StartupFailure`` when another agent holds it (temporary), or when the file cannot be written (no input).
    public static func acquire(
        stateDirectory: String, hostname: String, makeIdentifier: () -> String = { UUID().uuidString.lowercased() }
    ) throws -> AgentIdentity {
        let path = stateDirectory + "/identity"
        func failure(_ doing: String) -> StartupFailure {
            StartupFailure(
                .noInput, problem: "cannot \(doing) \(path): \(String(cString: strerror(errno)))",
                advice: "Make \(stateDirectory) writable for this user, or choose another folder with --working-dir.")
        }
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("open") }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            // Some shared file systems have no locks; the lease still keeps agents of two hosts apart.
            if code == EWOULDBLOCK {
                close(descriptor)
                throw StartupFailure(
                    .temporary, problem: "another hpk-kubelet uses \(stateDirectory) already",
                    advice: "Stop it first, or give this one its own --working-dir and --nodename.")
            }
        }
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        let known = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if UUID(uuidString: known) != nil { return AgentIdentity(text: "\(hostname)_\(known)", descriptor: descriptor) }
        let made = makeIdentifier()
        let bytes = Array((made + "\n").utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count, fsync(descriptor) == 0 else {
            defer { close(descriptor) }
            throw failure("write")
        }
        return AgentIdentity(text: "\(hostname)_\(made)", descriptor: descriptor)
    }
}
