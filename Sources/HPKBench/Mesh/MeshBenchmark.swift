import Foundation
import Mesh

/// The mesh between network namespaces that stand for hosts, beside the ways out that pods have otherwise, and beside the bare link.
///
/// Needs root, and no cluster: hosts are namespaces on a bridge at the MTU of an Ethernet.
public struct MeshBenchmark: Sendable {
    /// How much is done.
    public struct Settings: Sendable {
        /// Rounds; each contender is measured once a round.
        public var rounds = 5
        /// Seconds of one TCP stream.
        public var seconds = 3
        /// Messages that go there and back for a round-trip time.
        public var messages = 3000

        public init() {}
    }

    /// The contenders.
    enum Contender: String {
        case mesh = "mesh"
        case plain = "mesh without encryption"
        case link = "bare link"
        case pasta = "pasta"
        case slirp = "slirp4netns"
        case loopback = "mesh, one host"
    }

    let settings: Settings
    let say: @Sendable (String) -> Void

    /// - Parameter say: takes a line for people on what goes on.
    public init(settings: Settings, say: @escaping @Sendable (String) -> Void) {
        self.settings = settings
        self.say = say
    }

    /// Measures everything, and leaves no namespace behind.
    public func run(_ report: inout BenchmarkReport) async throws {
        for program in ["/usr/bin/iperf3", "/usr/bin/slirp4netns", "/usr/bin/pasta", "/usr/bin/python3"] where access(program, X_OK) != 0 {
            throw NetworkNamespace.Failed(description: "\(program) is not installed: run cluster/install-bench")
        }
        let sites = try MeshSites()
        defer { sites.end() }
        let settings = settings
        say("one TCP stream of \(settings.seconds) s each, \(settings.rounds) rounds")
        let streams = try await InterleavedRounds(
            rounds: settings.rounds, warmsUp: false,
            sites.streams.map { contender, from, to, address in
                InterleavedRounds.Contender(contender.rawValue) { _ in
                    let bytes = try Self.stream(from: from, to: to, address: address, seconds: settings.seconds)
                    return Measurement(operations: Int(bytes), wallSeconds: Double(settings.seconds))
                }
            }
        ).run { round, contender in say("round \(round): \(contender)") }
        say("round trips")
        let trips = try await InterleavedRounds(
            rounds: settings.rounds, warmsUp: false,
            [(Contender.mesh, sites.meshed), (.link, sites.bare)].map { contender, pair in
                InterleavedRounds.Contender(contender.rawValue) { _ in
                    let seconds = try Self.roundTrips(from: pair.from, to: pair.to, address: pair.address, count: settings.messages)
                    return Measurement(operations: seconds.count, wallSeconds: seconds.reduce(0, +), latencies: Distribution(seconds))
                }
            }
        ).run()
        let rest = try sites.rest()
        fill(&report, streams, trips, rest)
    }

    private func fill(_ report: inout BenchmarkReport, _ streams: RoundResults, _ trips: RoundResults, _ wakes: Double) {
        func ratio(_ other: Contender) -> Double? { streams.ratio(Contender.mesh.rawValue, to: other.rawValue, \.rate) }
        report.add(
            ratio: "tcp_1500_vs_slirp", "one TCP stream at MTU 1500, encrypted, against slirp4netns", ratio(.slirp), goal: .atLeast(5))
        report.add(ratio: "tcp_1500_vs_pasta", "against pasta", ratio(.pasta), goal: .atLeast(2))
        report.add(ratio: "tcp_1500_vs_plain", "against the same without encryption", ratio(.plain), goal: .atLeast(0.6))
        report.add(ratio: "tcp_1500_vs_link", "against the bare link", ratio(.link))
        func gigabits(_ contender: Contender) -> Double { (streams.median(contender.rawValue, \.rate) ?? 0) * 8 / 1e9 }
        report.add(
            .figure("tcp_loopback_gbit", "one TCP stream, two pods of one host", gigabits(.loopback), unit: "Gbit/s", goal: .atLeast(8.7)))
        report.add(.figure("tcp_1500_gbit", "one TCP stream at MTU 1500", gigabits(.mesh), unit: "Gbit/s"))
        let (mesh, link) = (trips.latencies(Contender.mesh.rawValue), trips.latencies(Contender.link.rawValue))
        report.add(
            .figure(
                "rtt_added_ms", "round trip added to the link's own, median", (mesh.median - link.median) * 1000, unit: "ms",
                goal: .atMost(0.1)))
        report.add(.figure("idle_wakes_per_s", "wake-ups of a leg at rest", wakes, unit: "per s", goal: .atMost(0)))
        var table = ReportTable("One TCP stream", columns: ["by", "Gbit/s, median", "least", "most"])
        for name in streams.names {
            let rates = Distribution(streams[name].map { $0.rate * 8 / 1e9 })
            table.rows.append([name, Number.text(rates.median), Number.text(rates.minimum), Number.text(rates.maximum)])
        }
        var delays = ReportTable("Round trips of a small message", columns: ["by", "p50 ms", "p90 ms", "p99 ms"])
        for name in trips.names {
            let times = trips.latencies(name).scaled(by: 1000)
            delays.rows.append([name] + [50, 90, 99].map { Number.text(times.percentile($0)) })
        }
        report.tables += [table, delays]
        report.charts.append(
            Chart(
                name: "mesh-streams", title: "One TCP stream, median of the rounds",
                content: .bars(
                    streams.names.map { .init($0, (streams.median($0, \.rate) ?? 0) * 8 / 1e9) }, unit: "Gbit/s")))
        report.notes.append(
            "Hosts are network namespaces on a bridge at MTU 1500; both ends of everything share this machine's processors. slirp4netns and "
                + "pasta carry a pod's stream to another host, as they have no way between pods.")
    }

    /// The bytes that one TCP stream brought over.
    private static func stream(from: NetworkNamespace, to: NetworkNamespace, address: String, seconds: Int) throws -> Double {
        struct Result: Decodable {
            struct End: Decodable {
                struct Sum: Decodable { var bytes: Double }
                var sum_received: Sum
            }
            var end: End
        }
        let (server, said) = try to.start(["/usr/bin/iperf3", "-s", "-1", "--forceflush"])
        // It says where it listens.
        _ = said.fileHandleForReading.availableData
        defer { NetworkNamespace.end(server) }
        let text = try from.run(["/usr/bin/iperf3", "-c", address, "-t", "\(seconds)", "-J"])
        return try JSONDecoder().decode(Result.self, from: Data(text.utf8)).end.sum_received.bytes
    }

    private static let echo = """
        import socket
        s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('',7001)); print('up',flush=True)
        while True:
            b,a=s.recvfrom(2048); s.sendto(b,a)
        """
    private static let caller = """
        import socket,sys,time
        s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.settimeout(2); s.connect((sys.argv[1],7001)); t=[]
        for n in range(int(sys.argv[2])+200):
            b=time.perf_counter(); s.send(b'x'*64); s.recv(2048); t.append(time.perf_counter()-b)
        print(*t[200:])
        """

    /// Seconds that each message took there and back.
    private static func roundTrips(from: NetworkNamespace, to: NetworkNamespace, address: String, count: Int) throws -> [Double] {
        let (answerer, said) = try to.start(["/usr/bin/python3", "-c", echo])
        _ = said.fileHandleForReading.availableData
        defer { NetworkNamespace.end(answerer) }
        return try from.run(["/usr/bin/python3", "-c", caller, address, "\(count)"]).split(separator: " ").compactMap {
            Double($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }
}
