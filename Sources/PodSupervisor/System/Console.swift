import Glibc

/// The supervisor's own output: lines on standard output, which Slurm writes to a file in the pod's directory.
enum Console {
    /// One line, written at once.
    static func note(_ text: String) {
        let line = "hpk-pod: " + String(text.map { $0.isNewline ? " " : $0 }) + "\n"
        _ = line.withCString { write(STDOUT_FILENO, $0, strlen($0)) }
    }
}
