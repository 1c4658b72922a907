import CSlurm
import Synchronization

/// libslurm's start, which happens once in a process and lasts until its end.
enum SlurmLibrary {
    /// The slurm.conf that the library was started with; nil before.
    private static let startedWith = Mutex<String?>(nil)

    /// Longest that the trial in a child process may take.
    private static let probeMilliseconds: Int32 = 10_000

    /// Starts the library. Called again with the same path it does nothing.
    ///
    /// - Throws: `SlurmSetupError.alreadyStarted` when it was started with another path.
    static func start(configurationFile path: String) throws {
        try startedWith.withLock { started in
            if let started {
                guard started == path else { throw SlurmSetupError.alreadyStarted(with: started) }
                return
            }
            slurm_init(path)
            started = path
        }
    }

    /// Starts the library in a child process to see whether it would end this one. Not needed, and not done, once it runs.
    ///
    /// - Throws: `SlurmSetupError.libraryRefused` with what the library wrote before it gave up.
    static func probe(configurationFile path: String) throws {
        guard startedWith.withLock({ $0 == nil }) else { return }
        var said = [CChar](repeating: 0, count: 4096)
        switch hpk_slurm_probe(path, probeMilliseconds, &said, said.count) {
        case 0: return
        case 1: throw SlurmSetupError.libraryRefused(words: summary(CStrings.text(said)))
        default: throw SlurmSetupError.libraryRefused(words: "its trial in a child process did not end within 10 s")
        }
    }

    /// The library's lines in one line.
    private static func summary(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).suffix(5).joined(separator: "; ")
    }
}
