import CSlurm

/// Why a job waits, or why it failed (`enum job_state_reason`).
public struct StateReason: Sendable, Hashable, CustomStringConvertible {
    /// The number; its meaning can differ between releases, its text not.
    public var rawValue: UInt32
    /// Slurm's word: `Priority`, `Resources`, `JobHeldUser`, `None`.
    public var text: String

    /// A reason of known number and word.
    public init(rawValue: UInt32, text: String) {
        self.rawValue = rawValue
        self.text = text
    }

    /// Looks the word up in libslurm; a library that does not tell gives the number.
    init(rawValue: UInt32) {
        self.rawValue = rawValue
        guard rawValue <= Self.plausible, let word = CStrings.optional(hpk_slurm_reason_string(rawValue)) else {
            text = "Reason(\(rawValue))"
            return
        }
        text = word
    }

    /// Numbers above this are not given to libslurm, which formats an unknown number into a buffer all threads share.
    static let plausible: UInt32 = 250

    /// There is no reason: the job runs, or ended well.
    public var isNone: Bool { rawValue == WAIT_NO_REASON.rawValue }

    /// The job is held, by its user or an administrator, and starts only after `scontrol release`.
    public var isHeld: Bool { [WAIT_HELD.rawValue, WAIT_HELD_USER.rawValue].contains(rawValue) }

    /// Slurm's word.
    public var description: String { text }
}
