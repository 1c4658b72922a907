import Foundation
import Glibc

/// Where and when something was measured, for whoever reads the figures later.
public struct MachineFacts: Sendable, Equatable, Encodable {
    /// Processors that are online.
    public var cores: Int
    /// `model name` of /proc/cpuinfo.
    public var processor: String
    /// RAM, in MiB.
    public var memoryMegabytes: Int
    /// The kernel's release.
    public var kernel: String
    /// The operating system, as os-release(5) names it.
    public var system: String
    /// The release of libslurm, or what the benchmark says in its place.
    public var slurm: String
    /// The commit that was built, when the benchmark runs within its repository.
    public var commit: String?
    /// Begin of the run, UTC.
    public var date: Date
    /// Load average over a minute before and after the run.
    public var loadBefore: Double
    /// See `loadBefore`.
    public var loadAfter: Double?

    /// What this machine says now.
    public static func now(slurm: String, commit: String?) -> MachineFacts {
        var name = utsname()
        uname(&name)
        let kernel = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return MachineFacts(
            cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)), processor: field("model name", in: "/proc/cpuinfo", separator: ":") ?? "unknown",
            memoryMegabytes: sysconf(Int32(_SC_PHYS_PAGES)) / 1024 * sysconf(Int32(_SC_PAGESIZE)) / 1024, kernel: kernel,
            system: field("PRETTY_NAME", in: "/etc/os-release", separator: "=") ?? "unknown", slurm: slurm, commit: commit, date: Date(),
            loadBefore: load())
    }

    /// The load average over the last minute; 0 when it cannot be read.
    public static func load() -> Double {
        var averages = [Double](repeating: 0, count: 1)
        return getloadavg(&averages, 1) == 1 ? averages[0] : 0
    }

    static func field(_ name: String, in file: String, separator: Character) -> String? {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
        return value(of: name, in: text, separator: separator)
    }

    static func value(of name: String, in text: String, separator: Character) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: separator, maxSplits: 1)
            guard parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == name else { continue }
            return parts[1].trimmingCharacters(in: CharacterSet(charactersIn: "\" \t"))
        }
        return nil
    }

    /// One line for people.
    public var summary: String {
        let after = loadAfter.map { String(format: "%.2f", $0) } ?? "?"
        return "\(cores) × \(processor), \(memoryMegabytes / 1024) GiB, \(system), Linux \(kernel), Slurm \(slurm), "
            + "commit \(commit ?? "unknown"), \(date.formatted(.iso8601)), load \(String(format: "%.2f", loadBefore)) before, \(after) after"
    }
}
