import CSlurm
import Glibc
import Testing

@testable import Slurm

@Suite("Errors of Slurm")
struct SlurmErrorTests {
    @Test("each have a name, a message and something to do", arguments: SlurmErrorTable.rows)
    func rows(row: SlurmErrorTable.Row) {
        let error = SlurmError(code: row.code, operation: "submit job x")
        #expect(error.name == row.name)
        #expect(!error.message.isEmpty && !error.whatToDo.isEmpty)
        for part in ["submit job x", error.message, row.name, "\(row.code)"] { #expect(error.description.contains(part)) }
    }

    @Test("are listed once")
    func once() {
        #expect(Set(SlurmErrorTable.rows.map(\.code)).count == SlurmErrorTable.rows.count)
        #expect(Set(SlurmErrorTable.rows.map(\.name)).count == SlurmErrorTable.rows.count)
    }

    @Test(
        "say whether to try again and whether the request may have arrived",
        arguments: [
            (Int32(ESLURM_INVALID_PARTITION_NAME.rawValue), SlurmError.RetryAdvice.never, false),
            (Int32(ESLURM_ACCOUNTING_POLICY.rawValue), .afterDelay, false), (EAGAIN, .afterDelay, false),
            (Int32(SLURMCTLD_COMMUNICATIONS_CONNECTION_ERROR.rawValue), .whenReachable, false),
            (Int32(SLURMCTLD_COMMUNICATIONS_RECEIVE_ERROR.rawValue), .whenReachable, true),
            (Int32(SLURM_PROTOCOL_SOCKET_IMPL_TIMEOUT.rawValue), .whenReachable, true), (ECONNREFUSED, .whenReachable, false),
            (Int32(SLURM_PROTOCOL_AUTHENTICATION_ERROR.rawValue), .whenReachable, false), (6001, .whenReachable, false),
            (1013, .whenReachable, true), (1850, .whenReachable, true),
            (5001, .whenReachable, true), (99_999, .never, false), (Int32.min, .never, false),
        ])
    func advice(code: Int32, advice: SlurmError.RetryAdvice, mayHaveBeenApplied: Bool) {
        let error = SlurmError(code: code, operation: "x")
        #expect(error.retryAdvice == advice)
        #expect(error.isTransient == (advice != .never))
        #expect(error.mayHaveBeenApplied == mayHaveBeenApplied)
    }

    @Test(
        "tell a library of another release",
        arguments: [
            (SlurmVersion(major: 22, minor: 5, micro: 8), SlurmVersion(library: 38), true),
            (SlurmVersion(major: 22, minor: 5, micro: 8), SlurmVersion(library: 39), false),
            (SlurmVersion(major: 22, minor: 5, micro: 8), SlurmVersion(library: 99), false),
            (SlurmVersion(major: 30, minor: 5, micro: 0), SlurmVersion(library: 99), true),
        ])
    func versions(compiled: SlurmVersion, runtime: SlurmVersion?, fits: Bool) {
        #expect(SlurmVersion.fits(compiled: compiled, runtime: runtime) == fits)
    }
}
