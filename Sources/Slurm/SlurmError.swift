import CSlurm

/// Why a request to Slurm failed: the code, Slurm's message, and what can be done about it.
public struct SlurmError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Whether the same request can succeed later.
    public enum RetryAdvice: Sendable, Hashable {
        /// It will fail the same way until the request or the site's configuration changes.
        case never
        /// Slurm is there but cannot take it now (a limit, a busy resource): try again after a pause.
        case afterDelay
        /// Slurm or munge cannot be reached: try again with growing pauses.
        case whenReachable
    }

    /// The number: a Slurm code (1000 and more), an errno (less), or -1 when Slurm gave none.
    public var code: Int32
    /// Its name in slurm_errno.h (`ESLURM_INVALID_PARTITION_NAME`), or `SLURM_ERROR_n`.
    public var name: String
    /// Slurm's own words for it.
    public var message: String
    /// What was asked, in a few words: `submit job ns/pod`.
    public var operation: String
    /// Whether to try again.
    public var retryAdvice: RetryAdvice
    /// What a user or administrator can do, one sentence.
    public var whatToDo: String
    /// The request may have reached slurmctld although no answer came back. For a submission this means: look for the job
    /// before submitting again.
    public var mayHaveBeenApplied: Bool

    /// An error that does not come from a Slurm code.
    public init(
        code: Int32, name: String, message: String, operation: String, retryAdvice: RetryAdvice, whatToDo: String,
        mayHaveBeenApplied: Bool = false
    ) {
        self.code = code
        self.name = name
        self.message = message
        self.operation = operation
        self.retryAdvice = retryAdvice
        self.whatToDo = whatToDo
        self.mayHaveBeenApplied = mayHaveBeenApplied
    }

    /// The error for a code that libslurm gave.
    public init(code: Int32, operation: String) {
        let row = SlurmErrorTable.row(code)
        // Some releases have no words for some of their codes.
        let words = CStrings.optional(slurm_strerror(code)).flatMap { $0.hasPrefix("Unknown error") ? nil : $0 }
        self.init(
            code: code, name: row.name, message: words ?? "error \(code)", operation: operation,
            retryAdvice: row.retry, whatToDo: row.whatToDo, mayHaveBeenApplied: row.mayHaveBeenApplied)
    }

    /// The same request can succeed later.
    public var isTransient: Bool { retryAdvice != .never }

    /// `submit job ns/pod: Invalid partition name specified (ESLURM_INVALID_PARTITION_NAME, 2000); name a partition …`.
    public var description: String { "\(operation): \(message) (\(name), \(code)); \(whatToDo)" }
}
