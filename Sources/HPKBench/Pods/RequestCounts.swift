import Slurm

/// Requests by what they were about, as a server counted them: API requests by verb and resource, Slurm's RPCs by message type.
public struct RequestCounts: Sendable, Equatable {
    /// Number of requests by kind.
    public var counts: [String: Double]

    public init(_ counts: [String: Double] = [:]) {
        self.counts = counts
    }

    /// All together.
    public var total: Double { counts.values.reduce(0, +) }

    /// What was added since `earlier`, less what comes by itself.
    ///
    /// - Parameters:
    ///   - background: requests per second while nothing happens.
    ///   - seconds: time since `earlier`.
    public func since(_ earlier: RequestCounts, background: RequestCounts = RequestCounts(), seconds: Double = 0) -> RequestCounts {
        var result: [String: Double] = [:]
        for (kind, count) in counts {
            let own = count - (earlier.counts[kind] ?? 0) - (background.counts[kind] ?? 0) * seconds
            if own > 0.5 { result[kind] = own }
        }
        return RequestCounts(result)
    }

    /// Every count divided.
    public func divided(by divisor: Double) -> RequestCounts { RequestCounts(counts.mapValues { $0 / divisor }) }

    /// Kinds and counts, the most frequent first.
    public func rows(atLeast least: Double = 0) -> [[String]] {
        counts.filter { $0.value >= least }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { [$0.key, Number.text($0.value)] }
    }

    /// The counters `apiserver_request_total` of an API server's metrics (Prometheus' text format), summed over answer codes. Watches are
    /// left out: they are counted when they end.
    public init(apiServerMetrics text: String) {
        counts = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("apiserver_request_total{") {
            guard let end = line.lastIndex(of: "}"), let value = Double(line[line.index(after: end)...].drop { $0 == " " })
            else { continue }
            var labels: [Substring: Substring] = [:]
            for pair in line[..<end].dropFirst("apiserver_request_total{".count).split(separator: ",") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if parts.count == 2 { labels[parts[0]] = parts[1].drop { $0 == "\"" }.prefix { $0 != "\"" } }
            }
            guard let verb = labels["verb"], verb != "WATCH", let resource = labels["resource"], !resource.isEmpty else { continue }
            let subresource = labels["subresource"].flatMap { $0.isEmpty ? nil : "/\($0)" } ?? ""
            counts["\(verb) \(resource)\(subresource)", default: 0] += value
        }
    }

    /// Slurm's own counters, by message type.
    public init(_ statistics: SlurmStatistics) {
        counts = Dictionary(
            statistics.requestsByType.map { ($0.key.description, Double($0.value.count)) }, uniquingKeysWith: { $0 + $1 })
    }
}
