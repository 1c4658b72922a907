import Foundation

/// All that one benchmark found, to be shown as text, JSON or HTML.
public struct BenchmarkReport: Sendable {
    /// Name of the subcommand: `slurm`.
    public var benchmark: String
    /// What was done, in a sentence or two, for people.
    public var description: String
    /// Where and when.
    public var machine: MachineFacts
    /// Numbers, each name once.
    public var figures: [Figure] = []
    /// Tables, in the order of showing.
    public var tables: [ReportTable] = []
    /// Plots, in the order of showing.
    public var charts: [Chart] = []
    /// What a reader has to know about how the numbers came about.
    public var notes: [String] = []

    /// A report without results yet.
    public init(benchmark: String, description: String, machine: MachineFacts) {
        self.benchmark = benchmark
        self.description = description
        self.machine = machine
    }

    /// Adds a number; one of the same name is replaced.
    public mutating func add(_ figure: Figure) {
        figures.removeAll { $0.name == figure.name }
        figures.append(figure)
    }

    /// Adds a quotient if there is one.
    public mutating func add(ratio name: String, _ title: String, _ value: Double?, goal: Figure.Goal? = nil) {
        if let value { add(.ratio(name, title, value, goal: goal)) }
    }

    /// The figures as a table: what, value, goal, reached or not.
    public var figureTable: ReportTable {
        ReportTable(
            "Figures", columns: ["what", "value", "goal", "reached"],
            rows: figures.map { figure in
                [
                    "\(figure.title) (\(figure.name))", figure.text, figure.goal?.text ?? "",
                    figure.isReached.map { $0 ? "yes" : "no" } ?? "",
                ]
            })
    }

    /// For a terminal.
    public var console: String {
        let parts = ["hpk-bench \(benchmark): \(description)\n", machine.summary + "\n"] + (tables + [figureTable]).map(\.console)
        return (parts + notes.map { "note: \($0)\n" }).joined(separator: "\n")
    }

    /// For machines: one JSON object. `figures` and `ratios` map names to numbers, `goals` says for each name with a goal what it is and
    /// whether it was reached.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return try encoder.encode(Document(self))
    }

    private struct Document: Encodable {
        struct Goal: Encodable {
            var goal: String
            var reached: Bool
        }
        var benchmark: String
        var description: String
        var machine: MachineFacts
        var figures: [String: Double] = [:]
        var units: [String: String] = [:]
        var ratios: [String: Double] = [:]
        var goals: [String: Goal] = [:]
        var tables: [ReportTable]
        var notes: [String]

        init(_ report: BenchmarkReport) {
            benchmark = report.benchmark
            description = report.description
            machine = report.machine
            tables = report.tables
            notes = report.notes
            // JSON has no word for a number that is not finite: such a figure is left out, and so is missed.
            for figure in report.figures where figure.value.isFinite {
                switch figure.kind {
                case .absolute(let unit):
                    figures[figure.name] = figure.value
                    units[figure.name] = unit
                case .ratio: ratios[figure.name] = figure.value
                }
                if let goal = figure.goal { goals[figure.name] = Goal(goal: goal.text, reached: goal.isReached(by: figure.value)) }
            }
        }
    }
}
