/// A report as one HTML file: no script, nothing loaded from anywhere.
struct HTMLPage {
    let report: BenchmarkReport

    private static let style = """
        :root{color-scheme:light dark;--page:#f9f9f7;--text:#0b0b0b;--soft:#52514e;--line:#e1e0d9;--good:#006300;--bad:#b3261e}
        @media(prefers-color-scheme:dark){:root{--page:#0d0d0d;--text:#fff;--soft:#c3c2b7;--line:#2c2c2a;--good:#0ca30c;--bad:#f0766e}}
        body{margin:0 auto;max-width:60rem;padding:2rem 1rem;background:var(--page);color:var(--text);font:15px/1.5 system-ui,sans-serif}
        p,li{color:var(--soft)}.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%}
        th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:right}th:first-child,td:first-child{text-align:left}
        th{color:var(--soft);font-weight:600}.yes{color:var(--good)}.no{color:var(--bad)}.chart{width:100%;height:auto;margin:.7rem 0}
        """

    /// The whole file.
    var text: String {
        let title = "hpk-bench \(ChartDrawing.escape(report.benchmark))"
        var body = "<h1>\(title)</h1><p>\(ChartDrawing.escape(report.description))</p>"
        body += "<p>\(ChartDrawing.escape(report.machine.summary))</p>"
        body += table(report.figureTable) + report.charts.map { ChartDrawing(chart: $0).element }.joined()
        body += report.tables.map(table).joined()
        if !report.notes.isEmpty {
            body += "<h2>Notes</h2><ul>" + report.notes.map { "<li>\(ChartDrawing.escape($0))</li>" }.joined() + "</ul>"
        }
        return "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
            + "<title>\(title)</title><style>\(Self.style)\(ChartDrawing.style)</style></head><body>\(body)</body></html>\n"
    }

    private func table(_ table: ReportTable) -> String {
        let head = table.columns.map { "<th>\(ChartDrawing.escape($0))</th>" }.joined()
        let rows = table.rows.map { "<tr>\($0.map(cell).joined())</tr>" }.joined()
        return "<h2>\(ChartDrawing.escape(table.title))</h2>"
            + "<div class=\"wide\"><table><thead><tr>\(head)</tr></thead><tbody>\(rows)</tbody></table></div>"
    }

    private func cell(_ text: String) -> String {
        let mark = ["yes", "no"].contains(text) ? " class=\"\(text)\"" : ""
        return "<td\(mark)>\(ChartDrawing.escape(text))</td>"
    }
}

extension BenchmarkReport {
    /// For a browser: one file.
    public var html: String { HTMLPage(report: self).text }
}

extension Chart {
    /// The plot as an SVG file.
    public var svg: String { ChartDrawing(chart: self).document }
}
