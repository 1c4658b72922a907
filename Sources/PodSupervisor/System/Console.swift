import Glibc

/// The supervisor's own output: lines on standard output, which Slurm writes to a file in the pod's directory.
///
/// The tasks of a job array share one file until they know their pods; then each has its own, made when there is something to write.
enum Console {
    /// Where to write from the next line on; nil when standard output is the right place. Unsafe, and safe: the supervisor has one thread.
    private nonisolated(unsafe) static var awaited: String?

    /// Lets the next line, if there ever is one, and everything after it go to the end of another file.
    static func redirect(to path: String) {
        awaited = path
    }

    /// One line, written at once.
    static func note(_ text: String) { put(text, STDOUT_FILENO) }

    /// The same on standard error, where standard output has a form of its own.
    static func complain(_ text: String) { put(text, STDERR_FILENO) }

    private static func put(_ text: String, _ descriptor: Int32) {
        follow()
        let line = "hpk-pod: " + String(text.map { $0.isNewline ? " " : $0 }) + "\n"
        _ = line.withCString { write(descriptor, $0, strlen($0)) }
    }

    /// A file that cannot be opened leaves the words where they went before.
    private static func follow() {
        guard let path = awaited else { return }
        awaited = nil
        guard let file = try? Descriptor(opening: path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW) else { return }
        file.use { number in
            _ = dup2(number, STDOUT_FILENO)
            _ = dup2(number, STDERR_FILENO)
        }
    }
}
