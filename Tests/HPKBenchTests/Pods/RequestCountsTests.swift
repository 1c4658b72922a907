import Foundation
import Slurm
import Testing

@testable import HPKBench

@Suite("Counts of requests")
struct RequestCountsTests {
    private static let metrics = """
        # TYPE apiserver_request_total counter
        apiserver_request_total{code="200",resource="pods",subresource="status",verb="PATCH"} 12
        apiserver_request_total{code="409",resource="pods",subresource="status",verb="PATCH"} 3
        apiserver_request_total{code="201",resource="events",subresource="",verb="POST"} 4e+00
        apiserver_request_total{code="0",resource="pods",scope="cluster",subresource="",verb="WATCH"} 9
        apiserver_request_total{code="200",component="",resource="",scope="",subresource="/readyz",verb="GET",version=""} 15
        apiserver_request_total{code="200",resource="pods",verb="GET"
        other_total{verb="GET",resource="pods"} 7
        """

    @Test("an API server's counters are summed over codes; watches, health checks and broken lines are left out")
    func apiServer() {
        let counts = RequestCounts(apiServerMetrics: Self.metrics)
        #expect(counts.counts == ["PATCH pods/status": 15, "POST events": 4])
        #expect(counts.total == 19)
    }

    @Test("Slurm's counters keep the names of their messages")
    func slurm() {
        var statistics = SlurmStatistics(time: .distantPast, resetTime: .distantPast)
        statistics.requestsByType = [.userJobs: .init(count: 3), .ping: .init(count: 1)]
        let counts = RequestCounts(statistics)
        #expect(counts.counts == [RequestType.userJobs.description: 3, RequestType.ping.description: 1])
    }

    @Test("what happens anyway is taken off, and what did not grow is left out")
    func since() {
        let before = RequestCounts(["a": 10, "b": 5, "c": 1])
        let after = RequestCounts(["a": 30, "b": 5, "c": 3, "d": 2])
        let idle = RequestCounts(["c": 0.2])
        #expect(after.since(before, background: idle, seconds: 10).counts == ["a": 20, "d": 2])
        #expect(after.since(before).divided(by: 2).counts == ["a": 10, "c": 1, "d": 1])
    }

    @Test("rows begin with the most frequent, and equals go by name")
    func rows() {
        #expect(RequestCounts(["b": 2, "a": 2, "c": 9, "d": 0.01]).rows(atLeast: 0.05).map(\.[0]) == ["c", "a", "b"])
    }
}
