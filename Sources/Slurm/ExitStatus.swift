/// A status as wait(2) gives it, which is how Slurm carries the end of a job.
public struct ExitStatus: Sendable, Hashable, CustomStringConvertible {
    /// The word as wait(2) fills it.
    public var rawValue: UInt32

    /// Wraps a wait status.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The number given to exit(3), 0 to 255; nil when a signal ended the process.
    public var exitCode: Int32? { signal == nil ? Int32((rawValue >> 8) & 0xff) : nil }

    /// The signal that ended the process, 1 to 126; nil when it exited.
    public var signal: Int32? {
        let number = Int32(rawValue & 0x7f)
        return number == 0 || number == 0x7f ? nil : number
    }

    /// What a shell would show in `$?`: the exit code, or 128 and the signal.
    public var shellCode: Int32 {
        if let signal { return 128 + signal }
        return exitCode ?? 0
    }

    /// It exited with code 0.
    public var isSuccess: Bool { signal == nil && exitCode == 0 }

    /// As scontrol prints it, code and signal: `1:0`, `0:9`.
    public var description: String { "\((rawValue >> 8) & 0xff):\(signal ?? 0)" }
}
