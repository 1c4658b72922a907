/// A table of text: the first column names the rows, the others hold numbers.
public struct ReportTable: Sendable, Equatable, Encodable {
    /// Heading.
    public var title: String
    /// Headings of the columns.
    public var columns: [String]
    /// Cells, one for each column.
    public var rows: [[String]]

    /// A table; `rows` may be added later.
    public init(_ title: String, columns: [String], rows: [[String]] = []) {
        self.title = title
        self.columns = columns
        self.rows = rows
    }

    /// The table in columns of one width each, the first one flush left.
    public var console: String {
        let lines = [columns] + rows
        let widths = columns.indices.map { column in lines.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        let body = lines.map { line in
            line.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: max(0, (column < widths.count ? widths[column] : 0) - cell.count))
                return column == 0 ? cell + padding : padding + cell
            }.joined(separator: "  ")
        }
        return ([title] + body.map { "  " + $0 }).joined(separator: "\n") + "\n"
    }
}
