import PodProtocol
import Slurm
import Testing

@testable import HPKKubelet

@Suite("Doctor: what a compute node answered")
struct NodeProbeReportTests {
    private static let request = NodeProbeRequest(endpoint: "h:1", apptainer: "apptainer", localDirectory: "/tmp", token: "T")
    private static let whole =
        [NodeProbeFinding(.start, isGood: true, "c1 T")]
        + NodeProbeFinding.Check.allCases.filter { $0 != .start }.map { NodeProbeFinding($0, isGood: true, "good") }

    private static func findings(
        _ base: JobState.Base? = .completed, _ answer: [NodeProbeFinding] = whole, output: String = ""
    ) -> [DoctorFinding] {
        let id = JobID(rawValue: 7)
        let record = base.map {
            JobRecord(id: id, name: "j", comment: nil, state: JobState($0), stateReason: StateReason(rawValue: 1, text: "Priority"))
        }
        return NodeProbeReport(request: request, end: .init(jobID: id, record: record, answer: answer, output: output)).findings
    }

    @Test("A good node is good in every line")
    func good() {
        #expect(Self.findings().map(\.verdict) == Array(repeating: .ok, count: 6))
        #expect(Self.findings(nil).allSatisfy { $0.verdict == .ok })
    }

    @Test(
        "Each bad thing has its verdict and advice",
        arguments: [
            (NodeProbeFinding.Check.userNamespaces, DoctorFinding.Verdict.warning), (.subordinateIDs, .warning), (.apptainer, .failure),
            (.localDirectory, .failure), (.connection, .failure),
        ])
    func bad(check: NodeProbeFinding.Check, verdict: DoctorFinding.Verdict) throws {
        let answer = Self.whole.map { $0.check == check ? NodeProbeFinding(check, isGood: false, "broken") : $0 }
        let finding = try #require(Self.findings(.completed, answer).first { $0.verdict != .ok })
        #expect(finding.verdict == verdict)
        #expect(finding.found == "broken")
        #expect(finding.advice?.isEmpty == false)
    }

    @Test("Without namespaces nothing is said of ids")
    func noNamespaces() {
        let answer = [
            NodeProbeFinding(.start, isGood: true, "c1 T"), NodeProbeFinding(.userNamespaces, isGood: false, "forbidden"),
        ]
        let findings = Self.findings(.completed, answer)
        #expect(!findings.contains { $0.check == "job: subordinate ids" })
        #expect(findings.contains { $0.check == "job: apptainer" && $0.verdict == .failure })
    }

    @Test("A program that does not start is told with its words")
    func noStart() {
        let findings = Self.findings(.failed, [], output: "hpk-pod: version `GLIBC_2.38' not found")
        #expect(findings.map(\.verdict) == [.failure])
        #expect(findings[0].found.contains("GLIBC_2.38"))
        #expect(findings[0].advice?.contains("C library") == true)
    }

    @Test("Another folder at the same path is found by its token")
    func otherFolder() {
        let findings = Self.findings(.completed, [NodeProbeFinding(.start, isGood: true, "c1 other")])
        #expect(findings.map(\.verdict) == [.failure])
        #expect(findings[0].found.contains("another one"))
    }

    @Test("A job that waits too long is no fault of the node")
    func waits() {
        let findings = Self.findings(.pending, [])
        #expect(findings.map(\.verdict) == [.skipped])
        #expect(findings[0].found.contains("Priority"))
    }
}
