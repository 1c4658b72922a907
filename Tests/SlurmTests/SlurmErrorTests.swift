import CSlurm
import Foundation
import Glibc
import Testing

@testable import Slurm

private let errorHeader = "/usr/include/slurm/slurm_errno.h"

@Suite("Errors of Slurm")
struct SlurmErrorTests {
    @Test("each have a name, a message and something to do", arguments: SlurmErrorTable.rows)
    func rows(row: SlurmErrorTable.Row) {
        let error = SlurmError(code: row.code, operation: "submit job x")
        #expect(error.name == row.name)
        #expect(!error.message.isEmpty && !error.whatToDo.isEmpty)
        for part in ["submit job x", error.message, row.name, "\(row.code)"] { #expect(error.description.contains(part)) }
    }

    @Test("are listed once in each release", arguments: [(22, 5), (23, 2), (23, 11), (24, 5), (24, 11), (25, 5), (25, 11), (26, 5)])
    func once(major: Int, minor: Int) {
        let rows = SlurmErrorTable.rows(of: SlurmVersion(major: major, minor: minor))
        #expect(Set(rows.map(\.code)).count == rows.count)
        #expect(Set(rows.map(\.name)).count == rows.count)
    }

    /// The names and numbers of `slurm_err_t` as the installed header writes them.
    private static func headerCodes() throws -> [(name: String, code: Int32)] {
        var text = try String(contentsOfFile: errorHeader, encoding: .utf8)
        text.replace(/\/\*(.|\n)*?\*\//, with: "")
        let start = try #require(text.range(of: "typedef enum"))
        let end = try #require(text.range(of: "} slurm_err_t"))
        var next: Int32 = 0
        return text[start.upperBound..<end.lowerBound].split(separator: ",").compactMap { item in
            let parts = item.split(separator: "=").map { $0.trimmingCharacters(in: .whitespacesAndNewlines.union(["{"])) }
            guard let name = parts.first, !name.isEmpty else { return nil }
            if parts.count == 2, let number = Int32(parts[1]) { next = number }
            defer { next += 1 }
            return (name, next)
        }
    }

    @Test(
        "are all that the header has, under its names",
        .enabled(if: FileManager.default.fileExists(atPath: errorHeader), "libslurm's header is not where Debian has it"))
    func ofTheHeader() throws {
        let codes = try Self.headerCodes()
        #expect(codes.count > 200)
        #expect(codes.contains { $0.name == "ESLURM_INVALID_JOB_ID" && $0.code == Int32(ESLURM_INVALID_JOB_ID.rawValue) })
        for (name, code) in codes {
            let row = SlurmErrorTable.row(code)
            #expect(row.name == name, "\(code) of \(SlurmVersion.compiled)")
        }
    }

    @Test(
        "have Slurm's own words",
        arguments: [
            (ESLURM_INVALID_PARTITION_NAME, "Invalid partition name specified"), (ESLURM_ACCESS_DENIED, "Access/permission denied"),
            (ESLURM_INVALID_QOS, "Invalid qos specification"),
        ])
    func words(code: slurm_err_t, words: String) {
        #expect(SlurmError(code: Int32(code.rawValue), operation: "x").message == words)
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
