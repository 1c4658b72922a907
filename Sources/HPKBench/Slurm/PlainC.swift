import Foundation

/// The program `hpk-bench-c`: the same calls of libslurm from C, on orders that it reads.
///
/// One order at a time: the benchmark awaits each answer before it gives the next order.
final class PlainC: Sendable {
    /// It could not do what it was told.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let process: ObservedChild

    /// Starts it.
    init(cluster: BenchCluster) throws {
        process = try ObservedChild(
            program: "\(cluster.programs)/hpk-bench-c", environment: cluster.commandEnvironment)
    }

    /// Gives an order, such as `submit 4 1000`, and waits for what it took.
    func order(_ text: String) async throws -> Measurement {
        try Self.measurement(of: try await process.exchange(text + "\n"), order: text)
    }

    func end() { process.end() }

    /// Reads an answer: `ok OPERATIONS WALL CPU ALLOCATIONS`, then each call's time; times in nanoseconds.
    static func measurement(of answer: String, order: String) throws -> Measurement {
        let words = answer.split(whereSeparator: \.isWhitespace)
        let latencies = words.dropFirst(5).compactMap { Double($0) }
        guard words.count >= 5, words[0] == "ok", latencies.count == words.count - 5, let operations = Int(words[1]),
            let wall = Double(words[2]), let cpu = Double(words[3]),
            let allocations = Int(words[4])
        else { throw Failure(description: "hpk-bench-c, told to \(order), said: \(answer.isEmpty ? "nothing" : "\(answer.prefix(200))")") }
        return Measurement(
            operations: operations, wallSeconds: wall / 1e9, cpuSeconds: cpu / 1e9, allocations: allocations,
            latencies: Distribution(latencies.map { $0 / 1e9 }))
    }
}
