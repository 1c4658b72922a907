import CSandbox
import Glibc

/// A container's mount namespace, by which its processes are known in a process namespace that it shares with others.
///
/// It is held open: the kernel gives the number of a namespace that is gone to the next one at once, and the processes of another container
/// would be taken for this one's.
struct MountNamespace {
    private let handle: Descriptor
    private let number: ino_t

    /// The namespace of a process; nil when the process is gone.
    init?(ofProcess id: pid_t) {
        guard let handle = try? Descriptor(opening: "/proc/\(id)/ns/mnt", O_RDONLY) else { return nil }
        var status = stat()
        guard handle.use({ fstat($0, &status) }) == 0 else { return nil }
        self.handle = handle
        number = status.st_ino
    }

    /// Kills every process in it.
    func killAll() {
        withExtendedLifetime(handle) {
            for name in CText.names(in: "/proc") ?? [] {
                guard let id = pid_t(name), id > 1, FileSystem.status("/proc/\(id)/ns/mnt")?.st_ino == number else { continue }
                _ = kill(id, SIGKILL)
            }
        }
    }
}
