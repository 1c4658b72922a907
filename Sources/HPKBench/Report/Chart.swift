/// A plot: what it shows, apart from how it is drawn (`ChartDrawing`).
public struct Chart: Sendable, Equatable {
    /// A named line of points, x ascending.
    public struct Series: Sendable, Equatable {
        /// Name in the legend.
        public var name: String
        /// x and y of each point.
        public var points: [Point]

        /// A line through points.
        public init(_ name: String, _ points: [Point]) {
            self.name = name
            self.points = points
        }
    }

    /// A place in a plot.
    public struct Point: Sendable, Equatable {
        /// To the right.
        public var x: Double
        /// Upwards.
        public var y: Double

        /// A place in a plot.
        public init(_ x: Double, _ y: Double) {
            self.x = x
            self.y = y
        }
    }

    /// A named length.
    public struct Bar: Sendable, Equatable {
        /// Its name.
        public var name: String
        /// Its length, 0 or more.
        public var value: Double

        /// A named length.
        public init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }
    }

    /// What is drawn.
    public enum Content: Sendable, Equatable {
        /// Lines over a common x axis that begins with the least x; `logarithmic` is about y.
        case lines([Series], xLabel: String, yLabel: String, logarithmic: Bool)
        /// One bar below the other.
        case bars([Bar], unit: String)
    }

    /// File name without suffix, and so unique within a report.
    public var name: String
    /// Heading.
    public var title: String
    /// See `Content`.
    public var content: Content

    /// A plot of any kind.
    public init(name: String, title: String, content: Content) {
        self.name = name
        self.title = title
        self.content = content
    }

    /// Values over time.
    public static func overTime(name: String, title: String, yLabel: String, _ series: [Series]) -> Chart {
        Chart(name: name, title: title, content: .lines(series, xLabel: "seconds", yLabel: yLabel, logarithmic: false))
    }

    /// How long something took, from the quickest to the slowest: percentiles to the right, on a scale that gives the slow tail room
    /// (each decade of nines is as wide as the one before). Distributions without samples are left out.
    public static func latencies(
        name: String, title: String, unit: String, _ distributions: [(name: String, values: Distribution)]
    ) -> Chart {
        let series = distributions.filter { !$0.values.isEmpty }.map { distribution in
            let deepest = 1 / Double(max(distribution.values.count, 10))
            let steps = 60
            let points = (0...steps).map { step -> Point in
                let nines = Double(step) / Double(steps) * -Logarithm.base10(deepest)
                return Point(nines, distribution.values.percentile(100 * (1 - Logarithm.power10(-nines))))
            }
            return Series(distribution.name, points)
        }
        return Chart(name: name, title: title, content: .lines(series, xLabel: Self.percentileLabel, yLabel: unit, logarithmic: true))
    }

    /// The x axis that counts nines; the drawing writes percentiles at its ticks.
    static let percentileLabel = "percentile"
}
