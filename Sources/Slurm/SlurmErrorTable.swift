import CSlurm
import Glibc

/// What each code means for us: slurm_errno.h's name, whether to try again, what to do. It holds the codes of all releases
/// from 22.05 to 26.05; a code of a newer one is judged by its range.
enum SlurmErrorTable {
    struct Row: Sendable {
        var code: Int32
        var name: String
        var retry: SlurmError.RetryAdvice
        var whatToDo: String
        var mayHaveBeenApplied = false
    }

    /// A code of slurm_errno.h. Slurm gives some numbers a second meaning when the first is long gone.
    struct Code: Sendable {
        var number: Int32
        var name: String
        /// The first release in which the number means this.
        var since: (Int, Int)?
        /// The first release in which the number means something else.
        var before: (Int, Int)?

        init(_ number: Int32, _ name: String, since: (Int, Int)? = nil, before: (Int, Int)? = nil) {
            self.number = number
            self.name = name
            self.since = since
            self.before = before
        }

        func isOf(_ release: SlurmVersion) -> Bool {
            (since.map { (release.major, release.minor) >= $0 } ?? true) && (before.map { (release.major, release.minor) < $0 } ?? true)
        }
    }

    /// Codes that come to the same for us.
    struct Group: Sendable {
        var retry: SlurmError.RetryAdvice
        var whatToDo: String
        var mayHaveBeenApplied: Bool
        var codes: [Code]

        init(_ retry: SlurmError.RetryAdvice, _ whatToDo: String, mayHaveBeenApplied: Bool = false, _ codes: [Code]) {
            self.retry = retry
            self.whatToDo = whatToDo
            self.mayHaveBeenApplied = mayHaveBeenApplied
            self.codes = codes
        }
    }

    /// The row of a code; codes that the table does not hold are judged by their range.
    static func row(_ code: Int32) -> Row {
        if let row = byCode[code] { return row }
        let name = "SLURM_ERROR_\(code)"
        switch code {
        case 1000..<1100:
            return Row(
                code: code, name: name, retry: .whenReachable, whatToDo: "\(Advice.reach); \(Advice.munge)", mayHaveBeenApplied: true)
        case 1800..<1900, 5000..<6000:
            return Row(code: code, name: name, retry: .whenReachable, whatToDo: Advice.reach, mayHaveBeenApplied: true)
        case 6000..<7000:
            return Row(code: code, name: name, retry: .whenReachable, whatToDo: Advice.munge)
        default:
            return Row(code: code, name: name, retry: .never, whatToDo: "look the code up in slurm_errno.h and see slurmctld's log")
        }
    }

    private static let byCode: [Int32: Row] = Dictionary(rows.map { ($0.code, $0) }, uniquingKeysWith: { first, _ in first })

    enum Advice {
        static let reach = "check that slurmctld runs and that this host reaches it (scontrol ping); the request is tried again"
        static let busy = "slurmctld has more requests than it can take (sdiag); the request is tried again"
        static let munge = "check that munged runs on this host and slurmctld's, with the same key and clock (munge -n | unmunge)"
        static let partition = "name a partition that `sinfo` shows and that you may use (--partition)"
        static let resources = "ask for less, or for another partition: see `sinfo -o '%P %D %c %m %G %f'`"
        static let account = "name an account and QOS that `sacctmgr show associations` lists for you (--account, --qos)"
        static let limit = "a limit of your account, QOS or partition is reached; it is tried again when jobs end"
        static let reservation = "name a reservation that `scontrol show reservation` lists for you (--reservation)"
        static let requestBug = "this is a fault of the program that made the request: report it with its log"
        static let gone = "the job is over, or was never here: nothing is to be done"
        static let time = "write a time limit that the partition allows (--time)"
        static let plugin = "check the plugins and slurm.conf of this host's Slurm: they must fit the cluster's"
        static let administration = "this is about the cluster's administration, which is not done here: report it"
    }

    /// Each code of the release that this program was built for, and codes of the operating system.
    static let rows: [Row] = rows(of: .compiled)

    static func rows(of release: SlurmVersion) -> [Row] {
        let groups = communication + requests + states + others
        let slurm = groups.flatMap { group in
            group.codes.filter { $0.isOf(release) }.map {
                Row(
                    code: $0.number, name: $0.name, retry: group.retry, whatToDo: group.whatToDo,
                    mayHaveBeenApplied: group.mayHaveBeenApplied)
            }
        }
        return slurm + system
    }

    private static let system: [Row] = [
        Row(
            code: EAGAIN, name: "EAGAIN", retry: .afterDelay,
            whatToDo: "slurmctld holds MaxJobCount jobs, or this host is short of memory or processes; it is tried again"),
        Row(code: ECONNREFUSED, name: "ECONNREFUSED", retry: .whenReachable, whatToDo: Advice.reach),
        Row(code: EHOSTUNREACH, name: "EHOSTUNREACH", retry: .whenReachable, whatToDo: Advice.reach),
        Row(code: ENETUNREACH, name: "ENETUNREACH", retry: .whenReachable, whatToDo: Advice.reach),
        Row(code: ETIMEDOUT, name: "ETIMEDOUT", retry: .whenReachable, whatToDo: Advice.reach, mayHaveBeenApplied: true),
        Row(code: ECONNRESET, name: "ECONNRESET", retry: .whenReachable, whatToDo: Advice.reach, mayHaveBeenApplied: true),
        Row(code: EPIPE, name: "EPIPE", retry: .whenReachable, whatToDo: Advice.reach, mayHaveBeenApplied: true),
        Row(code: EMFILE, name: "EMFILE", retry: .afterDelay, whatToDo: "raise this process's limit of open files (ulimit -n)"),
        Row(
            code: SLURM_ERROR, name: "SLURM_ERROR", retry: .afterDelay, whatToDo: "see slurmctld's log; it is tried again",
            mayHaveBeenApplied: true),
    ]
}
