import Glibc

/// A system call that failed: what was tried, on what, and why.
public struct SystemError: Error, Equatable, CustomStringConvertible {
    /// What was tried, as a verb: `open`, `create`, `mount`.
    public var operation: String
    /// What it was tried on, usually a path.
    public var subject: String
    /// The value of `errno`.
    public var code: Int32

    /// Takes `errno` where no code is given.
    public init(_ operation: String, _ subject: String, code: Int32 = errno) {
        self.operation = operation
        self.subject = subject
        self.code = code
    }

    /// The C library's words for the code.
    public var reason: String { String(cString: strerror(code)) }

    public var description: String { "cannot \(operation) \(subject): \(reason)" }
}

/// A problem that is not a system call's, in words for the user.
struct Failure: Error, Equatable, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
