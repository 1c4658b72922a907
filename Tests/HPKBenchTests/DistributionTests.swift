import Testing

@testable import HPKBench

@Suite struct DistributionTests {
    @Test(
        "a percentile lies between the two nearest samples",
        arguments: [(0.0, 1.0), (50, 3), (75, 4), (90, 4.6), (100, 5), (-3, 1), (200, 5)])
    func percentiles(percent: Double, expected: Double) {
        #expect(abs(Distribution([5, 3, 1, 4, 2]).percentile(percent) - expected) < 1e-9)
    }

    @Test("no sample gives zero, and what is no number is no sample")
    func empty() {
        let none = Distribution([Double.nan, .infinity])
        #expect(none.isEmpty && none.median == 0 && none.maximum == 0 && none.mean == 0)
    }

    @Test("merging keeps every sample in order")
    func merging() {
        let merged = Distribution(merging: [Distribution([3, 1]), Distribution([2])])
        #expect(merged.sorted == [1, 2, 3] && merged.mean == 2)
        #expect(merged.scaled(by: 1000).maximum == 3000)
    }
}
