import Foundation
import Testing

@testable import HPKBench

@Suite struct ReportTests {
    private static func report() -> BenchmarkReport {
        var report = BenchmarkReport(benchmark: "slurm", description: "a < b & \"c\"", machine: .now(slurm: "22.05.8", commit: "abc"))
        report.add(ratio: "submit_vs_c_1", "submit", 0.97, goal: .atLeast(0.95))
        report.add(.figure("rss_mb", "memory", 210, unit: "MB", goal: .atMost(200)))
        report.add(.figure("broken", "no number", .nan, unit: "s", goal: .atMost(1)))
        report.tables = [ReportTable("T", columns: ["what", "n"], rows: [["x", "1000"], ["longer", "2"]])]
        report.charts = [
            .latencies(name: "latency", title: "how <long>", unit: "ms", [("ours", Distribution((1...100).map(Double.init)))]),
            .overTime(name: "time", title: "pods", yLabel: "pods", [.init("running", [.init(0, 0), .init(1, 5)])]),
            Chart(name: "bars", title: "cost", content: .bars([.init("a", 1), .init("b", 0)], unit: "ms")),
        ]
        return report
    }

    @Test("the JSON names figures, ratios and goals")
    func json() throws {
        let object = try #require(try JSONSerialization.jsonObject(with: Self.report().json()) as? [String: Any])
        #expect(object["ratios"] as? [String: Double] == ["submit_vs_c_1": 0.97])
        #expect(object["figures"] as? [String: Double] == ["rss_mb": 210])
        let goals = try #require(object["goals"] as? [String: [String: Any]])
        #expect(goals["submit_vs_c_1"]?["reached"] as? Bool == true)
        #expect(goals["rss_mb"]?["reached"] as? Bool == false)
        #expect(goals["rss_mb"]?["goal"] as? String == "≤ 200")
        #expect(goals["broken"] == nil)
    }

    @Test("a figure that is measured again replaces the old one")
    func replaced() {
        var report = Self.report()
        report.add(.figure("rss_mb", "memory", 190, unit: "MB", goal: .atMost(200)))
        #expect(report.figures.filter { $0.name == "rss_mb" }.map(\.isReached) == [true])
    }

    @Test("the page loads nothing, escapes text and is well-formed")
    func html() throws {
        let html = Self.report().html
        #expect(html.contains("a &lt; b &amp; &quot;c&quot;") && html.contains("how &lt;long&gt;"))
        #expect(!html.contains("<script") && !html.contains("src=") && !html.contains("url("))
        #expect(html.split(separator: "<svg").count == 4 && html.contains("prefers-color-scheme:dark"))
        for tag in ["svg", "table", "div", "ul", "style", "body"] {
            #expect(html.ranges(of: "<\(tag)>").count + html.ranges(of: "<\(tag) ").count == html.ranges(of: "</\(tag)>").count, "\(tag)")
        }
    }

    @Test("no plot is drawn with something that is no number, even without samples")
    func charts() {
        let empty = Chart.latencies(name: "l", title: "t", unit: "ms", [("ours", Distribution([]))])
        let flat = Chart.overTime(name: "f", title: "t", yLabel: "y", [.init("s", [.init(0, 3)])])
        for chart in Self.report().charts + [empty, flat] {
            #expect(!chart.svg.contains("nan") && !chart.svg.contains("inf"), "\(chart.name)")
        }
    }

    @Test("columns of a table are as wide as their widest cell")
    func console() {
        #expect(Self.report().tables[0].console == "T\n  what       n\n  x       1000\n  longer     2\n")
    }

    @Test(
        "numbers have three digits that count",
        arguments: [
            (0.0, "0"), (1043.4, "1043"), (17.349, "17.3"), (0.00091249, "0.000912"), (2, "2"), (0.95, "0.95"), (-1.5, "-1.5"), (.nan, "–"),
            (100, "100"), (10, "10"),
        ] as [(Double, String)])
    func numbers(value: Double, text: String) {
        #expect(Number.text(value) == text)
    }

    @Test(
        "ticks are round numbers that span the values",
        arguments: [([0.0, 7], [0.0, 2, 4, 6, 8]), ([0, 100], [0, 20, 40, 60, 80, 100]), ([], [0, 0.2, 0.4, 0.6, 0.8, 1])])
    func ticks(values: [Double], expected: [Double]) {
        let axis = Axis(values)
        #expect(axis.ticks.count == expected.count && zip(axis.ticks, expected).allSatisfy { abs($0 - $1) < 1e-9 }, "\(axis.ticks)")
        #expect(axis.place(-1) == 0 && axis.place(1e9) == 1)
    }

    @Test("a logarithmic axis has whole decades")
    func decades() {
        let axis = Axis([0.3, 40], logarithmic: true)
        #expect(axis.low == -1 && axis.high == 2 && axis.place(1) > 0.33 && axis.place(1) < 0.34 && axis.place(0) == 0)
    }
}
