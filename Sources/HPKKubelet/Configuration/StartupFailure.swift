/// Exit statuses of the program, as in sysexits.h where it knows one.
public enum ProgramStatus: Int32, Sendable, CaseIterable {
    /// `doctor` found something that fails.
    case failed = 1
    /// A named file cannot be read (EX_NOINPUT).
    case noInput = 66
    /// The API server, Slurm or a port cannot be had (EX_UNAVAILABLE).
    case unavailable = 69
    /// An error within the program (EX_SOFTWARE).
    case software = 70
    /// Try again later: another agent serves the node (EX_TEMPFAIL).
    case temporary = 75
    /// A setting cannot be used (EX_CONFIG).
    case configuration = 78
}

/// An error that ends the program, in words for the person at the terminal.
public struct StartupFailure: Error, Equatable, CustomStringConvertible {
    public let status: ProgramStatus
    /// One line: what failed, on which object.
    public let problem: String
    /// One line: what to do.
    public let advice: String

    /// Names the parts.
    public init(_ status: ProgramStatus, problem: String, advice: String) {
        self.status = status
        self.problem = problem
        self.advice = advice
    }

    /// Recognises what this module throws; nil for an error of somebody else.
    public init?(_ error: any Error) {
        switch error {
        case let failure as StartupFailure: self = failure
        case let error as ConfigurationError: self.init(.configuration, problem: error.problem, advice: error.advice)
        default: return nil
        }
    }

    /// Both lines.
    public var description: String { problem + "\n" + advice }
}
