import Foundation

/// Draws a chart as one SVG element that needs nothing from outside and follows the reader's light or dark setting.
struct ChartDrawing {
    let chart: Chart

    private static let width = 720.0
    private static let left = 64.0
    private static let right = 20.0
    private static let top = 48.0

    /// Colours of the series, light and dark, in their fixed order: tellable apart also by the colour-blind.
    private static let palette: [(light: String, dark: String)] = [
        ("#2a78d6", "#3987e5"), ("#d95926", "#eb6834"), ("#008b6b", "#1baf7a"), ("#9085e9", "#9085e9"), ("#b8860b", "#c98500"),
        ("#d55181", "#d55181"),
    ]

    /// The colours as CSS; classes `s0`, `s1`… stroke, `f0`, `f1`… fill.
    static var style: String {
        func rules(_ colours: [String]) -> String {
            colours.enumerated().map { ".s\($0){stroke:\($1)}.f\($0){fill:\($1)}" }.joined()
        }
        return ".chart{font:12px system-ui,sans-serif}.chart text{fill:#52514e}.chart .title{font-size:15px;font-weight:600;fill:#0b0b0b}"
            + ".grid{stroke:#e1e0d9}.line{fill:none;stroke-width:2;stroke-linejoin:round}.back{fill:#fcfcfb}" + rules(palette.map(\.light))
            + "@media(prefers-color-scheme:dark){.chart text{fill:#c3c2b7}.chart .title{fill:#fff}.grid{stroke:#2c2c2a}.back{fill:#1a1a19}"
            + rules(palette.map(\.dark)) + "}"
    }

    /// The chart as an SVG document of its own.
    var document: String { svg(style: "<style>\(Self.style)</style>") }

    /// The chart as an element within a page that has `style` already.
    var element: String { svg(style: "") }

    private func svg(style: String) -> String {
        let (height, body): (Double, String)
        switch chart.content {
        case .lines(let series, let xLabel, let yLabel, let logarithmic):
            (height, body) = lines(series, xLabel, yLabel, logarithmic)
        case .bars(let bars, let unit): (height, body) = self.bars(bars, unit)
        }
        let size = "\(Self.n(Self.width)) \(Self.n(height))"
        return "<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(size)\" role=\"img\" "
            + "aria-label=\"\(Self.escape(chart.title))\">" + style + "<rect class=\"back\" width=\"100%\" height=\"100%\" rx=\"6\"/>"
            + Self.text(16, 26, chart.title, "title") + body + "</svg>\n"
    }

    private func lines(_ series: [Chart.Series], _ xLabel: String, _ yLabel: String, _ logarithmic: Bool) -> (Double, String) {
        let height = 340.0
        let legend = 20.0
        let (x0, y0) = (Self.left, height - 44)
        let (w, h) = (Self.width - Self.left - Self.right, height - 44 - Self.top - legend)
        let points = series.flatMap(\.points)
        let xs = Axis(points.map(\.x), fromZero: false)
        let ys = Axis(points.map(\.y), logarithmic: logarithmic)
        var body = ""
        for tick in ys.ticks {
            let y = y0 - ys.place(tick) * h
            body += "<line class=\"grid\" x1=\"\(Self.n(x0))\" x2=\"\(Self.n(x0 + w))\" y1=\"\(Self.n(y))\" y2=\"\(Self.n(y))\"/>"
            body += Self.text(x0 - 8, y + 4, Number.text(tick), anchor: "end")
        }
        for (value, label) in xTicks(xs, xLabel) {
            body += Self.text(x0 + xs.place(value) * w, y0 + 18, label, anchor: "middle")
        }
        body += Self.text(x0 + w, y0 + 36, xLabel, anchor: "end") + Self.text(16, Self.top + 2, yLabel)
        for (index, line) in series.enumerated() {
            let places = line.points.map { "\(Self.n(x0 + xs.place($0.x) * w)),\(Self.n(y0 - ys.place($0.y) * h))" }
            body += "<polyline class=\"line s\(index % Self.palette.count)\" points=\"\(places.joined(separator: " "))\"/>"
        }
        return (height, body + Self.legend(series.map(\.name), x: Self.left + 60, y: Self.top + 2))
    }

    private func xTicks(_ axis: Axis, _ label: String) -> [(Double, String)] {
        guard label == Chart.percentileLabel else { return axis.ticks.map { ($0, Number.text($0)) } }
        // x counts nines: 50 is at 0.3, 90 at 1, 99 at 2.
        let percents: [(Double, String)] = [
            (0, "0"), (0.30103, "50"), (1, "90"), (2, "99"), (3, "99.9"), (4, "99.99"), (5, "99.999"),
        ]
        return percents.filter { $0.0 <= axis.high }
    }

    private func bars(_ bars: [Chart.Bar], _ unit: String) -> (Double, String) {
        let row = 26.0
        let x0 = 24 + 6.6 * Double(bars.map(\.name.count).max() ?? 0)
        let axis = Axis(bars.map(\.value))
        let room = Self.width - x0 - 110
        var body = ""
        for (index, bar) in bars.enumerated() {
            let y = Self.top + Double(index) * row
            let length = max(1, axis.place(bar.value) * room)
            body += Self.text(x0 - 8, y + 13, bar.name, anchor: "end")
            body += "<rect class=\"f0\" x=\"\(Self.n(x0))\" y=\"\(Self.n(y))\" width=\"\(Self.n(length))\" height=\"18\" rx=\"3\"/>"
            body += Self.text(x0 + length + 6, y + 13, "\(Number.text(bar.value)) \(unit)")
        }
        return (Self.top + Double(bars.count) * row + 12, body)
    }

    private static func legend(_ names: [String], x: Double, y: Double) -> String {
        var at = x
        var body = ""
        for (index, name) in names.enumerated() {
            body += "<rect class=\"f\(index % palette.count)\" x=\"\(n(at))\" y=\"\(n(y - 9))\" width=\"10\" height=\"10\" rx=\"2\"/>"
            body += text(at + 15, y, name)
            at += 15 + 7 * Double(name.count) + 18
        }
        return body
    }

    private static func text(_ x: Double, _ y: Double, _ text: String, _ style: String = "", anchor: String = "start") -> String {
        let named = style.isEmpty ? "" : " class=\"\(style)\""
        return "<text\(named) x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor)\">\(escape(text))</text>"
    }

    private static func n(_ value: Double) -> String { String(format: "%.1f", value) }

    /// Text as it may stand in markup and in quoted attributes.
    static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}
