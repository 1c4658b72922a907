import Slurm
import Testing

@testable import HPKBench

@Suite("The scale benchmark")
struct ScaleResultsTests {
    @Test("Requests beyond one for each batch are counted, and none for the statistics themselves")
    func requests() {
        var before = SlurmStatistics(time: .distantPast, resetTime: .distantPast)
        var after = before
        before.requestsByType = [.submit: .init(count: 5)]
        after.requestsByType = [
            .submit: .init(count: 9), .killMany: .init(count: 2), .userJobs: .init(count: 6), .statistics: .init(count: 50),
        ]
        let requests = ScaleResults.Requests(before, after, seconds: 3)
        #expect(requests.batches == 6)
        #expect(requests.otherPerSecond == 2)
    }

    @Test(
        "A supervisor says the job that its pod has",
        arguments: [("12", UInt32(12), nil, nil), ("12_3", 12, UInt32(12), UInt32(3))] as [(String, UInt32, UInt32?, UInt32?)])
    func start(job: String, number: UInt32, array: UInt32?, task: UInt32?) {
        let start = ScaleBenchmark.start(job: job)
        #expect((start.jobID, start.arrayJobID, start.arrayTaskID) == (number, array, task))
    }
}
