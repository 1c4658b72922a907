import Glibc

/// The supervisor's own output: lines on standard output, which Slurm writes to a file in the pod's directory.
enum Console {
    /// One line, written at once.
    static func note(_ text: String) { put(text, STDOUT_FILENO) }

    /// The same on standard error, where standard output has a form of its own.
    static func complain(_ text: String) { put(text, STDERR_FILENO) }

    private static func put(_ text: String, _ descriptor: Int32) {
        let line = "hpk-pod: " + String(text.map { $0.isNewline ? " " : $0 }) + "\n"
        _ = line.withCString { write(descriptor, $0, strlen($0)) }
    }
}
